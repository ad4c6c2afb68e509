/* SPDX-License-Identifier: Apache-2.0 */

/* struct mrpc_tls: made from options once, its context replaced by reload, its ticket by each handshake. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mrpc/error.h>

#include "tls/context.h"

static bool copy_text(char **out, const char *text)
{
    if (text == NULL)
        return true;
    *out = strdup(text);
    return *out != NULL;
}

/* @given may be shorter than ours (an older program). */
static struct mrpc_tls_options whole(const struct mrpc_tls_options *given)
{
    struct mrpc_tls_options options = {0};
    memcpy(&options, given, given->struct_bytes < sizeof(options) ? given->struct_bytes : sizeof(options));
    return options;
}

static bool copy_options(struct mrpc_tls *tls, const struct mrpc_tls_options *options)
{
    tls->require_client_certificate = options->require_client_certificate;
    return copy_text(&tls->certificate_file, options->certificate_file) &&
           copy_text(&tls->key_file, options->key_file) && copy_text(&tls->ca_file, options->ca_file) &&
           copy_text(&tls->server_name, options->server_name) &&
           copy_text(&tls->crl_file, options->crl_file);
}

static struct tls_file_state file_state(const char *path)
{
    struct stat found;
    if (path == NULL || stat(path, &found) != 0)
        return (struct tls_file_state){0};
    return (struct tls_file_state){
        .device = found.st_dev,
        .inode = found.st_ino,
        .size_bytes = (uint64_t)found.st_size,
        .changed_ns = (int64_t)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec,
    };
}

/* The files of this moment. */
static void read_states(const struct mrpc_tls *tls, struct tls_file_state *states)
{
    const char *const paths[TLS_FILES] = {tls->certificate_file, tls->key_file, tls->ca_file, tls->crl_file};
    for (size_t i = 0; i < TLS_FILES; i++)
        states[i] = file_state(paths[i]);
}

static int tls_new(const struct mrpc_tls_options *options, bool server, struct mrpc_tls **out, char *why,
                   size_t why_bytes)
{
    struct mrpc_tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return MRPC_ERR_NOMEM;
    pthread_mutex_init(&tls->lock, NULL);
    tls->head.operations = &mrpc_tls_openssl;
    tls->server = server;
    tls->socket_method = mrpc_tls_socket_method_new();
    if (tls->socket_method == NULL || !copy_options(tls, options)) {
        mrpc_tls_free(tls);
        return MRPC_ERR_NOMEM;
    }
    read_states(tls, tls->files);
    tls->context = mrpc_tls_context_load(tls, why, why_bytes);
    if (tls->context == NULL) {
        mrpc_tls_free(tls);
        return MRPC_ERR_TLS;
    }
    *out = tls;
    return 0;
}

static int refuse(char *why, size_t why_bytes, const char *text)
{
    if (why != NULL && why_bytes > 0)
        (void)snprintf(why, why_bytes, "%s", text);
    return MRPC_ERR_TLS;
}

int mrpc_tls_server_new(const struct mrpc_tls_options *given, struct mrpc_tls **out, char *why, size_t why_bytes)
{
    struct mrpc_tls_options options = whole(given);
    if (options.certificate_file == NULL)
        return refuse(why, why_bytes, "a server needs a certificate file");
    if (options.require_client_certificate && options.ca_file == NULL)
        return refuse(why, why_bytes, "client certificates are required but no CA file says whom to trust");
    if (options.crl_file != NULL && options.ca_file == NULL)
        return refuse(why, why_bytes, "a list of revoked certificates needs the CA file that it belongs to");
    return tls_new(&options, true, out, why, why_bytes);
}

int mrpc_tls_client_new(const struct mrpc_tls_options *given, struct mrpc_tls **out, char *why, size_t why_bytes)
{
    struct mrpc_tls_options options = whole(given);
    return tls_new(&options, false, out, why, why_bytes);
}

int mrpc_tls_reload(struct mrpc_tls *tls, char *why, size_t why_bytes)
{
    struct tls_file_state states[TLS_FILES];
    read_states(tls, states);   /* first: what is written meanwhile is read the next time */
    SSL_CTX *fresh = mrpc_tls_context_load(tls, why, why_bytes);
    if (fresh == NULL)
        return MRPC_ERR_TLS;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = fresh;
    memcpy(tls->files, states, sizeof(states));
    SSL_SESSION *ticket = tls->resumable;
    tls->resumable = NULL;
    pthread_mutex_unlock(&tls->lock);
    SSL_SESSION_free(ticket);
    SSL_CTX_free(old);
    return 0;
}

int mrpc_tls_reload_changed(struct mrpc_tls *tls, char *why, size_t why_bytes)
{
    struct tls_file_state states[TLS_FILES];
    read_states(tls, states);
    pthread_mutex_lock(&tls->lock);
    bool same = memcmp(states, tls->files, sizeof(states)) == 0;
    pthread_mutex_unlock(&tls->lock);
    if (same)
        return 0;
    int error = mrpc_tls_reload(tls, why, why_bytes);
    return error == 0 ? 1 : error;
}

int64_t mrpc_tls_expires_at_s(struct mrpc_tls *tls)
{
    struct tm end;
    int64_t at_s = INT64_MAX;
    pthread_mutex_lock(&tls->lock);
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    if (certificate != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        at_s = timegm(&end);
    pthread_mutex_unlock(&tls->lock);
    return at_s;
}

void mrpc_tls_keep_session(struct mrpc_tls *tls, SSL_SESSION *session, const char *name)
{
    char *copy = strdup(name);
    if (copy == NULL) {
        SSL_SESSION_free(session);
        return;
    }
    pthread_mutex_lock(&tls->lock);
    SSL_SESSION *old = tls->resumable;
    char *old_name = tls->resumable_name;
    tls->resumable = session;
    tls->resumable_name = copy;
    pthread_mutex_unlock(&tls->lock);
    SSL_SESSION_free(old);
    free(old_name);
}

void mrpc_tls_free(struct mrpc_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_SESSION_free(tls->resumable);
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->socket_method);
    pthread_mutex_destroy(&tls->lock);
    free(tls->certificate_file);
    free(tls->key_file);
    free(tls->ca_file);
    free(tls->server_name);
    free(tls->crl_file);
    free(tls->resumable_name);
    free(tls);
}

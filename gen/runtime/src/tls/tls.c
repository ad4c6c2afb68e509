/* SPDX-License-Identifier: Apache-2.0 */

/* struct mrpc_tls: made from options once, its context replaced by reload. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#include "tls/context.h"

static bool copy_text(char **out, const char *text)
{
    if (text == NULL)
        return true;
    *out = strdup(text);
    return *out != NULL;
}

static bool copy_options(struct mrpc_tls *tls, const struct mrpc_tls_options *options)
{
    tls->require_client_certificate = options->require_client_certificate;
    return copy_text(&tls->certificate_file, options->certificate_file) &&
           copy_text(&tls->key_file, options->key_file) && copy_text(&tls->ca_file, options->ca_file) &&
           copy_text(&tls->server_name, options->server_name);
}

static int tls_new(const struct mrpc_tls_options *options, bool server, struct mrpc_tls **out, char *why,
                   size_t why_bytes)
{
    struct mrpc_tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return MRPC_ERR_NOMEM;
    pthread_mutex_init(&tls->lock, NULL);
    tls->server = server;
    tls->socket_method = mrpc_tls_socket_method_new();
    if (tls->socket_method == NULL || !copy_options(tls, options)) {
        mrpc_tls_free(tls);
        return MRPC_ERR_NOMEM;
    }
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

int mrpc_tls_server_new(const struct mrpc_tls_options *options, struct mrpc_tls **out, char *why, size_t why_bytes)
{
    if (options->certificate_file == NULL)
        return refuse(why, why_bytes, "a server needs a certificate file");
    if (options->require_client_certificate && options->ca_file == NULL)
        return refuse(why, why_bytes, "client certificates are required but no CA file says whom to trust");
    return tls_new(options, true, out, why, why_bytes);
}

int mrpc_tls_client_new(const struct mrpc_tls_options *options, struct mrpc_tls **out, char *why, size_t why_bytes)
{
    return tls_new(options, false, out, why, why_bytes);
}

int mrpc_tls_reload(struct mrpc_tls *tls, char *why, size_t why_bytes)
{
    SSL_CTX *fresh = mrpc_tls_context_load(tls, why, why_bytes);
    if (fresh == NULL)
        return MRPC_ERR_TLS;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = fresh;
    SSL_SESSION *ticket = tls->resumable;
    tls->resumable = NULL;
    pthread_mutex_unlock(&tls->lock);
    SSL_SESSION_free(ticket);
    SSL_CTX_free(old);
    return 0;
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
    free(tls);
}

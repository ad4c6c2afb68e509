/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/stream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <mrpc/error.h>

#include "tls/context.h"

/* Key updates (TLS 1.3) that a peer may send, and one more for each MiB. Each costs us a derivation and it nothing, and
 * OpenSSL takes any number of them without returning. */
#define KEY_UPDATES_MAX 32
#define BYTES_PER_KEY_UPDATE (1u << 20)

struct mrpc_tls_stream {
    struct tls_head head;
    SSL *ssl;
    struct mrpc_tls *tls;       /* borrowed, for new tickets */
    char *server_name;          /* client: whom it has asked for */
    struct tls_socket socket;
    bool server;
    bool http1_allowed;
    unsigned key_updates;
    uint64_t read_bytes;
    char why[120];
};

void mrpc_tls_stream_message(int written, int version, int content_type, const void *bytes, size_t size, SSL *ssl,
                             void *arg)
{
    struct mrpc_tls_stream *stream = SSL_get_app_data(ssl);
    if (written || content_type != SSL3_RT_HANDSHAKE || size == 0 || *(const uint8_t *)bytes != SSL3_MT_KEY_UPDATE)
        return;
    if (++stream->key_updates > KEY_UPDATES_MAX + stream->read_bytes / BYTES_PER_KEY_UPDATE)
        stream->socket.cut = true;
}

/* A ticket has come: the next connection to that server begins with it. */
int mrpc_tls_stream_session(SSL *ssl, SSL_SESSION *session)
{
    struct mrpc_tls_stream *stream = SSL_get_app_data(ssl);
    mrpc_tls_keep_session(stream->tls, session, stream->server_name);
    return 1;
}

/* A certificate names either hosts or addresses; a target that is an address must match an IP entry. */
static bool expect_name(SSL *ssl, const char *name)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

static bool prepare_client(struct mrpc_tls_stream *stream, const char *server_name)
{
    struct mrpc_tls *tls = stream->tls;
    SSL_set_connect_state(stream->ssl);
    const char *name = tls->server_name != NULL ? tls->server_name : server_name;
    stream->server_name = name != NULL ? strdup(name) : NULL;
    if (stream->server_name == NULL)
        return false;
    pthread_mutex_lock(&tls->lock);
    if (tls->resumable != NULL && strcmp(tls->resumable_name, name) == 0)
        SSL_set_session(stream->ssl, tls->resumable);
    pthread_mutex_unlock(&tls->lock);
    return expect_name(stream->ssl, name);
}

static bool attach_socket(struct mrpc_tls_stream *stream, int fd)
{
    BIO *bio = BIO_new(stream->tls->socket_method);
    if (bio == NULL)
        return false;
    stream->socket.fd = fd;
    BIO_set_data(bio, &stream->socket);
    SSL_set_bio(stream->ssl, bio, bio);
    return true;
}

static void free_stream(struct mrpc_tls_stream *stream)
{
    SSL_free(stream->ssl);
    free(stream->server_name);
    free(stream);
}

static int open_stream(struct mrpc_tls *tls, int fd, const char *server_name, struct mrpc_tls_stream **out)
{
    struct mrpc_tls_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return MRPC_ERR_NOMEM;
    stream->head = tls->head;
    stream->server = tls->server;
    stream->tls = tls;
    SSL_CTX *context = mrpc_tls_context_ref(tls);
    stream->ssl = SSL_new(context);
    SSL_CTX_free(context);
    if (stream->ssl == NULL || SSL_set_app_data(stream->ssl, stream) != 1 || !attach_socket(stream, fd)) {
        free_stream(stream);
        return MRPC_ERR_NOMEM;
    }
    if (tls->server) {
        SSL_set_accept_state(stream->ssl);
    } else if (!prepare_client(stream, server_name)) {
        free_stream(stream);
        return MRPC_ERR_TLS;
    }
    *out = stream;
    return 0;
}

static int fail(struct mrpc_tls_stream *stream, const char *doing)
{
    long verified = SSL_get_verify_result(stream->ssl);
    unsigned long error = ERR_peek_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    if (stream->socket.cut)
        reason = "too many key updates";
    else if (reason == NULL)
        reason = "the connection was lost";
    if (verified != X509_V_OK)
        (void)snprintf(stream->why, sizeof(stream->why), "%s: %s (%s)", doing, reason,
                       X509_verify_cert_error_string(verified));
    else
        (void)snprintf(stream->why, sizeof(stream->why), "%s: %s", doing, reason);
    ERR_clear_error();
    return MRPC_ERR_TLS;
}

/* The part that all operations share: what OpenSSL's return value means. 0 stands for "the peer has closed". */
static int outcome(struct mrpc_tls_stream *stream, int result, const char *doing)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return MRPC_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return MRPC_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return fail(stream, doing);
    }
}

static bool speaks(const SSL *ssl, const char *protocol)
{
    const unsigned char *agreed;
    unsigned int size;
    SSL_get0_alpn_selected(ssl, &agreed, &size);
    return size == strlen(protocol) && memcmp(agreed, protocol, size) == 0;
}

static void allow_http1(struct mrpc_tls_stream *stream)
{
    stream->http1_allowed = true;
}

bool mrpc_tls_stream_allows_http1(const SSL *ssl)
{
    const struct mrpc_tls_stream *stream = SSL_get_app_data(ssl);
    return stream->http1_allowed;
}

static bool chose_http1(const struct mrpc_tls_stream *stream)
{
    return stream->server && speaks(stream->ssl, "http/1.1");
}

static int shake_hands(struct mrpc_tls_stream *stream)
{
    ERR_clear_error();
    int result = SSL_do_handshake(stream->ssl);
    if (result != 1) {
        int error = outcome(stream, result, "handshake");
        return error != 0 ? error : fail(stream, "handshake");
    }
    if (!speaks(stream->ssl, "h2") && !chose_http1(stream)) {
        (void)snprintf(stream->why, sizeof(stream->why), "handshake: the peer does not speak h2");
        return MRPC_ERR_TLS;
    }
    return 0;
}

static ssize_t read_bytes(struct mrpc_tls_stream *stream, void *bytes, size_t size)
{
    ERR_clear_error();
    size_t n = 0;
    int result = SSL_read_ex(stream->ssl, bytes, size, &n);
    if (result != 1)
        return outcome(stream, result, "read");
    stream->read_bytes += n;
    return (ssize_t)n;
}

static ssize_t write_bytes(struct mrpc_tls_stream *stream, const void *bytes, size_t size)
{
    ERR_clear_error();
    size_t n = 0;
    int result = SSL_write_ex(stream->ssl, bytes, size, &n);
    if (result == 1)
        return (ssize_t)n;
    int error = outcome(stream, result, "write");
    return error != 0 ? error : fail(stream, "write");
}

static bool is_pending(const struct mrpc_tls_stream *stream)
{
    return SSL_has_pending(stream->ssl) == 1;
}

static void say_goodbye(struct mrpc_tls_stream *stream)
{
    ERR_clear_error();
    if (SSL_is_init_finished(stream->ssl))
        (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
}

static const char *why_failed(const struct mrpc_tls_stream *stream)
{
    return stream->why[0] != '\0' ? stream->why : "no failure";
}

static struct tls_certificate_bytes der(const X509 *certificate)
{
    int size = certificate != NULL ? i2d_X509(certificate, NULL) : 0;
    uint8_t *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes == NULL)
        return (struct tls_certificate_bytes){0};
    uint8_t *end = bytes;
    return (struct tls_certificate_bytes){.bytes = bytes, .size = (size_t)i2d_X509(certificate, &end)};
}

static bool describe(const struct mrpc_tls_stream *stream, struct tls_description *out)
{
    const SSL_CIPHER *cipher = SSL_is_init_finished(stream->ssl) ? SSL_get_current_cipher(stream->ssl) : NULL;
    if (cipher == NULL)
        return false;
    const char *name = SSL_CIPHER_standard_name(cipher);
    *out = (struct tls_description){
        .cipher = name != NULL ? name : SSL_CIPHER_get_name(cipher),
        .own = der(SSL_get_certificate(stream->ssl)),
        .peer = der(SSL_get0_peer_certificate(stream->ssl)),
    };
    return true;
}

static const ASN1_IA5STRING *first_name(GENERAL_NAMES *names, int kind)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == kind)
            return kind == GEN_URI ? name->d.uniformResourceIdentifier : name->d.dNSName;
    }
    return NULL;
}

/* A NUL or a control character in a name is a trick (CVE-2009-2408 and its kin): such a name is nobody's. */
static bool copy_name(const ASN1_IA5STRING *text, char *name, size_t name_bytes)
{
    int length = ASN1_STRING_length(text);
    const unsigned char *bytes = ASN1_STRING_get0_data(text);
    if (length <= 0 || (size_t)length >= name_bytes)
        return false;
    for (int i = 0; i < length; i++)
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7f)
            return false;
    memcpy(name, bytes, (size_t)length);
    name[length] = '\0';
    return true;
}

static bool copy_peer_name(const struct mrpc_tls_stream *stream, char *name, size_t name_bytes)
{
    name[0] = '\0';
    X509 *certificate = SSL_get0_peer_certificate(stream->ssl);
    if (certificate == NULL || SSL_get_verify_result(stream->ssl) != X509_V_OK)
        return true;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (names == NULL)
        return true;
    const ASN1_IA5STRING *text = first_name(names, GEN_URI);
    if (text == NULL)
        text = first_name(names, GEN_DNS);
    bool copied = text == NULL || copy_name(text, name, name_bytes);
    GENERAL_NAMES_free(names);
    return copied;
}

const struct tls_operations mrpc_tls_openssl = {
    .open = open_stream,
    .free = free_stream,
    .handshake = shake_hands,
    .read = read_bytes,
    .write = write_bytes,
    .pending = is_pending,
    .shutdown = say_goodbye,
    .why = why_failed,
    .describe = describe,
    .peer_name = copy_peer_name,
    .allow_http1 = allow_http1,
    .http1 = chose_http1,
};

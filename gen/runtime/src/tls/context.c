/* SPDX-License-Identifier: Apache-2.0 */

/* From files to an SSL_CTX: protocol floor, ciphers, ALPN, whom to trust. Source: RFC 9113 section 9.2 (TLS features),
 * RFC 7301 (ALPN). */

#include "tls/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

/* ECDHE with AEAD only: what RFC 9113 appendix A leaves. TLS 1.3 suites are OpenSSL's defaults. */
#define CIPHERS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define VERIFY_DEPTH 4
#define CERTIFICATES_BYTES_MAX 65536

static const unsigned char alpn_h2[] = {2, 'h', '2'};

static void explain(char *why, size_t why_bytes, const char *format, ...) MRPC_PRINTF(3, 4);
static void explain(char *why, size_t why_bytes, const char *format, ...)
{
    if (why == NULL || why_bytes == 0)
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(why, why_bytes, format, args);
    va_end(args);
    unsigned long error = ERR_peek_last_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    if (reason != NULL && n >= 0 && (size_t)n < why_bytes)
        (void)snprintf(why + n, why_bytes - (size_t)n, ": %s", reason);
    ERR_clear_error();
}

static bool offers(const unsigned char *offered, unsigned int offered_bytes, const char *protocol)
{
    unsigned int size = (unsigned int)strlen(protocol);
    for (unsigned int at = 0; at < offered_bytes; at += 1u + offered[at])
        if (offered[at] == size && at + 1 + size <= offered_bytes && memcmp(offered + at + 1, protocol, size) == 0)
            return true;
    return false;
}

/* HTTP/2 if there is a choice. Whether HTTP/1.1 may be chosen is the connection's to say: tls/stream.c. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_bytes, const unsigned char *offered,
                           unsigned int offered_bytes, void *arg)
{
    const char *protocol = offers(offered, offered_bytes, "h2") ? "h2" : "http/1.1";
    bool allowed = protocol[1] == '2' || mrpc_tls_stream_allows_http1(ssl);
    if (!allowed || !offers(offered, offered_bytes, protocol))
        return SSL_TLSEXT_ERR_ALERT_FATAL;   /* no_application_protocol */
    *out = (const unsigned char *)protocol;
    *out_bytes = (unsigned char)strlen(protocol);
    return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL does not ask the ALPN callback when the client offers none; gRPC over TLS without ALPN is refused here. */
static int require_alpn(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *extension;
    size_t size;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension, &size))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

static bool load_own_certificate(struct mrpc_tls *tls, SSL_CTX *context, char *why, size_t why_bytes)
{
    if (tls->certificate_file == NULL)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, tls->certificate_file) != 1) {
        explain(why, why_bytes, "%s", tls->certificate_file);
        return false;
    }
    const char *key_file = tls->key_file != NULL ? tls->key_file : tls->certificate_file;
    if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        explain(why, why_bytes, "%s", key_file);
        return false;
    }
    return true;
}

static bool load_trust(struct mrpc_tls *tls, SSL_CTX *context, char *why, size_t why_bytes)
{
    if (tls->ca_file == NULL) {
        if (tls->server || SSL_CTX_set_default_verify_paths(context) == 1)
            return true;
        explain(why, why_bytes, "the system's trusted certificates");
        return false;
    }
    if (SSL_CTX_load_verify_file(context, tls->ca_file) != 1) {
        explain(why, why_bytes, "%s", tls->ca_file);
        return false;
    }
    if (tls->server) {
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(tls->ca_file);
        if (names != NULL)
            SSL_CTX_set_client_CA_list(context, names);
    }
    return true;
}

static bool load_revoked(struct mrpc_tls *tls, SSL_CTX *context, char *why, size_t why_bytes)
{
    if (tls->crl_file == NULL)
        return true;
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == NULL || X509_load_crl_file(lookup, tls->crl_file, X509_FILETYPE_PEM) < 1) {
        explain(why, why_bytes, "%s", tls->crl_file);
        return false;
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return true;
}

static void configure_server(struct mrpc_tls *tls, SSL_CTX *context)
{
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    SSL_CTX_set_client_hello_cb(context, require_alpn, NULL);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"mrpc", 4);
    /* Clients resume with tickets, which hold their session themselves: one each, and nothing is kept here of twenty
     * thousand connections that have gone. */
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (tls->ca_file == NULL)
        return;
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
    if (tls->require_client_certificate)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, NULL);
}

static void configure_client(struct mrpc_tls *tls, SSL_CTX *context)
{
    SSL_CTX_set_alpn_protos(context, alpn_h2, sizeof(alpn_h2));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, mrpc_tls_stream_session);
}

SSL_CTX *mrpc_tls_context_load(struct mrpc_tls *tls, char *why, size_t why_bytes)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(tls->server ? TLS_server_method() : TLS_client_method());
    if (context == NULL) {
        explain(why, why_bytes, "OpenSSL context");
        return NULL;
    }
    SSL_CTX_set_app_data(context, tls);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    /* Connections that idle give their 34 kB of record buffers back; writes may move, as the output queue does. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_msg_callback(context, mrpc_tls_stream_message);
    SSL_CTX_set_verify_depth(context, VERIFY_DEPTH);
    SSL_CTX_set_max_cert_list(context, CERTIFICATES_BYTES_MAX);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS_1_2) != 1) {
        explain(why, why_bytes, "TLS 1.2 with %s", CIPHERS_1_2);
        SSL_CTX_free(context);
        return NULL;
    }
    if (tls->server)
        configure_server(tls, context);
    else
        configure_client(tls, context);
    if (!load_own_certificate(tls, context, why, why_bytes) || !load_trust(tls, context, why, why_bytes) ||
        !load_revoked(tls, context, why, why_bytes)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

SSL_CTX *mrpc_tls_context_ref(struct mrpc_tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *context = tls->context;
    SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&tls->lock);
    return context;
}

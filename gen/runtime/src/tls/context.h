/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_TLS_CONTEXT_H
#define MRPC_TLS_CONTEXT_H

#include <pthread.h>

#include <openssl/ssl.h>

#include <mrpc/tls.h>

/* What struct mrpc_tls is: options that are kept for reloading, and the OpenSSL context made from them last. */
struct mrpc_tls {
    bool server;
    bool require_client_certificate;
    char *certificate_file;
    char *key_file;
    char *ca_file;
    char *server_name;
    BIO_METHOD *socket_method;   /* recv and send without SIGPIPE */
    pthread_mutex_t lock;        /* guards the two below */
    SSL_CTX *context;
    SSL_SESSION *resumable;      /* client: the newest ticket, for the next connection */
};

/** The context of this moment, with a reference of the caller's own. Thread: any. */
SSL_CTX *mrpc_tls_context_ref(struct mrpc_tls *tls);

/** Make a context from the files. NULL on failure, with the reason in @why. */
SSL_CTX *mrpc_tls_context_load(struct mrpc_tls *tls, char *why, size_t why_bytes);

/** The BIO of a socket: no SIGPIPE, EINTR and EAGAIN are retries. */
BIO_METHOD *mrpc_tls_socket_method_new(void);

#endif

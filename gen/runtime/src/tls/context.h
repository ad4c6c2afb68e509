/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_TLS_CONTEXT_H
#define MRPC_TLS_CONTEXT_H

#include <pthread.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include <mrpc/tls.h>

#include "tls/operations.h"

/** What tells whether a file has been replaced or written to; zeroes when there is none. */
struct tls_file_state {
    uint64_t device, inode, size_bytes;
    int64_t changed_ns;
};

#define TLS_FILES 4   /* certificate, key, CA, revoked */

/* What struct mrpc_tls is: options that are kept for reloading, and the OpenSSL context made from them last. */
struct mrpc_tls {
    struct tls_head head;
    bool server;
    bool require_client_certificate;
    char *certificate_file;
    char *key_file;
    char *ca_file;
    char *server_name;
    char *crl_file;
    BIO_METHOD *socket_method;   /* recv and send without SIGPIPE */
    pthread_mutex_t lock;        /* guards what follows */
    SSL_CTX *context;
    struct tls_file_state files[TLS_FILES];   /* as they were when the context was made */
    SSL_SESSION *resumable;      /* client: the newest ticket, for the next connection */
    char *resumable_name;        /* to the server of this name: it has not proved any other */
};

/** What a socket's BIO reads from and writes to. */
struct tls_socket {
    int fd;
    bool cut;                    /* read no more: the peer abuses what is read inside of OpenSSL */
};

/** The context of this moment, with a reference of the caller's own. Thread: any. */
SSL_CTX *mrpc_tls_context_ref(struct mrpc_tls *tls);

/** Make a context from the files. NULL on failure, with the reason in @why. */
SSL_CTX *mrpc_tls_context_load(struct mrpc_tls *tls, char *why, size_t why_bytes);

/* stream.c: what OpenSSL tells of a connection, and asks. */
bool mrpc_tls_stream_allows_http1(const SSL *ssl);
int mrpc_tls_stream_session(SSL *ssl, SSL_SESSION *session);
void mrpc_tls_stream_message(int written, int version, int content_type, const void *bytes, size_t size, SSL *ssl,
                             void *arg);

/** Keep @session, whose reference is taken over, for the next connection to @name. */
void mrpc_tls_keep_session(struct mrpc_tls *tls, SSL_SESSION *session, const char *name);

/** The BIO of a struct tls_socket, its data: no SIGPIPE, EINTR and EAGAIN are retries. */
BIO_METHOD *mrpc_tls_socket_method_new(void);

#endif

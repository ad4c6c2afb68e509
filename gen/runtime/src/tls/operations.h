/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_TLS_OPERATIONS_H
#define MRPC_TLS_OPERATIONS_H

#include "tls/stream.h"

/** stream.h's functions, each as it says there, of the TLS implementation that a struct mrpc_tls brings with it. The
 *  rest of the library knows no other way to OpenSSL, so a program that never makes a struct mrpc_tls does not link or
 *  load it: 20,000 relocations at its start, and 1.5 MiB. */
struct tls_operations {
    int (*open)(struct mrpc_tls *tls, int fd, const char *server_name, struct mrpc_tls_stream **out);
    void (*free)(struct mrpc_tls_stream *stream);
    int (*handshake)(struct mrpc_tls_stream *stream);
    ssize_t (*read)(struct mrpc_tls_stream *stream, void *bytes, size_t size);
    ssize_t (*write)(struct mrpc_tls_stream *stream, const void *bytes, size_t size);
    bool (*pending)(const struct mrpc_tls_stream *stream);
    void (*shutdown)(struct mrpc_tls_stream *stream);
    const char *(*why)(const struct mrpc_tls_stream *stream);
    bool (*describe)(const struct mrpc_tls_stream *stream, struct tls_description *out);
    bool (*peer_name)(const struct mrpc_tls_stream *stream, char *name, size_t name_bytes);
    void (*allow_http1)(struct mrpc_tls_stream *stream);
    bool (*http1)(const struct mrpc_tls_stream *stream);
};

/** What struct mrpc_tls and struct mrpc_tls_stream begin with. */
struct tls_head {
    const struct tls_operations *operations;
};

extern const struct tls_operations mrpc_tls_openssl;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_TLS_STREAM_H
#define MRPC_TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mrpc/tls.h>

/* One TLS connection over a non-blocking socket, for both sides of the library. It owns no event loop: every function
 * does what it can without waiting and says which readiness it needs next. The same loop code serves clear text and
 * TLS:
 *
 *     handshake()  0: go on | WANT_READ | WANT_WRITE: wait for that readiness, call again | MRPC_ERR_TLS
 *     read()       > 0 bytes | 0: the peer has closed (close_notify or FIN) | WANT_READ | WANT_WRITE | MRPC_ERR_TLS
 *     write()      > 0 bytes | WANT_READ | WANT_WRITE | MRPC_ERR_TLS
 *
 * After read() has filled the whole buffer there may be bytes left inside the TLS layer that no readiness announces:
 * ask mrpc_tls_stream_pending(). A write() that wanted readiness is repeated with the same bytes at its beginning (the
 * address may differ, more may follow).
 *
 * Thread: one at a time. */

#define MRPC_TLS_WANT_READ (-200)
#define MRPC_TLS_WANT_WRITE (-201)

struct mrpc_tls_stream;

/** Begin on @fd, which stays the caller's. The files that @tls has loaded now are used until the end of the connection.
 *  @server_name is for clients: SNI and the name (DNS or IP) that the certificate must carry; the options' server_name
 *  wins over it. Errors: MRPC_ERR_TLS, MRPC_ERR_NOMEM. */
int mrpc_tls_stream_new(struct mrpc_tls *tls, int fd, const char *server_name, struct mrpc_tls_stream **out)
    MRPC_MUST_USE;
void mrpc_tls_stream_free(struct mrpc_tls_stream *stream);

/** Server, before the handshake: agree on http/1.1 with a client that offers no h2. */
void mrpc_tls_stream_allow_http1(struct mrpc_tls_stream *stream);
/** After the handshake: did they agree on http/1.1? */
bool mrpc_tls_stream_http1(const struct mrpc_tls_stream *stream);

int mrpc_tls_stream_handshake(struct mrpc_tls_stream *stream) MRPC_MUST_USE;
ssize_t mrpc_tls_stream_read(struct mrpc_tls_stream *stream, void *bytes, size_t size) MRPC_MUST_USE;
ssize_t mrpc_tls_stream_write(struct mrpc_tls_stream *stream, const void *bytes, size_t size) MRPC_MUST_USE;
bool mrpc_tls_stream_pending(const struct mrpc_tls_stream *stream);

/** Send close_notify if the socket takes it now; never waits. */
void mrpc_tls_stream_shutdown(struct mrpc_tls_stream *stream);

/** Why the last function failed: static or in the stream. For the log. */
const char *mrpc_tls_stream_why(const struct mrpc_tls_stream *stream);

struct tls_certificate_bytes {
    uint8_t *bytes;          /* DER; NULL: none */
    size_t size;
};

/** What a connection is protected by. */
struct tls_description {
    const char *cipher;      /* the suite's standard name, static */
    struct tls_certificate_bytes own, peer;
};

/** False before the handshake is done. */
bool mrpc_tls_stream_describe(const struct mrpc_tls_stream *stream, struct tls_description *out);
void mrpc_tls_description_free(struct tls_description *description);

/** Who the verified peer is: the first URI, else the first DNS subject alternative name of its certificate, never the
 *  common name; "" when it showed none. Written to @name with a NUL; false when it does not fit. */
bool mrpc_tls_stream_peer_name(const struct mrpc_tls_stream *stream, char *name, size_t name_bytes);

#endif

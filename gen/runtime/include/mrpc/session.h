/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_H
#define MRPC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* The server's protocol without sockets, threads or clocks: for programs that have an event loop of their own, for
 * tests and for fuzzers. mrpc_server_start() drives exactly this.
 *
 *     host      one a thread: the queue through which calls are finished from other threads, and free lists
 *     session   one a connection: bytes in, handlers called, bytes out
 *
 * A host serves the services of an mrpc_server, which need not be started. All functions that take a host or a session
 * belong to one thread at a time, the host's. Handlers run inside mrpc_session_receive(), mrpc_session_tick() and
 * mrpc_session_host_process(). Time is any monotonic clock in ms; deadlines are reckoned in it. */

struct mrpc_session_host;
struct mrpc_session;

struct mrpc_session_host_options {
    size_t struct_bytes;
    /** Something was queued for this host: call mrpc_session_host_process() soon, on its thread. Once for many. From
     *  any thread, also from within handlers. */
    void (*wake)(void *arg);
    void *arg;
    unsigned index;                    /* what mrpc_call_loop_index() says: another for each host of a server */
};

/* Unless a function says otherwise: Thread: the host's. Ownership: options are copied where they say so, else
 * borrowed; *@out is ended by its _free(), sessions before their host. */

/** @server is borrowed; no service may be added to it from now on. Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_session_host_new(struct mrpc_server *server, const struct mrpc_session_host_options *options,
                                   struct mrpc_session_host **out) MRPC_MUST_USE;
/** Run what other threads have queued. */
MRPC_API void mrpc_session_host_process(struct mrpc_session_host *host, int64_t now_ms);
/** Calls that handlers still hold; a host can be freed when its sessions are freed and this is 0. */
MRPC_API size_t mrpc_session_host_calls(const struct mrpc_session_host *host);
MRPC_API void mrpc_session_host_free(struct mrpc_session_host *host);

/** What a connection speaks. Over TLS that is agreed by ALPN; in clear text its first bytes tell. */
enum mrpc_protocol { MRPC_PROTOCOL_EITHER, MRPC_PROTOCOL_HTTP2, MRPC_PROTOCOL_HTTP1 };

struct mrpc_session_options {
    size_t struct_bytes;
    const char *peer;                        /* what mrpc_call_peer() says; copied */
    const struct mrpc_identity *identity;    /* who the transport says it is; copied; NULL: anonymous */
    /** Output has come up outside receive() and tick(), from a call that was finished or sent later. On the host's
     *  thread, inside process(). Once until mrpc_session_output() is called. */
    void (*output_ready)(void *arg);
    void *arg;
    enum mrpc_protocol protocol;
    /** The address that the connection came in on, "127.0.0.1:80" or "[::1]:80": a name by which the server goes (see
     *  mrpc/web.h). Asked for seldom; borrowed until the next call. NULL: not known. */
    const char *(*local_address)(void *arg);
};

/** Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_session_new(struct mrpc_session_host *host, const struct mrpc_session_options *options,
                              int64_t now_ms, struct mrpc_session **out) MRPC_MUST_USE;
/** The connection is gone, or is closed by you: what still runs is cancelled. Not from inside a handler. */
MRPC_API void mrpc_session_free(struct mrpc_session *session);

/** Take @size bytes that came in, however they are split. What is wrong with them is answered in the output; see
 *  mrpc_session_finished(). */
MRPC_API void mrpc_session_receive(struct mrpc_session *session, int64_t now_ms, const void *bytes, size_t size);
/** False while the peer does not take what it asked for: read no more from it until output has been consumed. */
MRPC_API bool mrpc_session_want_read(const struct mrpc_session *session);

/** What is to be sent, as up to @max pieces; returns their number, 0 when there is nothing now. The pieces stay valid
 *  until the next call of a function of this session or its host. Bounded: 256 KiB and one frame. */
MRPC_API int mrpc_session_output(struct mrpc_session *session, struct iovec *pieces, int max);
/** @size bytes of it have been sent. */
MRPC_API void mrpc_session_consume(struct mrpc_session *session, int64_t now_ms, size_t size);

/** True when nothing more will be read or called: send the output that is left, then close. */
MRPC_API bool mrpc_session_finished(const struct mrpc_session *session);

/** ms until mrpc_session_tick() is due, 0 when overdue, -1 when nothing waits. May change with every other call. */
MRPC_API int64_t mrpc_session_next_timeout_ms(const struct mrpc_session *session, int64_t now_ms);
MRPC_API void mrpc_session_tick(struct mrpc_session *session, int64_t now_ms);

/** Say goodbye: GOAWAY(2^31-1) and PING, then GOAWAY(last id); the session finishes when its last call has. */
MRPC_API void mrpc_session_drain(struct mrpc_session *session, int64_t now_ms);

/** Streams open now. */
MRPC_API size_t mrpc_session_streams(const struct mrpc_session *session);

MRPC_END_DECLS
#endif

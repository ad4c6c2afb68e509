/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WEB_H
#define MRPC_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* One port for gRPC and the web. A listener speaks HTTP/2 to whoever begins with its preface, else HTTP/1.1; over TLS
 * the two are chosen by ALPN. On both it serves, in this order: registered web routes, gRPC-Web, and on HTTP/2 gRPC.
 * What remains is refused by gRPC's rules (405 unless POST, 415 unless a gRPC content type).
 *
 * A web request is served only if its Host (:authority) is a loopback name, the address that the connection came in on
 * or one of `hosts`, else 421; and only if its Origin, when it has one, is the same place or one of `origins`, else
 * 403. The same holds for a gRPC call that carries an Origin. Without that any web page could drive a server on its
 * reader's own machine.
 *
 * gRPC-Web calls are calls: interceptors, limits, deadlines and cancellation are theirs too. Requests to routes are
 * none: interceptors do not see them; who may have which is asked of `admit` below, or the route looks at
 * mrpc_web_identity() or at a header itself. */

struct mrpc_web;

struct mrpc_web_options {
    size_t struct_bytes;              /* sizeof(struct mrpc_web_options) */
    /* HTTP/2 only: who speaks HTTP/1.x is told so and closed, ALPN offers "h2" alone */
    bool http1_off;
    const char *const *hosts;         /* names by which we are known, without port; copied */
    size_t host_count;
    const char *const *origins;       /* "https://app.example.com": pages that may call us from elsewhere (CORS) */
    size_t origin_count;
    /** Asked before each request is given to its route, on the loop thread; never blocks. True lets it in; false says
     *  that it has answered itself, by mrpc_web_respond(). NULL: everybody is let in. @admit_arg is borrowed until the
     *  server is freed. */
    bool (*admit)(void *admit_arg, struct mrpc_web *web);
    void *admit_arg;
};

/* Unless a function says otherwise: Thread: the one that sets the server up, before its start. Ownership: options
 * are copied, but for what says borrowed. */

/** Before the start. Errors: MRPC_ERR_INVALID when it has started, a host has a port or is no name, an origin is not
 *  scheme://host[:port]; MRPC_ERR_NOMEM. */
MRPC_API int mrpc_server_set_web(struct mrpc_server *server, const struct mrpc_web_options *options) MRPC_MUST_USE;

/** A request to a route and its answer. It lives until it has been answered and, unless that came first, cancelled. */
struct mrpc_web;

struct mrpc_web_route {
    size_t struct_bytes;              /* sizeof(struct mrpc_web_route) */
    const char *method;               /* "GET" (serves HEAD too), "POST", …; NULL: every method */
    const char *path;                 /* "/healthz"; compared byte by byte, before any decoding, without the query */
    bool prefix;                      /* every path that begins with it; exact paths and longer prefixes go first */
    uint32_t body_bytes;              /* the longest body taken, else 413; 0: 1 MiB */
    uint32_t timeout_ms;              /* until the answer is complete, else 504 or, once begun, a cut; 0: none */
    /** Answer, now or later, exactly once: mrpc_web_respond(), or mrpc_web_begin() … mrpc_web_end(). On the loop thread
     *  when the whole request is there; never blocks. Must not assume that the path has no "..". */
    void (*handle)(void *self, struct mrpc_web *web);
    void *self;
};

/** Add a route before the start; strings are copied, @self is borrowed until the server is freed. A native gRPC call is
 *  never given to a route. Errors: MRPC_ERR_INVALID when it has started, method and path are taken, or one is
 *  malformed; MRPC_ERR_NOMEM. */
MRPC_API int mrpc_server_add_route(struct mrpc_server *server, const struct mrpc_web_route *route) MRPC_MUST_USE;

/* The request. Ownership: borrowed until the answer is complete. Thread: whoever holds the request. */
MRPC_API const char *mrpc_web_method(const struct mrpc_web *web);
/** As it was sent: not decoded, not normalised. Without the query. */
MRPC_API const char *mrpc_web_path(const struct mrpc_web *web);
/** What follows the '?', or "". */
MRPC_API const char *mrpc_web_query(const struct mrpc_web *web);
/** The first header of that name (lower case), or NULL. Those of HTTP itself are not among them. */
MRPC_API const char *mrpc_web_header(const struct mrpc_web *web, const char *name);
/** "" when none was given. */
MRPC_API const char *mrpc_web_content_type(const struct mrpc_web *web);
MRPC_API const void *mrpc_web_body(const struct mrpc_web *web, size_t *bytes);
MRPC_API struct mrpc_arena *mrpc_web_arena(struct mrpc_web *web);
MRPC_API const struct mrpc_identity *mrpc_web_identity(const struct mrpc_web *web);
/** "127.0.0.1:41234". */
MRPC_API const char *mrpc_web_peer(const struct mrpc_web *web);

/** As mrpc_call_cancelled() and mrpc_call_on_cancel(): the peer has gone or the time is up. It still must be
 *  answered. */
MRPC_API bool mrpc_web_cancelled(const struct mrpc_web *web);
MRPC_API void mrpc_web_on_cancel(struct mrpc_web *web, void (*callback)(void *arg, struct mrpc_web *web), void *arg);

/** A response header, before the answer begins. Content-Type and Content-Length come with it. Errors: as
 *  mrpc_call_add_header(). */
MRPC_API int mrpc_web_add_header(struct mrpc_web *web, const char *name, const char *value);

/** The whole answer; everything is copied. @content_type may be NULL without a body. After this the caller owns nothing
 *  of the request. Thread: any. A body longer than the server sends, or no memory, becomes 500. */
MRPC_API void mrpc_web_respond(struct mrpc_web *web, int status, const char *content_type, const void *body,
                               size_t bytes);

/** An answer in parts: begin, then send any number of times, then end. Thread: any, one at a time.
 *  mrpc_web_send() copies. Errors: as mrpc_call_send(), MRPC_ERR_AGAIN when 64 KiB are queued (on_writable follows),
 *  MRPC_ERR_DONE when cancelled, MRPC_ERR_NOMEM. */
MRPC_API void mrpc_web_begin(struct mrpc_web *web, int status, const char *content_type);
MRPC_API int mrpc_web_send(struct mrpc_web *web, const void *bytes, size_t size) MRPC_MUST_USE;
MRPC_API void mrpc_web_on_writable(struct mrpc_web *web, void (*callback)(void *arg, struct mrpc_web *web), void *arg);
/** After this the caller owns nothing of the request. */
MRPC_API void mrpc_web_end(struct mrpc_web *web);

/** Run @task(arg) on the request's loop thread soon. Thread: any. Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_web_post(struct mrpc_web *web, void (*task)(void *arg), void *arg);

MRPC_END_DECLS
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WEB_DRIVER_H
#define MLT_WEB_DRIVER_H

#include <mrpc/session.h>
#include <mrpc/web.h>

#include "echo_service.h"

/** A server's session that speaks HTTP/1.1, in memory, with test.Echo and these routes behind it:
 *      GET  /hello     200 "hello\n", a header x-greeting
 *      POST /echo      what came, with its type        POST /small   the same, up to 8 bytes
 *      GET  /tree/…    path, query and the header x-ask
 *      GET  /later     held until web_driver_answer()
 *      GET  /stream    three parts    GET /big   a million bytes in parts, as there is room
 *      GET  /timed     held, with a time limit of 2 s
 *      DELETE /thing   204
 *  An interceptor counts calls and what they send. */
struct web_driver {
    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct mrpc_session *session;
    struct echo_service echo;
    int64_t now_ms;
    size_t piece;                /* feed at most so many bytes at once; 0: all */
    char *out;                   /* what the session has said, with a NUL */
    size_t out_bytes;
    char rejected[4096];
    char local[64];
    struct mrpc_web *held;
    unsigned cancelled, handled, calls;
    size_t sent_bytes;
    size_t big_left;
};

struct web_driver_options {
    const struct mrpc_web_options *web;
    const struct mrpc_limits *limits;
    enum mrpc_protocol protocol;
};

/** @options may be NULL. */
void web_driver_open(struct web_driver *driver, const struct web_driver_options *options);
void web_driver_close(struct web_driver *driver);
/** Deliver bytes and take what is said. */
void web_driver_send(struct web_driver *driver, const void *bytes, size_t size);
void web_driver_say(struct web_driver *driver, const char *text);
void web_driver_take(struct web_driver *driver);
void web_driver_advance(struct web_driver *driver, int64_t ms);
void web_driver_answer(struct web_driver *driver, const char *text);
/** Forget what was said. */
void web_driver_forget(struct web_driver *driver);

/** What was said is one HTTP/1.1 answer with this status: its body, joined if it came in chunks, with a NUL. Malloc'ed.
 *  Asserts. *@size may be NULL; *@rest, if not NULL, gets what follows the answer, else nothing may. */
char *web_driver_body(const struct web_driver *driver, int status, size_t *size);
/** A header of the first answer, or NULL. Valid until the next call. */
const char *web_driver_header(const struct web_driver *driver, const char *name);

#endif

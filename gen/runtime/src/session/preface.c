/* SPDX-License-Identifier: Apache-2.0 */

/* A client of HTTP/2 begins with 24 fixed bytes (RFC 9113 section 3.4). Whoever sends something else speaks HTTP/1.1,
 * if it begins with a method: it is served by http1/, or, where HTTP/2 is all that is spoken, gets a line that it can
 * show. Anything else (TLS on the clear port, noise) is closed. Nothing of ours is sent before the bytes have been
 * judged, so that an answer is the first that arrives. */

#include <string.h>

#include "http1/connection.h"
#include "session/session.h"

static const char http1_answer[] = "HTTP/1.1 505 HTTP Version Not Supported\r\n"
                                   "connection: close\r\n"
                                   "content-type: text/plain\r\n"
                                   "content-length: 37\r\n"
                                   "\r\n"
                                   "This port speaks gRPC over HTTP/2.\r\n\n";

static const char *const http1_methods[] = {"GET ",     "HEAD ",  "POST ",    "PUT ",  "DELETE ",
                                            "CONNECT ", "TRACE ", "OPTIONS ", "PATCH "};

enum preface { PREFACE_MORE, PREFACE_H2, PREFACE_HTTP1, PREFACE_NOISE };

/* What the first @size bytes begin; more are needed while they begin several things. */
static enum preface judge(const uint8_t *bytes, size_t size)
{
    if (memcmp(NGHTTP2_CLIENT_MAGIC, bytes, size) == 0)
        return size == NGHTTP2_CLIENT_MAGIC_LEN ? PREFACE_H2 : PREFACE_MORE;
    for (size_t i = 0; i < sizeof(http1_methods) / sizeof(*http1_methods); i++) {
        size_t length = strlen(http1_methods[i]);
        if (memcmp(http1_methods[i], bytes, length < size ? length : size) == 0)
            return size >= length ? PREFACE_HTTP1 : PREFACE_MORE;
    }
    return PREFACE_NOISE;
}

static void refuse(struct mrpc_session *session, const char *answer, size_t size, const char *reason)
{
    mrpc_output_clear(&session->output);
    if (size > 0)
        (void)!mrpc_output_append(&session->output, answer, size);
    session->state = SESSION_FINISHED;
    mrpc_session_reject(session, reason);
}

/* Of what came before only the first bytes are kept: beyond them it can be nothing but HTTP/2's preface. */
static size_t recall(const struct mrpc_session *session, uint8_t *seen)
{
    const void *from = session->first_bytes <= sizeof(session->first) ? (const void *)session->first
                                                                     : (const void *)NGHTTP2_CLIENT_MAGIC;
    memcpy(seen, from, session->first_bytes);
    return session->first_bytes;
}

static void remember(struct mrpc_session *session, const uint8_t *seen, size_t size)
{
    memcpy(session->first, seen, size < sizeof(session->first) ? size : sizeof(session->first));
    session->first_bytes = (uint8_t)size;
}

size_t mrpc_preface_take(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    uint8_t seen[NGHTTP2_CLIENT_MAGIC_LEN];
    size_t before = recall(session, seen);
    size_t room = sizeof(seen) - before;
    size_t n = size < room ? size : room;
    memcpy(seen + before, bytes, n);
    switch (judge(seen, before + n)) {
    case PREFACE_MORE:
        remember(session, seen, before + n);
        break;
    case PREFACE_H2:
        session->state = SESSION_OPEN;
        mrpc_h2_take_magic(session);
        break;
    case PREFACE_HTTP1:
        if (session->http1_allowed && mrpc_http1_begin(session) == 0)
            session->wire->feed(session, seen, before + n);
        else
            refuse(session, http1_answer, sizeof(http1_answer) - 1, "http1");
        break;
    case PREFACE_NOISE:
        refuse(session, NULL, 0, "bad_preface");
        break;
    }
    return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_SESSION_H
#define MRPC_CLIENT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/error.h>

#include "base/buffer.h"
#include "client/client_stream.h"

/* The client's end of one HTTP/2 connection, without socket and clock: bytes in, bytes out, the time as an argument.
 *
 *     new → [ready] → open, resume, cancel, … → [draining] → free
 *
 * Whoever drives it calls receive() with what came, produce() whenever something may be due, tick() at next_timer_ms(),
 * and ends it with lost() when the transport is gone. Thread: one at a time. No function is to be called from within
 * produce() or receive() but those that the comments of the events allow. */

struct session_memory;

struct mrpc_client_session_config {
    const char *scheme;           /* "http" or "https"; copied pointer, must outlive the session */
    int64_t keepalive_time_ms;    /* without reading for so long while streams are open, PING; 0: never */
    int64_t keepalive_timeout_ms; /* wait so long for what a PING brings */
    struct session_memory *memory; /* of the thread that drives it, outlives it; NULL: malloc's */
};

/** Called from within receive(). */
struct mrpc_client_session_events {
    /** The server's first SETTINGS are in: streams may be opened. Once. */
    void (*ready)(void *arg);
    /** GOAWAY: no new streams; those up to its last id run on, the others are closed next. At most once.
     *  @too_many_pings: the server finds our keepalive too eager. */
    void (*draining)(void *arg, bool too_many_pings);
};

/** Header fields of one request, pseudo headers not counted. */
#define MRPC_REQUEST_FIELDS_MAX 256

/** One header field of a request. Borrowed. */
struct mrpc_request_field {
    const char *name;
    const char *value;
    size_t name_bytes;
    size_t value_bytes;
};

struct mrpc_client_session;

/** Errors: MRPC_ERR_NOMEM. */
int mrpc_client_session_new(const struct mrpc_client_session_config *config,
                            const struct mrpc_client_session_events *events, void *arg, int64_t now_ms,
                            struct mrpc_client_session **out) MRPC_MUST_USE;
/** Streams that are still open are dropped without a word: end them with lost() first. */
void mrpc_client_session_free(struct mrpc_client_session *session);

/** Take what the transport brought. Errors: MRPC_ERR_MALFORMED: not HTTP/2; MRPC_ERR_NOMEM. Most breaches of the
 *  protocol are no error here: produce() gives a GOAWAY, and then the session is finished(). */
int mrpc_client_session_receive(struct mrpc_client_session *session, const uint8_t *bytes, size_t size,
                                int64_t now_ms) MRPC_MUST_USE;

/** Append what is due to @out, until it holds @limit_bytes or nothing is left. Errors: MRPC_ERR_NOMEM, after which the
 *  session is to be given up. */
int mrpc_client_session_produce(struct mrpc_client_session *session, struct mrpc_buffer *out,
                                size_t limit_bytes) MRPC_MUST_USE;

/** Nothing more will come or go: after a GOAWAY of either side and the last stream. */
bool mrpc_client_session_finished(const struct mrpc_client_session *session);
/** The code of the GOAWAY that we sent because the server broke the protocol; 0: none. */
uint32_t mrpc_client_session_own_error(const struct mrpc_client_session *session);

/** When tick() wants to be called; INT64_MAX: never. */
int64_t mrpc_client_session_next_timer_ms(const struct mrpc_client_session *session);
/** Errors: MRPC_ERR_CLOSED: the keepalive found the connection dead. */
int mrpc_client_session_tick(struct mrpc_client_session *session, int64_t now_ms) MRPC_MUST_USE;

/** When bytes last came; before the first, when it was made; a session without streams: when it got one again. */
int64_t mrpc_client_session_last_read_ms(const struct mrpc_client_session *session);

/** The transport is gone: every open stream ends UNAVAILABLE with @why, marked unprocessed if it never left. */
void mrpc_client_session_lost(struct mrpc_client_session *session, const char *why);

/** No new streams: the client needs it no longer. draining() is not called. Allowed in every callback. */
void mrpc_client_session_drain(struct mrpc_client_session *session);

/** Queue a GOAWAY with NO_ERROR: the client is done. Not from within a callback. */
void mrpc_client_session_terminate(struct mrpc_client_session *session);

/** Ready, not draining, and below the server's MAX_CONCURRENT_STREAMS. */
bool mrpc_client_session_can_open(const struct mrpc_client_session *session);
/** Never again: GOAWAY, or the stream ids are used up. */
bool mrpc_client_session_draining(const struct mrpc_client_session *session);
size_t mrpc_client_session_stream_count(const struct mrpc_client_session *session);

/** Start an attempt; stream->arena is set. @path, @authority: the pseudo headers; @fields: all others, in this order.
 *  Errors: MRPC_ERR_NOMEM; MRPC_ERR_CLOSED when it cannot be opened; MRPC_ERR_LIMIT when the header list is larger than
 *  64 KiB or than the server's SETTINGS_MAX_HEADER_LIST_SIZE, so that no other attempt there will do better. */
int mrpc_client_session_open(struct mrpc_client_session *session, struct mrpc_client_stream *stream, const char *path,
                             const char *authority, const struct mrpc_request_field *fields,
                             size_t field_count) MRPC_MUST_USE;
/** outgoing() has more than when it was last asked. */
void mrpc_client_stream_resume_sending(struct mrpc_client_stream *stream);
/** The reader wants messages again. May call message() and closed(). */
void mrpc_client_stream_resume_reading(struct mrpc_client_stream *stream);
/** RST_STREAM(@http2_error_code) unless it has ended; no callback follows. Allowed in every callback. */
void mrpc_client_stream_cancel(struct mrpc_client_stream *stream, uint32_t http2_error_code);

#endif

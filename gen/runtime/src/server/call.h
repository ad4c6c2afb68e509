/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_CALL_H
#define MRPC_SERVER_CALL_H

#include <stdatomic.h>

#include <mrpc/call.h>

#include "server/host.h"
#include "server/interceptors.h"
#include "server/methods.h"

/* A call on the server. It is made when the first header of its stream comes in and goes back to its host's free list
 * when two things are true: its handler has finished (or never ran), and the session has closed its stream.
 *
 *     opened ──request──> started ──handler──> held or between events ──finish──> finished
 *        │                   │                        │                              │
 *        └──────────────── closed: cancelled, on_cancel fires ───────────────────────┴─ closed ─> free list
 *
 * All of it belongs to the host's thread, but for what is marked "holder": that is touched by whoever holds the call,
 * and handed over by the task that finishes or sends. */
struct mrpc_call {
    struct mrpc_stream stream;              /* first: the session knows the call by it */
    struct mrpc_call *next_free;
    struct mrpc_session_host *host;
    struct host_session *session;           /* NULL once the stream is closed */
    struct call_peer *peer;
    struct mrpc_arena *arena;               /* holder */
    struct mrpc_arena *message_arena;       /* of the streamed message being handled, or NULL */
    const struct method_entry *method;      /* NULL: unknown */
    struct mrpc_web *web;                   /* a web request, which has no method; else NULL */
    struct mrpc_identity identity;
    int64_t deadline_ms;
    struct call_record *record;             /* NULL: no interceptors */

    bool stream_open;
    bool begun;                             /* it has a method, and is counted */
    bool held;                              /* a handler is to finish (or resume) it */
    bool kept;                              /* held until it finishes it, whatever message returns */
    bool finished;
    unsigned running;                       /* depth of handlers and callbacks of this call */
    bool finish_asked;                      /* inside one of them */
    bool in_message;                        /* inside a streamed message's handler */
    bool resume_asked;
    int finish_code;
    int cancel_code;                        /* what it was cancelled with */
    ProtobufCMessage *request;              /* of a unary or server-streaming call, waiting for END_STREAM */
    const ProtobufCMessage *response;       /* of a finish */

    void (*on_cancel)(void *arg, struct mrpc_call *call);
    void *on_cancel_arg;
    void (*on_writable)(void *arg, struct mrpc_call *call);
    void *on_writable_arg;
    void *data;
    void (*release)(void *data);

    atomic_bool cancelled;                  /* read from any thread */
    atomic_size_t queued_bytes;             /* sent by the handler and not yet put into frames */
    atomic_uint sends_posted;               /* of them, on their way through the inbox */
    atomic_bool wants_writable;
    size_t attached_bytes;                  /* of queued_bytes, what the stream had when it was last asked */

    struct mrpc_metadata headers;           /* holder, until they are sent */
    struct mrpc_metadata trailers;          /* holder */
    bool headers_submitted;                 /* holder */
    bool sends_plain;                       /* holder; in spite of the stream's response_encoding */
    const char *message;                    /* holder; of mrpc_call_fail() */
    const char *pushback;                   /* holder; of mrpc_call_fail_retry(): ms, or NULL */
    struct call_detail *details;            /* holder; newest first */
    size_t detail_count;

    struct inbox_task finish_task;
    struct inbox_task resume_task;
};

extern const struct session_events mrpc_call_session_events;

/* call_life.c */
/** The handler has ended, or never ran: answer, count, and free the call if its stream is gone. */
void mrpc_call_complete(struct mrpc_call *call, int code, const ProtobufCMessage *response);
/** End a call that its handler has not ended: because of the deadline, a fault of its peer, shutdown. */
void mrpc_call_end_early(struct mrpc_call *call, int code, const char *reason);

/* call_run.c */
void mrpc_call_begin(struct mrpc_stream *stream);
bool mrpc_call_message(struct mrpc_stream *stream, const uint8_t *bytes, size_t size);
void mrpc_call_half_closed(struct mrpc_stream *stream);

/* call_send.c */
void mrpc_call_writable(struct mrpc_stream *stream);
/** Put the end of the call on its stream, which is open. Returns the code that was said: a response that cannot be
 *  encoded is an error after all. */
int mrpc_call_answer(struct mrpc_call *call, int code, const ProtobufCMessage *response);

/** Send bytes as they are, of a web request; the contract of mrpc_call_send(). */
int mrpc_call_send_raw(struct mrpc_call *call, const void *bytes, size_t size) MRPC_MUST_USE;

/* web.c: a call that is a web request. */
void mrpc_web_admit(struct mrpc_call *call);
void mrpc_web_keep_body(struct mrpc_call *call, const uint8_t *bytes, size_t size);
void mrpc_web_run(struct mrpc_call *call);

/* call_details.c: google.rpc.Status of what mrpc_call_fail() and its kin have left; NULL when there are no details. */
const uint8_t *mrpc_call_status_details(struct mrpc_call *call, int code, size_t *size);

static inline struct mrpc_call *mrpc_call_of(struct mrpc_stream *stream)
{
    return MRPC_CONTAINER_OF(stream, struct mrpc_call, stream);
}

#endif

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
    struct mrpc_session_host *host;
    struct host_session *session;           /* NULL once the stream is closed */
    struct call_peer *peer;
    struct mrpc_arena *arena;               /* holder; NULL: given back, and not asked for since */
    const struct method_entry *method;      /* NULL: unknown */
    const struct mrpc_identity *identity;   /* the peer's, the desk's, or a copy of its own (call_forget.c) */
    int64_t deadline_ms;
    struct call_record *record;             /* NULL: no interceptors */

    bool stream_open;
    bool begun;                             /* it has a method, and is counted */
    bool held;                              /* a handler is to finish (or resume) it */
    bool kept;                              /* held until it finishes it, whatever message returns */
    bool finished;
    bool forgot;                            /* its request; set before anybody else holds it */
    unsigned running;                       /* depth of handlers and callbacks of this call */
    bool finish_asked;                      /* inside one of them */
    bool in_message;                        /* inside a streamed message's handler */
    bool resume_asked;
    int finish_code;
    int cancel_code;                        /* what it was cancelled with */
    const ProtobufCMessage *response;       /* of a finish */

    void (*on_cancel)(void *arg, struct mrpc_call *call);
    void *on_cancel_arg;
    void (*on_writable)(void *arg, struct mrpc_call *call);
    void *on_writable_arg;
    void *data;
    void (*release)(void *data);

    atomic_bool cancelled;                  /* read from any thread */
    atomic_size_t queued_bytes;             /* sent by the handler and not yet put into frames */
    atomic_uint sends_posted;               /* of them, and of resumptions, on their way in the inbox */
    atomic_bool wants_writable;
    size_t attached_bytes;                  /* of queued_bytes, what the stream had when it was last asked */

    bool headers_submitted;                 /* holder */
    bool sends_plain;                       /* holder; in spite of the stream's response_encoding */
    struct call_words *words;               /* holder; in the arena; NULL: none yet */

    struct inbox_task finish_task;
};

/** What a handler says besides messages. */
struct call_words {
    struct mrpc_metadata headers;           /* read on the loop when they are sent, and not changed after that */
    struct mrpc_metadata trailers;
    const char *message;                    /* of mrpc_call_fail() */
    const char *pushback;                   /* of mrpc_call_fail_retry(): ms, or NULL */
    struct call_detail *details;            /* newest first */
    size_t detail_count;
};

/** The desk of a call's stream, with what the call itself needs of it. The host keeps those that are free. */
struct call_desk {
    struct stream_desk stream;              /* first */
    struct call_desk *next_free;
    struct mrpc_call *call;
    ProtobufCMessage *request;              /* of a unary or server-streaming call, waiting for END_STREAM */
    struct mrpc_arena *message_arena;       /* of the streamed message being handled, or NULL */
    struct mrpc_web *web;                   /* a web request, which has no method; else NULL */
    struct mrpc_identity identity;          /* that an interceptor has set */
    struct inbox_task resume_task;
};

extern const struct session_events mrpc_call_session_events;

/* call_life.c */
/** The handler has ended, or never ran: answer, count, and free the call if its stream is gone. */
void mrpc_call_complete(struct mrpc_call *call, int code, const ProtobufCMessage *response);
/** End a call that its handler has not ended: because of the deadline, a fault of its peer, shutdown. */
void mrpc_call_end_early(struct mrpc_call *call, int code, const char *reason);

/** The holder's arena, or NULL: out of memory. */
struct mrpc_arena *mrpc_call_own_arena(struct mrpc_call *call);
/** For something to say; NULL: out of memory. */
struct call_words *mrpc_call_words(struct mrpc_call *call);

/* call_forget.c */
/** Give a call, which is to be opened or whose stream is to end, a desk with an arena. NULL: out of memory. */
struct call_desk *mrpc_call_desk_new(struct mrpc_call *call);
void mrpc_call_desk_give(struct mrpc_call *call, struct call_desk *desk);
struct stream_desk *mrpc_call_lend_desk(struct mrpc_stream *stream);
void mrpc_call_drop_identity(struct mrpc_call *call);

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

static inline struct call_desk *mrpc_desk_of(const struct mrpc_call *call)
{
    return (struct call_desk *)call->stream.desk;
}

/** A web request, or NULL. Thread: the loop's. */
static inline struct mrpc_web *mrpc_web_of(const struct mrpc_call *call)
{
    return call->stream.desk != NULL ? mrpc_desk_of(call)->web : NULL;
}

static inline struct mrpc_call *mrpc_call_of(struct mrpc_stream *stream)
{
    return MRPC_CONTAINER_OF(stream, struct mrpc_call, stream);
}

#endif

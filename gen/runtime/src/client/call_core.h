/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CALL_CORE_H
#define MRPC_CLIENT_CALL_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include <mrpc/channel.h>

#include "base/buffer.h"
#include "client/attempt.h"
#include "client/interceptor_chain.h"
#include "client/loop.h"
#include "client/retry.h"
#include "client/submitted.h"

/* A call from the client's side, whatever its form: unary or streaming, blocking or with callbacks. The forms differ in
 * their sink (unary.c, streaming_call.c); this is what they share.
 *
 *     new → start → attempt* → ended → released
 *
 * Two parties hold it: the program and, from start to the end, the loop. The program's threads write into the part
 * under the lock and post the call's task; the loop does the rest. Nothing is called out under the lock. After the end
 * the loop does not touch it but to release it, and nobody touches the loop or the channel through it. */

struct mrpc_client_call;

/** What a form does with what comes. Thread: the loop's, without the lock. */
struct mrpc_call_sink {
    void (*headers)(struct mrpc_client_call *call);
    /** As in struct mrpc_client_stream_events. */
    bool (*message)(struct mrpc_client_call *call, const uint8_t *bytes, size_t size);
    /** The send queue has fallen to half after a sender was turned away. */
    void (*writable)(struct mrpc_client_call *call);
    /** call->status is final. Once, the last. */
    void (*done)(struct mrpc_client_call *call);
};

/** One received message that waits for its reader. */
struct mrpc_inbox_entry {
    struct mrpc_inbox_entry *next;
    size_t size;
    bool compressed; /* on the wire */
    uint8_t bytes[];
};

/* A sender is turned away while more than this is queued. */
#define MRPC_SEND_QUEUE_BYTES (64 * 1024)

struct mrpc_client_call {
    const struct mrpc_call_sink *sink;
    atomic_uint refs;
    struct mrpc_loop *loop;
    const struct mrpc_method *method;
    struct mrpc_arena *arena; /* request fields, response metadata; the program's again after the end */
    int64_t deadline_ms;      /* INT64_MAX: none */
    size_t send_limit_bytes;    /* 0: none */
    size_t receive_limit_bytes;
    size_t message_limit_bytes; /* of the memory of one decoded message */
    size_t retry_buffer_bytes;
    bool wait_for_ready;
    bool compress;
    bool has_secrets;
    const struct mrpc_call_credentials *credentials[2]; /* the channel's, the call's */
    size_t credentials_count;
    struct mrpc_client_chain_call chain;
    bool watches_submitted; /* somebody in the chain wants copies of what is sent */

    /* The form's. */
    const struct mrpc_client_events *events;
    void (*done)(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply);
    void *arg;
    struct mrpc_arena *message_arena; /* of the message that is with the program */
    bool message_compressed;          /* on the wire, it was */
    bool sends_plain;                 /* the sender's: in spite of compress */

    /* The loop's. */
    struct mrpc_channel *channel; /* NULL when ended */
    struct mrpc_client_attempt first;
    struct mrpc_retry retry;
    struct mrpc_method_config config;
    bool configured; /* from a service config; before that, the plain way */
    struct mrpc_metadata headers;  /* of the response, of the attempt that the call is committed to */
    struct mrpc_metadata trailers; /* of the attempt that ended the call */
    struct mrpc_request_field *fields;
    size_t field_count;
    bool half_close_told;
    bool ended_remotely; /* as an attempt ended */
    const char *peer;    /* of the attempt that began last, for interceptors; NULL: none */
    struct mrpc_task task;
    struct mrpc_timer deadline_timer;
    struct mrpc_flusher reaper;
    char timeout_text[16];
    char previous_text[1];

    /* The channel's list of open calls, under the channel's lock. */
    struct mrpc_client_call *all_next;
    struct mrpc_client_call **all_link;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* ended, room to send, something in the inbox */
    bool posted;            /* the task is in the loop's queue */
    bool placed;            /* the loop has seen it first */
    bool ended;
    struct mrpc_status status;
    enum mrpc_code abort_code; /* not OK: the program ends it */
    const char *abort_text;    /* static, or in one of the call's arenas */
    struct mrpc_submitted submitted;
    struct mrpc_buffer outbox; /* framed messages; attempts read it, and may read it again until one is committed */
    size_t dropped_bytes;      /* sent by the program, sent by the committed attempt, no longer in the outbox */
    struct mrpc_client_attempt *committed; /* no other attempt follows; NULL: another may */
    bool half_closed;
    bool more_to_send; /* the loop shall look at the outbox */
    bool credentials_came;
    bool sender_waits; /* was told MRPC_ERR_AGAIN */
    struct mrpc_inbox_entry *inbox;
    struct mrpc_inbox_entry **inbox_end;
    size_t inbox_bytes;
    bool reader_full; /* the sink has told the stream to hold */
    bool read_more;   /* the loop shall resume the stream */
    bool dropping;    /* finish(): messages are of no interest any more */
};

/** Make a call with one reference, the caller's. Errors: MRPC_ERR_NOMEM, MRPC_ERR_INVALID. */
int mrpc_call_core_new(struct mrpc_channel *channel, const struct mrpc_method *method,
                       const struct mrpc_call_options *options, const struct mrpc_call_sink *sink,
                       struct mrpc_client_call **out) MRPC_MUST_USE;
void mrpc_call_core_ref(struct mrpc_client_call *call);
void mrpc_call_core_unref(struct mrpc_client_call *call);
/** The part that belongs to the loop, at rest; one reference. */
void mrpc_call_core_init(struct mrpc_client_call *call);

/** Hand it to the loop. The sink's functions may run from now on. */
void mrpc_call_core_start(struct mrpc_client_call *call);

/** Frame a message of the program's and, if interceptors want one, copy it. On failure *@copy is NULL. Errors: as
 *  mrpc_frame_message(). Lock: not needed. */
int mrpc_call_core_accept(const struct mrpc_client_call *call, const ProtobufCMessage *message, struct mrpc_buffer *out,
                          struct mrpc_inbox_entry **copy, const char **bad_field) MRPC_MUST_USE;
/** Move @framed to the outbox, leaving it empty. Errors: MRPC_ERR_NOMEM. Lock: held. */
int mrpc_call_core_queue(struct mrpc_client_call *call, struct mrpc_buffer *framed) MRPC_MUST_USE;
size_t mrpc_call_core_queued_bytes(const struct mrpc_client_call *call); /* Lock: held. */

/** Let the loop look at the call soon. Lock: held, and the call has not ended. */
void mrpc_call_core_poke(struct mrpc_client_call *call);
/** End it with a code of the program's making; @text is static or in one of its arenas. Nothing if it has ended.
 *  Lock: not held. */
void mrpc_call_core_abort(struct mrpc_client_call *call, enum mrpc_code code, const char *text);
/** Wait for `changed`; false, at once, on the loop's own thread. Lock: held. */
bool mrpc_call_core_wait(struct mrpc_client_call *call) MRPC_MUST_USE;
/** Whether the message that the sink is called with came compressed. Thread: the loop's. */
bool mrpc_call_core_compressed(const struct mrpc_client_call *call);
/** Append a copy of a message to the inbox and wake the reader. False when out of memory. Lock: not held. */
bool mrpc_call_core_deliver(struct mrpc_client_call *call, const uint8_t *bytes, size_t size) MRPC_MUST_USE;
/** The oldest message, now the caller's to free(); NULL: none. Lock: held. */
struct mrpc_inbox_entry *mrpc_call_core_take_message(struct mrpc_client_call *call);
/** Drop what is in the inbox. Lock: held. */
void mrpc_call_core_clear_inbox(struct mrpc_client_call *call);
/** Decode a received message. NULL: *@code and a text in @arena (static if there is no memory) say why. */
const ProtobufCMessage *mrpc_call_core_decode(const struct mrpc_client_call *call, const uint8_t *bytes, size_t size,
                                              struct mrpc_arena *arena, enum mrpc_code *code, const char **text);
/** Move status, metadata and arena of a call that has ended to @reply; the code stays in the call. */
void mrpc_call_core_take_reply(struct mrpc_client_call *call, struct mrpc_reply *reply);

/* Thread: the loop's. */

/** Treat it as the channel's service config says, unless it is treated by one already. */
void mrpc_call_core_configure(struct mrpc_client_call *call);
/** The response's headers are in, or the outbox grows too large: @attempt goes on, no other does. Lock: not held. */
void mrpc_call_core_commit(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt);
/** Forget what the committed attempt has sent. Lock: held. */
void mrpc_call_core_drop_sent(struct mrpc_client_call *call);
/** @attempt, no longer under way, ended so: start another, or end the call. */
void mrpc_call_core_attempt_ended(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt,
                                  const struct mrpc_stream_end *end);
/** (Re)start the timer of its deadline. Errors: MRPC_ERR_NOMEM. */
int mrpc_call_core_set_deadline(struct mrpc_client_call *call);
/** End it as an attempt has ended. */
void mrpc_call_core_end_as(struct mrpc_client_call *call, const struct mrpc_stream_end *end);
/** End it here and now. */
void mrpc_call_core_end(struct mrpc_client_call *call, enum mrpc_code code, const char *text);

#endif

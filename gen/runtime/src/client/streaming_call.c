/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <mrpc/channel.h>

#include "client/call_core.h"

/* Calls with streams, blocking (a reader and a sender may be two threads) or with callbacks on the loop's thread. */

/* The reader's queue: over the first the stream is held, and its window with it; under the second it goes on. */
#define INBOX_FULL_BYTES (64 * 1024)
#define INBOX_RESUME_BYTES (32 * 1024)

/* The blocking form's sink. */

static void ignore(struct mrpc_client_call *call)
{
}

static bool queue_message(struct mrpc_client_call *call, const uint8_t *bytes, size_t size)
{
    pthread_mutex_lock(&call->lock);
    bool dropping = call->dropping;
    pthread_mutex_unlock(&call->lock);
    if (dropping)
        return true;
    if (!mrpc_call_core_deliver(call, bytes, size)) {
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return false;
    }
    pthread_mutex_lock(&call->lock);
    call->reader_full = call->inbox_bytes >= INBOX_FULL_BYTES;
    bool full = call->reader_full;
    pthread_mutex_unlock(&call->lock);
    return !full;
}

static const struct mrpc_call_sink blocking_sink = {
    .headers = ignore, .message = queue_message, .writable = ignore, .done = ignore};

/* The callback form's sink. */

static void tell_headers(struct mrpc_client_call *call)
{
    if (call->events->on_headers)
        call->events->on_headers(call->arg, call, &call->headers);
}

static const ProtobufCMessage *decode_next(struct mrpc_client_call *call, const uint8_t *bytes, size_t size,
                                           enum mrpc_code *code, const char **text)
{
    mrpc_arena_reset(call->message_arena);
    return mrpc_call_core_decode(call, bytes, size, call->message_arena, code, text);
}

static bool tell_message(struct mrpc_client_call *call, const uint8_t *bytes, size_t size)
{
    enum mrpc_code code;
    const char *text;
    if (!call->events->on_message)
        return true;
    const ProtobufCMessage *message = decode_next(call, bytes, size, &code, &text);
    if (!message) {
        mrpc_call_core_end(call, code, text);
        return false;
    }
    call->message_compressed = mrpc_call_core_compressed(call);
    return call->events->on_message(call->arg, call, message);
}

static void tell_writable(struct mrpc_client_call *call)
{
    if (call->events->on_writable)
        call->events->on_writable(call->arg, call);
}

static void tell_done(struct mrpc_client_call *call)
{
    call->events->on_done(call->arg, call, &call->status, &call->trailers);
}

static const struct mrpc_call_sink callback_sink = {
    .headers = tell_headers, .message = tell_message, .writable = tell_writable, .done = tell_done};

static int call_new(struct mrpc_channel *channel, const struct mrpc_method *method,
                    const struct mrpc_call_options *options, const struct mrpc_client_events *events, void *arg,
                    struct mrpc_client_call **out)
{
    struct mrpc_client_call *call;
    if (events && !events->on_done)
        return MRPC_ERR_INVALID;
    int error = mrpc_call_core_new(channel, method, options, events ? &callback_sink : &blocking_sink, &call);
    if (error)
        return error;
    call->events = events;
    call->arg = arg;
    call->message_arena = mrpc_arena_new(call->message_limit_bytes);
    if (!call->message_arena) {
        mrpc_call_core_unref(call);
        return MRPC_ERR_NOMEM;
    }
    *out = call;
    return 0;
}

int mrpc_client_call_start(struct mrpc_channel *channel, const struct mrpc_method *method,
                           const struct mrpc_call_options *options, const struct mrpc_client_events *events, void *arg,
                           struct mrpc_client_call **out)
{
    struct mrpc_client_call *call;
    int error = call_new(channel, method, options, events, arg, &call);
    if (error)
        return error;
    *out = call; /* before the start: on_done may free it before this function has returned */
    mrpc_call_core_start(call);
    return 0;
}

/* A request that is too large ends the call with a status, one that cannot be encoded is the program's mistake. */
static int put_request(struct mrpc_client_call *call, const ProtobufCMessage *request)
{
    struct mrpc_inbox_entry *copy;
    int error = mrpc_call_core_accept(call, request, &call->outbox, &copy, NULL);
    mrpc_submitted_put(call, copy);
    call->half_closed = true;
    if (error != MRPC_ERR_LIMIT)
        return error;
    if (!call->abort_code) {
        call->abort_code = MRPC_RESOURCE_EXHAUSTED;
        call->abort_text = "the request is larger than the channel allows";
    }
    return 0;
}

int mrpc_client_call_start_with(struct mrpc_channel *channel, const struct mrpc_method *method,
                                const struct mrpc_call_options *options, const ProtobufCMessage *request,
                                const struct mrpc_client_events *events, void *arg, struct mrpc_client_call **out)
{
    struct mrpc_client_call *call;
    int error = call_new(channel, method, options, events, arg, &call);
    if (error)
        return error;
    error = put_request(call, request);
    if (error) {
        mrpc_call_core_unref(call);
        return error;
    }
    *out = call;
    mrpc_call_core_start(call);
    return 0;
}

/* Sending. */

static int wait_for_room(struct mrpc_client_call *call)
{
    while (!call->ended && mrpc_call_core_queued_bytes(call) >= MRPC_SEND_QUEUE_BYTES) {
        call->sender_waits = true;
        if (call->events)
            return MRPC_ERR_AGAIN;
        if (!mrpc_call_core_wait(call))
            return MRPC_ERR_WOULD_DEADLOCK;
    }
    if (call->ended || call->abort_code)
        return MRPC_ERR_DONE;
    return call->half_closed ? MRPC_ERR_INVALID : 0;
}

/* @copy goes with it, or away. */
static int queue(struct mrpc_client_call *call, struct mrpc_buffer *framed, struct mrpc_inbox_entry *copy)
{
    pthread_mutex_lock(&call->lock);
    int error = wait_for_room(call);
    if (!error)
        error = mrpc_call_core_queue(call, framed);
    if (!error) {
        mrpc_submitted_put(call, copy);
        mrpc_call_core_poke(call);
    }
    pthread_mutex_unlock(&call->lock);
    if (error)
        free(copy);
    return error;
}

/* Encoding needs no lock; whether there is room is asked before it, so that a turned away sender costs little. */
int mrpc_client_call_send(struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    struct mrpc_buffer framed = {0};
    struct mrpc_inbox_entry *copy;
    pthread_mutex_lock(&call->lock);
    int error = wait_for_room(call);
    pthread_mutex_unlock(&call->lock);
    if (!error)
        error = mrpc_call_core_accept(call, message, &framed, &copy, NULL);
    if (!error)
        error = queue(call, &framed, copy);
    mrpc_buffer_fini(&framed);
    return error;
}

int mrpc_client_call_set_compression(struct mrpc_client_call *call, bool on)
{
    if (on && !call->compress)
        return MRPC_ERR_INVALID;
    call->sends_plain = !on;
    return 0;
}

int mrpc_client_call_half_close(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    bool done = call->ended || call->abort_code;
    if (!done && !call->half_closed) {
        call->half_closed = call->more_to_send = true;
        mrpc_call_core_poke(call);
    }
    pthread_mutex_unlock(&call->lock);
    return done ? MRPC_ERR_DONE : 0;
}

/* Receiving. */

static struct mrpc_inbox_entry *wait_for_message(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    while (!call->inbox && !call->ended && mrpc_call_core_wait(call))
        continue;
    struct mrpc_inbox_entry *entry = mrpc_call_core_take_message(call);
    if (call->reader_full && call->inbox_bytes <= INBOX_RESUME_BYTES && !call->ended) {
        call->reader_full = false;
        call->read_more = true;
        mrpc_call_core_poke(call);
    }
    pthread_mutex_unlock(&call->lock);
    return entry;
}

/* The program's thread found the stream's content wrong, perhaps after it had ended well. */
static void spoil(struct mrpc_client_call *call, enum mrpc_code code, const char *text)
{
    pthread_mutex_lock(&call->lock);
    mrpc_call_core_clear_inbox(call);
    if (call->ended)
        mrpc_status_set(&call->status, code, "%s", text);
    pthread_mutex_unlock(&call->lock);
    mrpc_call_core_abort(call, code, text);
}

const ProtobufCMessage *mrpc_client_call_recv(struct mrpc_client_call *call)
{
    enum mrpc_code code;
    const char *text;
    if (call->events)
        return NULL;
    struct mrpc_inbox_entry *entry = wait_for_message(call);
    if (!entry)
        return NULL;
    const ProtobufCMessage *message = decode_next(call, entry->bytes, entry->size, &code, &text);
    call->message_compressed = entry->compressed;
    free(entry);
    if (!message)
        spoil(call, code, text);
    return message;
}

bool mrpc_client_call_message_compressed(const struct mrpc_client_call *call)
{
    return call->message_compressed;
}

void mrpc_client_call_resume(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    if (!call->ended) {
        call->read_more = true;
        mrpc_call_core_poke(call);
    }
    pthread_mutex_unlock(&call->lock);
}

/* Ending. */

static bool wait_for_end(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    mrpc_call_core_clear_inbox(call);
    if (!call->ended) {
        call->half_closed = call->dropping = true;
        call->more_to_send = call->read_more = true;
        mrpc_call_core_poke(call);
    }
    while (!call->ended && mrpc_call_core_wait(call))
        continue;
    bool ended = call->ended;
    pthread_mutex_unlock(&call->lock);
    return ended;
}

int mrpc_client_call_finish(struct mrpc_client_call *call, struct mrpc_reply *reply)
{
    if (call->events || !wait_for_end(call)) {
        const char *text = call->events ? "a call with callbacks ends with on_done"
                                        : "a blocking call on the loop's own thread would wait for itself";
        if (reply)
            mrpc_status_set(&reply->status, MRPC_INTERNAL, "%s", text);
        return MRPC_INTERNAL;
    }
    int code = call->status.code;
    if (reply)
        mrpc_call_core_take_reply(call, reply);
    return code;
}

void mrpc_client_call_cancel(struct mrpc_client_call *call)
{
    mrpc_call_core_abort(call, MRPC_CANCELLED, "cancelled by the client");
}

void mrpc_client_call_free(struct mrpc_client_call *call)
{
    if (!call)
        return;
    mrpc_client_call_cancel(call);
    mrpc_call_core_unref(call);
}

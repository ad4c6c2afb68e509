/* SPDX-License-Identifier: Apache-2.0 */
#include "client/call_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "client/call_fields.h"
#include "client/channel_core.h"
#include "wire/frame.h"

/* A unary request is kept whole anyway; of a stream no more than this, and then there is no other attempt. */
#define REPLAY_BYTES (1024 * 1024)
/* gRFC A6 allows one transparent retry of a stream that a server refused; a rolling restart refuses more often. */
#define REFUSALS_MAX 5
#define ARENA_FACTOR 8
#define ARENA_EXTRA_BYTES (1024 * 1024)

#define FROM_MEMBER(pointer, member)                                                                                   \
    ((struct mrpc_client_call *)((char *)(pointer)-offsetof(struct mrpc_client_call, member)))

static void ref(struct mrpc_client_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
}

static void call_free(struct mrpc_client_call *call)
{
    mrpc_client_stream_fini(&call->stream);
    mrpc_buffer_fini(&call->outbox);
    mrpc_call_core_clear_inbox(call);
    mrpc_status_fini(&call->status);
    mrpc_arena_free(call->message_arena);
    mrpc_arena_free(call->arena);
    pthread_mutex_destroy(&call->lock);
    pthread_cond_destroy(&call->changed);
    free(call);
}

void mrpc_call_core_unref(struct mrpc_client_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) == 1)
        call_free(call);
}

/* Sending. */

int mrpc_call_core_frame(const struct mrpc_client_call *call, const ProtobufCMessage *message, struct mrpc_buffer *out,
                         const char **bad_field)
{
    enum mrpc_encoding encoding = call->compress ? MRPC_ENCODING_GZIP : MRPC_ENCODING_IDENTITY;
    return mrpc_frame_message(call->method->request, message, encoding, call->send_limit_bytes, out, bad_field);
}

size_t mrpc_call_core_queued_bytes(const struct mrpc_client_call *call)
{
    return mrpc_buffer_size(&call->outbox) - call->taken_bytes;
}

int mrpc_call_core_queue(struct mrpc_client_call *call, struct mrpc_buffer *framed)
{
    call->more_to_send = true;
    if (mrpc_buffer_size(&call->outbox) == 0) {
        struct mrpc_buffer empty = call->outbox;
        call->outbox = *framed;
        *framed = empty;
        return 0;
    }
    int error = mrpc_buffer_append(&call->outbox, mrpc_buffer_bytes(framed), mrpc_buffer_size(framed));
    mrpc_buffer_clear(framed, SIZE_MAX);
    return error;
}

static size_t stream_outgoing(struct mrpc_client_stream *stream, bool *last)
{
    struct mrpc_client_call *call = (struct mrpc_client_call *)stream;
    pthread_mutex_lock(&call->lock);
    size_t size = mrpc_call_core_queued_bytes(call);
    *last = call->half_closed;
    pthread_mutex_unlock(&call->lock);
    return size;
}

/* What is taken stays for another attempt until the server has answered or it becomes too much. */
static void drop_taken(struct mrpc_client_call *call)
{
    if (!call->committed && call->taken_bytes > REPLAY_BYTES && call->method->client_streaming)
        call->committed = true;
    if (!call->committed)
        return;
    mrpc_buffer_consume(&call->outbox, call->taken_bytes);
    call->taken_bytes = 0;
}

static void stream_take(struct mrpc_client_stream *stream, uint8_t *out, size_t size)
{
    struct mrpc_client_call *call = (struct mrpc_client_call *)stream;
    pthread_mutex_lock(&call->lock);
    memcpy(out, mrpc_buffer_bytes(&call->outbox) + call->taken_bytes, size);
    call->taken_bytes += size;
    drop_taken(call);
    bool room = call->sender_waits && mrpc_call_core_queued_bytes(call) <= MRPC_SEND_QUEUE_BYTES / 2;
    if (room) /* the program hears of it from the task, not from within the session */
        mrpc_call_core_poke(call);
    pthread_mutex_unlock(&call->lock);
    if (room)
        pthread_cond_broadcast(&call->changed);
}

/* The end. */

static void reap(struct mrpc_flusher *flusher)
{
    mrpc_call_core_unref(FROM_MEMBER(flusher, reaper));
}

/* The loop's reference goes at the end of the wake-up: the stream may be in use further up the stack. */
static void finish(struct mrpc_client_call *call)
{
    struct mrpc_loop *loop = call->loop;
    mrpc_client_stream_cancel(&call->stream, NGHTTP2_CANCEL);
    if (call->connection)
        mrpc_client_connection_touch(call->connection);
    call->connection = NULL;
    mrpc_loop_timer_cancel(loop, &call->deadline_timer);
    mrpc_channel_forget(call->channel, call);
    call->channel = NULL;
    mrpc_loop_flush_later(loop, &call->reaper);
    pthread_mutex_lock(&call->lock);
    call->ended = true;
    pthread_cond_broadcast(&call->changed);
    pthread_mutex_unlock(&call->lock);
    call->sink->done(call);
}

void mrpc_call_core_end(struct mrpc_client_call *call, enum mrpc_code code, const char *text)
{
    if (!call->channel)
        return;
    call->status.code = code;
    call->status.message = *text ? strdup(text) : NULL; /* without memory the code must do */
    finish(call);
}

static void copy_details(struct mrpc_status *status, const struct mrpc_stream_end *end)
{
    if (end->details_bytes == 0)
        return;
    status->details = malloc(end->details_bytes);
    if (!status->details)
        return;
    memcpy(status->details, end->details, end->details_bytes);
    status->details_bytes = end->details_bytes;
}

static bool may_try_again(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    if (!end->unprocessed)
        return false;
    if (!end->never_sent && ++call->refusals > REFUSALS_MAX)
        return false;
    pthread_mutex_lock(&call->lock);
    bool possible = !call->committed;
    if (possible)
        call->taken_bytes = 0;
    pthread_mutex_unlock(&call->lock);
    return possible;
}

static void stream_closed(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end)
{
    struct mrpc_client_call *call = (struct mrpc_client_call *)stream;
    call->connection = NULL;
    if (may_try_again(call, end)) {
        mrpc_channel_place(call->channel, call);
        return;
    }
    bool too_late = call->deadline_ms <= mrpc_clock_ms();
    if (end->reset && end->code == MRPC_CANCELLED && too_late) {
        /* The server's clock was faster than our timer. */
        mrpc_call_core_end(call, MRPC_DEADLINE_EXCEEDED, "deadline exceeded");
        return;
    }
    copy_details(&call->status, end);
    mrpc_call_core_end(call, end->code, end->message);
}

/* Receiving. */

static void commit(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    call->committed = true;
    drop_taken(call);
    pthread_mutex_unlock(&call->lock);
}

static void stream_headers(struct mrpc_client_stream *stream)
{
    struct mrpc_client_call *call = (struct mrpc_client_call *)stream;
    commit(call);
    call->sink->headers(call);
}

static bool stream_message(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    struct mrpc_client_call *call = (struct mrpc_client_call *)stream;
    return call->sink->message(call, bytes, size);
}

static const struct mrpc_client_stream_events stream_events = {
    .headers = stream_headers,
    .message = stream_message,
    .outgoing = stream_outgoing,
    .take = stream_take,
    .closed = stream_closed,
};

/* The loop's side of what the program asks for. */

static void on_deadline(struct mrpc_timer *timer)
{
    mrpc_call_core_end(FROM_MEMBER(timer, deadline_timer), MRPC_DEADLINE_EXCEEDED, "deadline exceeded");
}

static void place_first(struct mrpc_client_call *call)
{
    if (call->deadline_ms <= mrpc_loop_time_ms(call->loop)) {
        mrpc_call_core_end(call, MRPC_DEADLINE_EXCEEDED, "deadline exceeded before the call began");
        return;
    }
    if (call->deadline_ms != INT64_MAX &&
        mrpc_loop_timer_set(call->loop, &call->deadline_timer, call->deadline_ms) != 0) {
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    mrpc_channel_place(call->channel, call);
}

struct wishes {
    enum mrpc_code abort_code;
    const char *abort_text;
    bool place, send, read, writable;
};

static struct wishes take_wishes(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    struct wishes wishes = {.abort_code = call->abort_code,
                            .abort_text = call->abort_text,
                            .place = !call->placed,
                            .send = call->more_to_send,
                            .read = call->read_more};
    wishes.writable = call->sender_waits && mrpc_call_core_queued_bytes(call) <= MRPC_SEND_QUEUE_BYTES / 2;
    if (wishes.writable)
        call->sender_waits = false;
    call->posted = call->more_to_send = call->read_more = false;
    call->placed = true;
    pthread_mutex_unlock(&call->lock);
    return wishes;
}

static void grant(struct mrpc_client_call *call, const struct wishes *wishes)
{
    if (wishes->abort_code) {
        mrpc_call_core_end(call, wishes->abort_code, wishes->abort_text);
        return;
    }
    if (wishes->place) {
        place_first(call);
        return;
    }
    if (wishes->send)
        mrpc_client_stream_resume_sending(&call->stream);
    if (wishes->read)
        mrpc_client_stream_resume_reading(&call->stream);
    if (call->connection)
        mrpc_client_connection_touch(call->connection);
    if (wishes->writable && call->channel)
        call->sink->writable(call);
}

static void run_task(struct mrpc_task *task)
{
    struct mrpc_client_call *call = FROM_MEMBER(task, task);
    struct wishes wishes = take_wishes(call);
    if (call->channel) /* it may have ended in between */
        grant(call, &wishes);
    mrpc_call_core_unref(call);
}

void mrpc_call_core_poke(struct mrpc_client_call *call)
{
    if (call->posted)
        return;
    call->posted = true;
    ref(call);
    mrpc_loop_post(call->loop, &call->task);
}

void mrpc_call_core_start(struct mrpc_client_call *call)
{
    ref(call); /* the loop's, until the end */
    ref(call); /* this function's: the call may end, and its owner free it, before the lock is released */
    mrpc_channel_enlist(call->channel, call);
    pthread_mutex_lock(&call->lock);
    mrpc_call_core_poke(call);
    pthread_mutex_unlock(&call->lock);
    mrpc_call_core_unref(call);
}

void mrpc_call_core_abort(struct mrpc_client_call *call, enum mrpc_code code, const char *text)
{
    pthread_mutex_lock(&call->lock);
    if (!call->ended && call->abort_code == MRPC_OK) {
        call->abort_code = code;
        call->abort_text = text;
        mrpc_call_core_poke(call);
    }
    pthread_mutex_unlock(&call->lock);
}

bool mrpc_call_core_wait(struct mrpc_client_call *call)
{
    if (mrpc_loop_is_own_thread(call->loop))
        return false;
    pthread_cond_wait(&call->changed, &call->lock);
    return true;
}

/* Attempts. */

void mrpc_call_core_attempt(struct mrpc_client_call *call, struct mrpc_client_connection *connection,
                            const char *authority)
{
    if (call->has_token && !mrpc_client_connection_is_private(connection)) {
        mrpc_call_core_end(call, MRPC_UNAUTHENTICATED, "a bearer token is not sent over clear text to another machine");
        return;
    }
    mrpc_call_fields_set_timeout(call, mrpc_clock_ms());
    int error = mrpc_client_session_open(mrpc_client_connection_session(connection), &call->stream, call->method->path,
                                         authority, call->fields, call->field_count);
    if (error) {
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    call->connection = connection;
    mrpc_client_connection_touch(connection);
}

/* Making one. */

static int64_t deadline_of(const struct mrpc_call_options *options)
{
    if (!options || options->timeout_ms == 0)
        return INT64_MAX;
    int64_t now_ms = mrpc_clock_ms();
    return options->timeout_ms < INT64_MAX - now_ms ? now_ms + options->timeout_ms : INT64_MAX;
}

static size_t arena_limit(const struct mrpc_channel *channel)
{
    size_t message_bytes = channel->receive_message_bytes;
    return message_bytes < SIZE_MAX / (ARENA_FACTOR * 2) ? message_bytes * ARENA_FACTOR + ARENA_EXTRA_BYTES : 0;
}

int mrpc_call_core_new(struct mrpc_channel *channel, const struct mrpc_method *method,
                       const struct mrpc_call_options *options, const struct mrpc_call_sink *sink,
                       struct mrpc_client_call **out)
{
    struct mrpc_client_call *call = calloc(1, sizeof *call);
    if (!call)
        return MRPC_ERR_NOMEM;
    mrpc_client_stream_init(&call->stream, &stream_events, channel->receive_message_bytes);
    atomic_init(&call->refs, 1);
    call->sink = sink;
    call->loop = channel->loop;
    call->channel = channel;
    call->method = method;
    call->deadline_ms = deadline_of(options);
    call->wait_for_ready = options && options->wait_for_ready;
    call->compress = options && options->compress;
    call->has_token = channel->authorization;
    call->send_limit_bytes = channel->send_message_bytes;
    call->task.run = run_task;
    call->deadline_timer.fire = on_deadline;
    call->reaper.run = reap;
    call->inbox_end = &call->inbox;
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->changed, NULL);
    call->message_limit_bytes = arena_limit(channel);
    call->arena = mrpc_arena_new(call->message_limit_bytes);
    int error = call->arena ? mrpc_call_fields_make(call, channel, options) : MRPC_ERR_NOMEM;
    if (error) {
        call_free(call);
        return error;
    }
    call->stream.arena = call->arena;
    *out = call;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/call_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/channel_core.h"
#include "wire/frame.h"

#define FROM_MEMBER(pointer, member)                                                                                   \
    ((struct mrpc_client_call *)((char *)(pointer)-offsetof(struct mrpc_client_call, member)))

void mrpc_call_core_ref(struct mrpc_client_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
}

static void call_free(struct mrpc_client_call *call)
{
    static const struct mrpc_metadata none = {0};
    mrpc_client_chain_end(&call->chain, &(struct mrpc_client_end){.code = MRPC_INTERNAL,
                                                                  .message = "the call could not begin",
                                                                  .trailers = &none,
                                                                  .local = true,
                                                                  .peer = ""});
    mrpc_attempt_fini(&call->first);
    mrpc_retry_fini(&call->retry);
    mrpc_submitted_fini(&call->submitted);
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

int mrpc_call_core_accept(const struct mrpc_client_call *call, const ProtobufCMessage *message, struct mrpc_buffer *out,
                          struct mrpc_inbox_entry **copy, const char **bad_field)
{
    enum mrpc_encoding encoding = call->compress && !call->sends_plain ? MRPC_ENCODING_GZIP : MRPC_ENCODING_IDENTITY;
    *copy = NULL;
    int error = mrpc_frame_message(call->method->request, message, encoding, call->send_limit_bytes, out, bad_field);
    return error ? error : mrpc_submitted_copy(call, message, copy);
}

/* How far the attempt that has read most has come. */
static size_t sent_bytes(const struct mrpc_client_call *call)
{
    if (call->committed)
        return call->committed->sent_bytes;
    size_t most = call->first.sent_bytes;
    for (unsigned i = 0; i < call->retry.other_count; i++)
        if (call->retry.others[i]->sent_bytes > most)
            most = call->retry.others[i]->sent_bytes;
    return most;
}

size_t mrpc_call_core_queued_bytes(const struct mrpc_client_call *call)
{
    return call->dropped_bytes + mrpc_buffer_size(&call->outbox) - sent_bytes(call);
}

void mrpc_call_core_drop_sent(struct mrpc_client_call *call)
{
    mrpc_buffer_consume(&call->outbox, call->committed->sent_bytes - call->dropped_bytes);
    call->dropped_bytes = call->committed->sent_bytes;
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

void mrpc_call_core_commit(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt)
{
    pthread_mutex_lock(&call->lock);
    call->committed = attempt;
    mrpc_call_core_drop_sent(call);
    pthread_mutex_unlock(&call->lock);
    mrpc_retry_keep_none(call);
    mrpc_retry_stop(call, attempt, MRPC_CANCELLED);
}

/* The end. */

static void reap(struct mrpc_flusher *flusher)
{
    mrpc_call_core_unref(FROM_MEMBER(flusher, reaper));
}

static void tell_end(struct mrpc_client_call *call)
{
    mrpc_client_chain_end(&call->chain,
                          &(struct mrpc_client_end){.code = call->status.code,
                                                    .message = call->status.message ? call->status.message : "",
                                                    .trailers = &call->trailers,
                                                    .attempts = call->retry.attempts,
                                                    .began = true,
                                                    .local = !call->ended_remotely,
                                                    .peer = call->peer ? call->peer : "",
                                                    .details = call->status.details,
                                                    .details_bytes = call->status.details_bytes});
}

/* The loop's reference goes at the end of the wake-up: the stream may be in use further up the stack. */
static void finish(struct mrpc_client_call *call)
{
    struct mrpc_loop *loop = call->loop;
    mrpc_retry_stop(call, NULL, call->status.code);
    mrpc_retry_keep_none(call);
    tell_end(call);
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

void mrpc_call_core_end_as(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    bool too_late = call->deadline_ms <= mrpc_clock_ms();
    if (end->reset && end->code == MRPC_CANCELLED && too_late) {
        /* The server's clock was faster than our timer. */
        mrpc_call_core_end(call, MRPC_DEADLINE_EXCEEDED, "deadline exceeded");
        return;
    }
    call->ended_remotely = true;
    call->trailers = *end->trailers;
    copy_details(&call->status, end);
    mrpc_call_core_end(call, end->code, end->message);
}

void mrpc_call_core_attempt_ended(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt,
                                  const struct mrpc_stream_end *end)
{
    if (!mrpc_retry_goes_on(call, attempt, end))
        mrpc_call_core_end_as(call, end);
}

/* The loop's side of what the program asks for. */

static void on_deadline(struct mrpc_timer *timer)
{
    mrpc_call_core_end(FROM_MEMBER(timer, deadline_timer), MRPC_DEADLINE_EXCEEDED, "deadline exceeded");
}

int mrpc_call_core_set_deadline(struct mrpc_client_call *call)
{
    if (call->deadline_ms == INT64_MAX)
        return 0;
    return mrpc_loop_timer_set(call->loop, &call->deadline_timer, call->deadline_ms);
}

static void place_first(struct mrpc_client_call *call)
{
    mrpc_call_core_configure(call);
    if (call->deadline_ms <= mrpc_loop_time_ms(call->loop)) {
        mrpc_call_core_end(call, MRPC_DEADLINE_EXCEEDED, "deadline exceeded before the call began");
        return;
    }
    if (mrpc_call_core_set_deadline(call) != 0) {
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    mrpc_retry_start(call);
}

struct wishes {
    enum mrpc_code abort_code;
    const char *abort_text;
    bool place, send, read, writable, credentials;
};

static struct wishes take_wishes(struct mrpc_client_call *call)
{
    pthread_mutex_lock(&call->lock);
    struct wishes wishes = {.abort_code = call->abort_code,
                            .abort_text = call->abort_text,
                            .place = !call->placed,
                            .send = call->more_to_send,
                            .read = call->read_more,
                            .credentials = call->credentials_came};
    wishes.writable = call->sender_waits && mrpc_call_core_queued_bytes(call) <= MRPC_SEND_QUEUE_BYTES / 2;
    if (wishes.writable)
        call->sender_waits = false;
    call->posted = call->more_to_send = call->read_more = call->credentials_came = false;
    call->placed = true;
    pthread_mutex_unlock(&call->lock);
    return wishes;
}

static void resume_sending(struct mrpc_client_call *call)
{
    mrpc_attempt_resume_sending(&call->first);
    for (unsigned i = 0; i < call->retry.other_count; i++)
        mrpc_attempt_resume_sending(call->retry.others[i]);
}

static void resume_reading(struct mrpc_client_call *call)
{
    struct mrpc_client_attempt *attempt = call->committed;
    if (!attempt) /* no headers yet, let alone messages */
        return;
    struct mrpc_client_connection *connection = attempt->connection;
    mrpc_client_stream_resume_reading(&attempt->stream);
    if (connection)
        mrpc_client_connection_touch(connection);
}

static void look_at_credentials(struct mrpc_client_call *call)
{
    mrpc_attempt_look_at_credentials(&call->first);
    for (unsigned i = 0; call->channel && i < call->retry.other_count; i++)
        mrpc_attempt_look_at_credentials(call->retry.others[i]);
}

static void grant(struct mrpc_client_call *call, const struct wishes *wishes)
{
    mrpc_submitted_tell(call);
    if (wishes->abort_code) {
        mrpc_call_core_end(call, wishes->abort_code, wishes->abort_text);
        return;
    }
    if (wishes->place) {
        place_first(call);
        return;
    }
    if (wishes->send)
        resume_sending(call);
    if (wishes->read)
        resume_reading(call);
    if (wishes->credentials && call->channel)
        look_at_credentials(call);
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
    mrpc_call_core_ref(call);
    mrpc_loop_post(call->loop, &call->task);
}

void mrpc_call_core_start(struct mrpc_client_call *call)
{
    mrpc_call_core_ref(call); /* the loop's, until the end */
    /* this function's: the call may end, and its owner free it, before the lock is released */
    mrpc_call_core_ref(call);
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

/* Making one. */

void mrpc_call_core_init(struct mrpc_client_call *call)
{
    atomic_init(&call->refs, 1);
    call->task.run = run_task;
    call->deadline_timer.fire = on_deadline;
    call->reaper.run = reap;
    call->inbox_end = &call->inbox;
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->changed, NULL);
}

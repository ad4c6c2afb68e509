/* SPDX-License-Identifier: Apache-2.0 */

/* How a call comes into being, is cancelled, ends and goes back to its host. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/interceptor.h>

#include "server/call.h"
#include "server/server.h"

#define FREE_CALLS_MAX 256

/* With the record for its interceptors behind it, if there are any. */
static struct mrpc_call *take(struct mrpc_session_host *host)
{
    size_t record_bytes = host->server->chain.record_bytes;
    struct mrpc_call *call = host->free_calls;
    if (call == NULL) {
        call = calloc(1, sizeof(*call) + record_bytes);
    } else {
        host->free_calls = (struct mrpc_call *)call->stream.next;
        host->free_call_count--;
        memset(call, 0, sizeof(*call) + record_bytes);
    }
    if (call != NULL && record_bytes > 0)
        call->record = (struct call_record *)(call + 1);
    return call;
}

static void give(struct mrpc_session_host *host, struct mrpc_call *call)
{
    if (host->free_call_count == FREE_CALLS_MAX) {
        free(call);
        return;
    }
    call->stream.next = (struct mrpc_stream *)host->free_calls;
    host->free_calls = call;
    host->free_call_count++;
}

static struct mrpc_stream *opened(void *owner)
{
    struct host_session *session = owner;
    struct mrpc_session_host *host = session->host;
    /* Rapid reset: what counts is the work that a peer keeps us at, not the streams that it has open. */
    if (session->peer->calls_in_flight >= host->server->limits.concurrent_streams)
        return NULL;
    struct mrpc_call *call = take(host);
    if (call == NULL)
        return NULL;
    call->host = host;
    struct call_desk *desk = mrpc_call_desk_new(call);
    if (desk == NULL) {
        give(host, call);
        return NULL;
    }
    call->stream.desk = &desk->stream;
    call->arena = desk->stream.arena;
    call->session = session;
    call->peer = session->peer;
    call->identity = &call->peer->identity;
    call->peer->references++;
    call->peer->calls_in_flight++;
    call->stream_open = true;
    call->deadline_ms = INT64_MAX;
    if (call->record != NULL)
        mrpc_record_open(call);
    atomic_fetch_add_explicit(&host->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&host->streams, 1, memory_order_relaxed);
    return &call->stream;
}

static void destroy(struct mrpc_call *call)
{
    struct mrpc_session_host *host = call->host;
    if (call->release != NULL)
        call->release(call->data);
    mrpc_call_drop_identity(call);
    mrpc_call_desk_give(call, mrpc_desk_of(call));
    mrpc_host_arena_give(host, call->arena);
    mrpc_peer_unref(call->peer);
    give(host, call);
    atomic_fetch_sub_explicit(&host->calls, 1, memory_order_release);
}

static void tell_ended(struct mrpc_call *call, int code)
{
    if (!call->begun)
        return;
    atomic_fetch_add_explicit(&call->host->calls_ended, 1, memory_order_relaxed);
    if (code != 0)
        atomic_fetch_add_explicit(&call->host->calls_failed, 1, memory_order_relaxed);
    if (call->record != NULL)
        mrpc_record_ended(call, code);
}

void mrpc_call_complete(struct mrpc_call *call, int code, const ProtobufCMessage *response)
{
    if (call->finished)
        return;
    call->finished = true;
    call->held = false;
    call->peer->calls_in_flight--;
    bool cancelled = atomic_load_explicit(&call->cancelled, memory_order_relaxed);
    if (call->stream_open) {
        if (!call->stream.ended)
            code = mrpc_call_answer(call, code, response);
        mrpc_host_touch(&call->session->session);
    }
    tell_ended(call, cancelled ? call->cancel_code : code);
    if (!call->stream_open)
        destroy(call);
}

static void cancel(struct mrpc_call *call, int code)
{
    if (atomic_load_explicit(&call->cancelled, memory_order_relaxed))
        return;
    call->cancel_code = code;
    atomic_store_explicit(&call->cancelled, true, memory_order_release);
    if (call->record != NULL)
        mrpc_record_cancelled(call, code);
    if (call->on_cancel == NULL)
        return;
    call->running++;
    call->on_cancel(call->on_cancel_arg, call);
    call->running--;
}

/* After the cancellation of a call that is not finished: who holds it finishes it, else it is over now. */
static void complete_cancelled(struct mrpc_call *call, int code)
{
    if (call->finish_asked || !call->held)
        mrpc_call_complete(call, code, NULL);
}

void mrpc_call_end_early(struct mrpc_call *call, int code, const char *reason)
{
    struct mrpc_stream *stream = &call->stream;
    /* A status cannot overtake what is queued; a reset can. */
    if (stream->queued_bytes > 0)
        mrpc_stream_reset(stream, code == MRPC_DEADLINE_EXCEEDED ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
    else
        mrpc_stream_finish(
            stream, &(struct stream_end){
                        .code = code,
                        .message = reason,
                        .list_encodings = stream->desk != NULL && stream->desk->encoding == MRPC_ENCODING_UNKNOWN,
                    });
    mrpc_host_touch(&call->session->session);
    if (call->finished)
        return;
    if (call->record != NULL)
        call->record->message = reason;
    cancel(call, code);
    complete_cancelled(call, code);
}

void mrpc_call_abort(struct mrpc_call *call, enum mrpc_code code, const char *message)
{
    bool over = call->finished || atomic_load_explicit(&call->cancelled, memory_order_relaxed);
    if (!over && call->stream_open && !call->stream.ended)
        mrpc_call_end_early(call, code, message);
}

static void closed(struct mrpc_stream *stream)
{
    struct mrpc_call *call = mrpc_call_of(stream);
    call->stream_open = false;
    call->session = NULL;
    atomic_fetch_sub_explicit(&call->host->streams, 1, memory_order_relaxed);
    if (call->finished) {
        destroy(call);
        return;
    }
    cancel(call, MRPC_CANCELLED);
    complete_cancelled(call, MRPC_CANCELLED);
}

static void fault(struct mrpc_stream *stream, enum mrpc_code code, const char *reason)
{
    mrpc_call_end_early(mrpc_call_of(stream), code, reason);
}

static void deadline(struct mrpc_stream *stream)
{
    mrpc_call_end_early(mrpc_call_of(stream), MRPC_DEADLINE_EXCEEDED, "the deadline has passed");
}

static void rejected(void *owner, const char *reason)
{
    struct host_session *session = owner;
    const struct mrpc_server_observer *observer = &session->host->server->observer;
    atomic_fetch_add_explicit(&session->host->rejected, 1, memory_order_relaxed);
    if (observer->rejected != NULL)
        observer->rejected(observer->arg, reason, session->peer->text);
}

static const char *local_address(void *owner)
{
    struct host_session *session = owner;
    return session->local_address != NULL ? session->local_address(session->arg) : NULL;
}

const struct session_events mrpc_call_session_events = {
    .opened = opened,
    .desk = mrpc_call_lend_desk,
    .request = mrpc_call_begin,
    .message = mrpc_call_message,
    .half_closed = mrpc_call_half_closed,
    .fault = fault,
    .deadline = deadline,
    .writable = mrpc_call_writable,
    .closed = closed,
    .rejected = rejected,
    .local_address = local_address,
};

static void run_finish(struct inbox_task *task)
{
    struct mrpc_call *call = MRPC_CONTAINER_OF(task, struct mrpc_call, finish_task);
    mrpc_call_complete(call, call->finish_code, call->response);
}

void mrpc_call_finish(struct mrpc_call *call, int code, const ProtobufCMessage *response)
{
    call->finish_code = code;
    call->response = response;
    if (call->record != NULL)
        mrpc_record_finished(call, code);
    bool sends_first = atomic_load_explicit(&call->sends_posted, memory_order_acquire) > 0;
    if (sends_first || !mrpc_host_inside(call->host)) {
        call->finish_task.run = run_finish;
        mrpc_inbox_push(&call->host->inbox, &call->finish_task);
    } else if (call->running > 0) {
        call->finish_asked = true;
    } else {
        mrpc_call_complete(call, code, response);
    }
}

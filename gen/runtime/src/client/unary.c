/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <mrpc/channel.h>

#include "client/call_core.h"

/* One request, one response, blocking or with a callback. */

void mrpc_reply_fini(struct mrpc_reply *reply)
{
    mrpc_status_fini(&reply->status);
    mrpc_arena_free(reply->arena);
    *reply = (struct mrpc_reply)MRPC_REPLY_INIT;
}

/* Thread: the loop's. */
static void ignore(struct mrpc_client_call *call)
{
}

static bool keep_message(struct mrpc_client_call *call, const uint8_t *bytes, size_t size)
{
    pthread_mutex_lock(&call->lock);
    bool second = call->inbox;
    pthread_mutex_unlock(&call->lock);
    if (second)
        mrpc_call_core_end(call, MRPC_UNIMPLEMENTED, "the server sent more than one response to a unary call");
    else if (!mrpc_call_core_deliver(call, bytes, size))
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return true;
}

/* Of a call that has ended: the response, or NULL and its status says why. */
static const ProtobufCMessage *response_of(struct mrpc_client_call *call)
{
    if (call->status.code != MRPC_OK)
        return NULL;
    struct mrpc_inbox_entry *entry = mrpc_call_core_take_message(call);
    if (!entry) {
        mrpc_status_set(&call->status, MRPC_UNIMPLEMENTED, "the server sent no response to a unary call");
        return NULL;
    }
    enum mrpc_code code;
    const char *text;
    const ProtobufCMessage *response =
        mrpc_call_core_decode(call, entry->bytes, entry->size, call->arena, &code, &text);
    call->message_compressed = entry->compressed;
    free(entry);
    if (!response)
        mrpc_status_set(&call->status, code, "%s", text);
    return response;
}

/* Encode the request into the outbox of a call that has not begun. The text lies in its arena. */
static enum mrpc_code put_request(struct mrpc_client_call *call, const ProtobufCMessage *request, const char **text)
{
    const char *field = NULL;
    struct mrpc_inbox_entry *copy;
    int error = mrpc_call_core_accept(call, request, &call->outbox, &copy, &field);
    mrpc_submitted_put(call, copy);
    call->half_closed = true;
    *text = "";
    if (!error)
        return MRPC_OK;
    *text = mrpc_error_text(error);
    if (error == MRPC_ERR_LIMIT)
        *text = "the request is larger than the channel allows";
    else if (error == MRPC_ERR_INVALID && field)
        *text = mrpc_arena_printf(call->arena, "the request cannot be encoded: %s", field);
    if (!*text)
        *text = "the request cannot be encoded";
    return error == MRPC_ERR_INVALID ? MRPC_INTERNAL : MRPC_RESOURCE_EXHAUSTED;
}

static void fail(struct mrpc_reply *reply, enum mrpc_code code, const char *text)
{
    mrpc_status_set(&reply->status, code, "%s", text);
}

static const char start_text[] = "the call's metadata may not be sent";

static const ProtobufCMessage *run(struct mrpc_client_call *call, struct mrpc_reply *reply)
{
    mrpc_call_core_start(call);
    pthread_mutex_lock(&call->lock);
    while (!call->ended && mrpc_call_core_wait(call))
        continue;
    pthread_mutex_unlock(&call->lock);
    const ProtobufCMessage *response = response_of(call);
    mrpc_call_core_take_reply(call, reply);
    return response;
}

const ProtobufCMessage *mrpc_channel_unary(struct mrpc_channel *channel, const struct mrpc_method *method,
                                           const struct mrpc_call_options *options, const ProtobufCMessage *request,
                                           struct mrpc_reply *reply)
{
    static const struct mrpc_call_sink sink = {
        .headers = ignore, .message = keep_message, .writable = ignore, .done = ignore};
    struct mrpc_client_call *call;
    const char *text;
    int error = mrpc_call_core_new(channel, method, options, &sink, &call);
    if (error) {
        bool invalid = error == MRPC_ERR_INVALID;
        fail(reply, invalid ? MRPC_INTERNAL : MRPC_RESOURCE_EXHAUSTED, invalid ? start_text : mrpc_error_text(error));
        return NULL;
    }
    const ProtobufCMessage *response = NULL;
    enum mrpc_code code = put_request(call, request, &text);
    if (mrpc_loop_is_own_thread(call->loop))
        fail(reply, MRPC_INTERNAL, "a blocking call on the loop's own thread would wait for itself");
    else if (code)
        fail(reply, code, text);
    else
        response = run(call, reply);
    mrpc_call_core_unref(call);
    return response;
}

/* Thread: the loop's. */
static void unary_done(struct mrpc_client_call *call)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const ProtobufCMessage *response = response_of(call);
    mrpc_call_core_take_reply(call, &reply);
    call->done(call->arg, response, &reply);
    mrpc_reply_fini(&reply);
}

void mrpc_channel_unary_async(struct mrpc_channel *channel, const struct mrpc_method *method,
                              const struct mrpc_call_options *options, const ProtobufCMessage *request,
                              void (*done)(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply),
                              void *arg)
{
    static const struct mrpc_call_sink sink = {
        .headers = ignore, .message = keep_message, .writable = ignore, .done = unary_done};
    struct mrpc_client_call *call;
    const char *text = start_text;
    enum mrpc_code code = MRPC_OK;
    int error = mrpc_call_core_new(channel, method, options, &sink, &call);
    if (error == MRPC_ERR_INVALID) { /* a call all the same, so that done() comes from the loop's thread */
        code = MRPC_INTERNAL;
        error = mrpc_call_core_new(channel, method, NULL, &sink, &call);
    }
    if (error) { /* nothing can be posted without memory: done() comes from here */
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        fail(&reply, MRPC_RESOURCE_EXHAUSTED, mrpc_error_text(error));
        done(arg, NULL, &reply);
        mrpc_reply_fini(&reply);
        return;
    }
    call->done = done;
    call->arg = arg;
    if (!code)
        code = put_request(call, request, &text);
    if (code && !call->abort_code) {
        call->abort_code = code;
        call->abort_text = text;
    }
    mrpc_call_core_start(call);
    mrpc_call_core_unref(call);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Heartbeats over one stream, answered one by one: while a message is with the domain loop the next is held back.
 * Instances that asked for it expire when the stream breaks. Of several streams that one was said to go with the newest
 * to say so counts: a client whose connection was lost has another long before this side notices the loss.
 *
 * The call is kept from its opening. As with watches, the domain loop has a list of the streams, so that a drain ends
 * them; a call is finished on its connection loop, but only after the domain has struck it off: so one in the list is
 * always alive, and everything posted for it before its end runs before its end. */

enum { ATTACHED_MAX = 10000 };

struct attached {
    char *namespace_name; /* one allocation with service and id behind it */
    const char *service;
    const char *id;
    int64_t incarnation;
};

struct heartbeat_stream {
    struct registry *registry;
    struct mrpc_call *call;
    struct caller caller;
    const PB(HeartbeatStreamRequest) * message; /* being worked on */
    struct domain_task begin_task;
    struct domain_task task;
    struct domain_task end_task;

    /* The connection loop's, handed over with the end. */
    bool ending;
    bool broken;
    bool drained; /* the text is still to be said */
    int end_code; /* else the call has the text by then */

    /* The domain loop's. */
    uint64_t number; /* from 1 */
    struct heartbeat_stream *next;
    struct heartbeat_stream **link; /* what points here; NULL: not in the list */
    struct attached *attached;
    size_t attached_count;
    size_t attached_capacity;
};

static void free_stream(struct heartbeat_stream *stream)
{
    for (size_t i = 0; i < stream->attached_count; i++)
        free(stream->attached[i].namespace_name);
    free(stream->attached);
    free(stream);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void expire(struct heartbeat_stream *stream, const struct attached *attached)
{
    PB(InstanceKey) key;
    mltrainer__registry__v1__instance_key__init(&key);
    key.namespace_ = attached->namespace_name;
    key.service = (char *)(uintptr_t)attached->service;
    key.id = (char *)(uintptr_t)attached->id;
    struct catalog_slot *slot = catalog_find(registry_catalog(stream->registry), &key);
    if (slot && slot->stream == stream->number && slot->latest &&
        slot->latest->message->incarnation == attached->incarnation)
        registry_remove(stream->registry, slot, REASON_STREAM_BROKEN, "heartbeat stream broken");
}

static void finish_call(void *arg)
{
    struct heartbeat_stream *stream = arg;
    int code = stream->drained ? mrpc_call_fail_retry(stream->call, MRPC_UNAVAILABLE, 1000, "the server is stopping")
                               : stream->end_code;
    mrpc_call_finish(stream->call, code, NULL);
}

static void end_on_domain(struct domain_task *task)
{
    struct heartbeat_stream *stream =
        (struct heartbeat_stream *)((char *)task - offsetof(struct heartbeat_stream, end_task));
    if (stream->next)
        stream->next->link = stream->link;
    *stream->link = stream->next;
    /* A server that stops breaks its streams itself. */
    bool expires = stream->broken && !registry_draining(stream->registry);
    for (size_t i = 0; expires && i < stream->attached_count; i++)
        expire(stream, &stream->attached[i]);
    registry_post_surely(stream->call, finish_call, stream);
}

/* On the connection loop. */
static void ask_end(struct heartbeat_stream *stream, int code)
{
    if (stream->ending)
        return;
    stream->ending = true;
    stream->end_code = code;
    stream->end_task.run = end_on_domain;
    if (domain_loop_post_task(registry_loop(stream->registry), &stream->end_task))
        finish_call(stream); /* the domain has stopped: nobody posts any more */
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    struct heartbeat_stream *stream = arg;
    if (stream->ending) /* in order, and handed over by now */
        return;
    stream->broken = true;
    ask_end(stream, MRPC_CANCELLED);
}

static void on_release(void *data)
{
    free_stream(data);
}

/* The domain may be answering a message at this moment, and then the call is its: what there is to say waits until it
 * has struck the stream off. */
static int end_for_drain(struct heartbeat_stream *stream)
{
    if (stream->ending)
        return MRPC_PENDING;
    stream->drained = true;
    ask_end(stream, MRPC_UNAVAILABLE);
    return MRPC_PENDING;
}

static void drain_on_loop(void *arg)
{
    (void)end_for_drain(arg);
}

void registry_heartbeat_streams_end(struct registry *registry)
{
    for (struct heartbeat_stream *stream = *registry_heartbeat_streams(registry); stream; stream = stream->next)
        registry_post_surely(stream->call, drain_on_loop, stream);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static bool is_attached(const struct heartbeat_stream *stream, const PB(InstanceKey) * key, int64_t incarnation)
{
    for (size_t i = 0; i < stream->attached_count; i++)
        if (stream->attached[i].incarnation == incarnation && strcmp(stream->attached[i].id, key->id) == 0)
            return true; /* incarnations are unique; the id is compared for good measure */
    return false;
}

static int attach(struct heartbeat_stream *stream, const struct catalog_slot *slot, struct fault *fault)
{
    const PB(Instance) *message = slot->latest->message;
    if (is_attached(stream, message->key, message->incarnation))
        return MRPC_OK;
    if (stream->attached_count == ATTACHED_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "a stream carries at most %d instances", ATTACHED_MAX);
    if (stream->attached_count == stream->attached_capacity) {
        size_t capacity = stream->attached_capacity ? stream->attached_capacity * 2 : 4;
        struct attached *grown = realloc(stream->attached, capacity * sizeof *grown);
        if (!grown)
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
        stream->attached = grown;
        stream->attached_capacity = capacity;
    }
    size_t namespace_bytes = strlen(message->key->namespace_) + 1, service_bytes = strlen(message->key->service) + 1;
    char *names = malloc(namespace_bytes + service_bytes + strlen(message->key->id) + 1);
    if (!names)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
    memcpy(names, message->key->namespace_, namespace_bytes);
    memcpy(names + namespace_bytes, message->key->service, service_bytes);
    strcpy(names + namespace_bytes + service_bytes, message->key->id);
    stream->attached[stream->attached_count++] = (struct attached){
        names, names + namespace_bytes, names + namespace_bytes + service_bytes, message->incarnation};
    return MRPC_OK;
}

static int take(struct heartbeat_stream *stream, struct catalog_slot **slot, struct fault *fault)
{
    const PB(HeartbeatStreamRequest) *message = stream->message;
    int code = registry_take_heartbeat(stream->registry, message->heartbeat, &stream->caller, slot, fault);
    if (!code && message->expire_on_disconnect)
        code = attach(stream, *slot, fault);
    if (!code && message->expire_on_disconnect)
        (*slot)->stream = stream->number;
    return code;
}

/* More than 64 KiB of answers that nobody reads. */
static void end_unread(void *arg)
{
    struct heartbeat_stream *stream = arg;
    if (!stream->ending)
        ask_end(stream,
                mrpc_call_fail(stream->call, MRPC_RESOURCE_EXHAUSTED, "the client does not read the answers"));
}

static void run(struct domain_task *task)
{
    struct heartbeat_stream *stream =
        (struct heartbeat_stream *)((char *)task - offsetof(struct heartbeat_stream, task));
    struct fault fault = FAULT_INIT;
    struct catalog_slot *slot = NULL;
    PB(HeartbeatStreamResponse) response;
    mltrainer__registry__v1__heartbeat_stream_response__init(&response);
    Google__Protobuf__Duration ttl;
    google__protobuf__duration__init(&ttl);
    PB(InstanceKey) key = *stream->message->heartbeat->key;
    key.namespace_ = (char *)(uintptr_t)registry_namespace(key.namespace_);
    response.key = &key;
    response.epoch = registry_epoch(stream->registry);
    response.code = take(stream, &slot, &fault);
    response.text = fault.text;
    int64_t ttl_ms = response.code ? 0 : registry_instance_lease_ms(slot->latest);
    if (ttl_ms > 0) {
        ttl.seconds = ttl_ms / 1000;
        ttl.nanos = (int32_t)(ttl_ms % 1000) * 1000000;
        response.lease_ttl = &ttl;
    }
    int error = mrpc_call_send(stream->call, &response.base);
    if (error && error != MRPC_ERR_DONE)
        registry_post_surely(stream->call, end_unread, stream);
    else
        mrpc_call_resume(stream->call);
}

static int check_message(struct mrpc_call *call, const PB(HeartbeatStreamRequest) * message)
{
    struct fault fault = FAULT_INIT;
    char field[96];
    if (!message->heartbeat)
        return mrpc_call_fail_field(call, "heartbeat", "is required");
    if (registry_check_heartbeat(message->heartbeat, &fault) == MRPC_OK)
        return MRPC_OK;
    snprintf(field, sizeof field, "heartbeat.%.80s", fault.field);
    return mrpc_call_fail_field(call, field, "%s", fault.text);
}

/* What is pending here goes on with the answer, or ends with the call. */
int registry_heartbeat_stream_message(void *self, struct mrpc_call *call, const PB(HeartbeatStreamRequest) * message)
{
    struct heartbeat_stream *stream = mrpc_call_data(call);
    if (stream->ending)
        return MRPC_PENDING;
    if (registry_draining(stream->registry))
        return end_for_drain(stream);
    int code = check_message(call, message);
    if (code) {
        ask_end(stream, code);
        return MRPC_PENDING;
    }
    stream->message = message;
    stream->task.run = run;
    if (domain_loop_post_task(registry_loop(stream->registry), &stream->task))
        ask_end(stream, mrpc_call_fail(call, MRPC_UNAVAILABLE, "the registry is stopping"));
    return MRPC_PENDING;
}

static void begin_on_domain(struct domain_task *task)
{
    struct heartbeat_stream *stream =
        (struct heartbeat_stream *)((char *)task - offsetof(struct heartbeat_stream, begin_task));
    struct heartbeat_stream **first = registry_heartbeat_streams(stream->registry);
    stream->number = registry_next_stream(stream->registry);
    stream->next = *first;
    stream->link = first;
    if (stream->next)
        stream->next->link = &stream->next;
    *first = stream;
    if (registry_draining(stream->registry)) /* it came behind the end of the others */
        registry_post_surely(stream->call, drain_on_loop, stream);
}

int registry_heartbeat_stream_open(void *self, struct mrpc_call *call)
{
    struct heartbeat_stream *stream = calloc(1, sizeof *stream);
    if (!stream || caller_of(call, &stream->caller, NULL)) {
        free(stream);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    }
    stream->registry = self;
    stream->call = call;
    stream->begin_task.run = begin_on_domain;
    mrpc_call_set_data(call, stream, on_release);
    if (domain_loop_post_task(registry_loop(self), &stream->begin_task))
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the registry is stopping");
    mrpc_call_on_cancel(call, on_cancel, stream);
    return MRPC_PENDING;
}

int registry_heartbeat_stream_half_close(void *self, struct mrpc_call *call)
{
    ask_end(mrpc_call_data(call), MRPC_OK);
    return MRPC_PENDING;
}

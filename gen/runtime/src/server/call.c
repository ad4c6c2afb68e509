/* SPDX-License-Identifier: Apache-2.0 */

/* What a handler asks its call. */

#include "server/call.h"

#include <stdlib.h>

#include "server/server.h"
#include "wire/metadata_wire.h"

struct mrpc_arena *mrpc_call_own_arena(struct mrpc_call *call)
{
    if (call->arena == NULL)
        call->arena = mrpc_arena_new(call->host->server->limits.decoded_message_bytes);
    return call->arena;
}

struct call_words *mrpc_call_words(struct mrpc_call *call)
{
    struct mrpc_arena *arena = mrpc_call_own_arena(call);
    if (call->words != NULL || arena == NULL)
        return call->words;
    call->words = mrpc_arena_calloc(arena, 1, sizeof(*call->words));
    if (call->words != NULL)
        call->words->headers.arena = call->words->trailers.arena = arena;
    return call->words;
}

struct mrpc_arena *mrpc_call_arena(struct mrpc_call *call)
{
    return mrpc_call_own_arena(call);
}

const struct mrpc_identity *mrpc_call_identity(const struct mrpc_call *call)
{
    return call->identity;
}

const struct mrpc_method *mrpc_call_method(const struct mrpc_call *call)
{
    return call->method != NULL ? call->method->method : NULL;
}

const struct mrpc_metadata *mrpc_call_request_metadata(const struct mrpc_call *call)
{
    static const struct mrpc_metadata none;
    return call->forgot ? &none : &call->stream.desk->metadata;
}

void mrpc_call_set_identity(struct mrpc_call *call, const struct mrpc_identity *identity)
{
    struct call_desk *desk = mrpc_desk_of(call);
    desk->identity = *identity;
    call->identity = &desk->identity;
}

int64_t mrpc_call_now_ms(const struct mrpc_call *call)
{
    return call->host->now_ms;
}

const char *mrpc_call_authority(const struct mrpc_call *call)
{
    return !call->forgot && call->stream.desk->authority != NULL ? call->stream.desk->authority : "";
}

const char *mrpc_call_peer(const struct mrpc_call *call)
{
    return call->peer->text;
}

int64_t mrpc_call_deadline_ms(const struct mrpc_call *call)
{
    return call->deadline_ms;
}

bool mrpc_call_cancelled(const struct mrpc_call *call)
{
    return atomic_load_explicit(&call->cancelled, memory_order_acquire);
}

void mrpc_call_set_data(struct mrpc_call *call, void *data, void (*release)(void *data))
{
    call->data = data;
    call->release = release;
}

void *mrpc_call_data(const struct mrpc_call *call)
{
    return call->data;
}

void mrpc_call_on_cancel(struct mrpc_call *call, void (*callback)(void *arg, struct mrpc_call *call), void *arg)
{
    call->on_cancel = callback;
    call->on_cancel_arg = arg;
    if (callback == NULL || !mrpc_call_cancelled(call))
        return;
    call->on_cancel = NULL;
    call->running++;
    callback(arg, call);
    call->running--;
}

void mrpc_call_on_writable(struct mrpc_call *call, void (*callback)(void *arg, struct mrpc_call *call), void *arg)
{
    call->on_writable = callback;
    call->on_writable_arg = arg;
}

/* What all entries take on the wire must leave room for the status in one header block; see session/respond.c. */
static int add_metadata(struct mrpc_metadata *metadata, const char *key, const void *value, size_t value_bytes)
{
    size_t total = 0;
    for (size_t i = 0; i < metadata->count; i++)
        total += mrpc_metadata_wire_bytes(metadata->entries[i].key, metadata->entries[i].value_bytes);
    if (total + mrpc_metadata_wire_bytes(key, value_bytes) > MRPC_RESPONSE_METADATA_MAX_BYTES)
        return MRPC_ERR_LIMIT;
    return mrpc_metadata_add(metadata, key, value, value_bytes);
}

int mrpc_call_add_header(struct mrpc_call *call, const char *key, const void *value, size_t value_bytes)
{
    if (call->headers_submitted)
        return MRPC_ERR_DONE;
    struct call_words *words = mrpc_call_words(call);
    return words != NULL ? add_metadata(&words->headers, key, value, value_bytes) : MRPC_ERR_NOMEM;
}

int mrpc_call_add_trailer(struct mrpc_call *call, const char *key, const void *value, size_t value_bytes)
{
    struct call_words *words = mrpc_call_words(call);
    return words != NULL ? add_metadata(&words->trailers, key, value, value_bytes) : MRPC_ERR_NOMEM;
}

int mrpc_call_set_compression(struct mrpc_call *call, bool on)
{
    struct mrpc_stream *stream = &call->stream;
    if (on && stream->response_encoding == MRPC_ENCODING_IDENTITY) {
        unsigned accepted = call->forgot ? 0 : stream->desk->accept_encodings;
        if (call->headers_submitted)
            return MRPC_ERR_DONE;
        if ((accepted & (MRPC_ENCODING_GZIP | MRPC_ENCODING_DEFLATE)) == 0)
            return MRPC_ERR_INVALID;
        stream->response_encoding = (accepted & MRPC_ENCODING_GZIP) != 0 ? MRPC_ENCODING_GZIP : MRPC_ENCODING_DEFLATE;
    }
    call->sends_plain = !on;
    return 0;
}

bool mrpc_call_message_compressed(const struct mrpc_call *call)
{
    return !call->forgot && mrpc_assembler_compressed(&call->stream.desk->assembler);
}

unsigned mrpc_call_loop_index(const struct mrpc_call *call)
{
    return call->host->index;
}

struct posted_task {
    struct inbox_task task;
    void (*run)(void *arg);
    void *arg;
};

static void run_posted(struct inbox_task *task)
{
    struct posted_task *posted = MRPC_CONTAINER_OF(task, struct posted_task, task);
    void (*run)(void *arg) = posted->run;
    void *arg = posted->arg;
    free(posted);
    run(arg);
}

int mrpc_call_post(struct mrpc_call *call, void (*task)(void *arg), void *arg)
{
    struct posted_task *posted = malloc(sizeof(*posted));
    if (posted == NULL)
        return MRPC_ERR_NOMEM;
    *posted = (struct posted_task){.task.run = run_posted, .run = task, .arg = arg};
    mrpc_inbox_push(&call->host->inbox, &posted->task);
    return 0;
}

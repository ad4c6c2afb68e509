/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "client/call_core.h"

/* What a call has received, between the loop's thread and the program's. */

bool mrpc_call_core_compressed(const struct mrpc_client_call *call)
{
    return mrpc_assembler_compressed(&call->committed->stream.assembler); /* headers came, so it is committed */
}

bool mrpc_call_core_deliver(struct mrpc_client_call *call, const uint8_t *bytes, size_t size)
{
    struct mrpc_inbox_entry *entry = malloc(sizeof *entry + size);
    if (!entry)
        return false;
    entry->next = NULL;
    entry->size = size;
    entry->compressed = mrpc_call_core_compressed(call);
    if (size > 0)
        memcpy(entry->bytes, bytes, size);
    pthread_mutex_lock(&call->lock);
    *call->inbox_end = entry;
    call->inbox_end = &entry->next;
    call->inbox_bytes += sizeof *entry + size;
    pthread_cond_broadcast(&call->changed);
    pthread_mutex_unlock(&call->lock);
    return true;
}

struct mrpc_inbox_entry *mrpc_call_core_take_message(struct mrpc_client_call *call)
{
    struct mrpc_inbox_entry *entry = call->inbox;
    if (!entry)
        return NULL;
    call->inbox = entry->next;
    if (!call->inbox)
        call->inbox_end = &call->inbox;
    call->inbox_bytes -= sizeof *entry + entry->size;
    return entry;
}

void mrpc_call_core_clear_inbox(struct mrpc_client_call *call)
{
    struct mrpc_inbox_entry *entry;
    while ((entry = mrpc_call_core_take_message(call)))
        free(entry);
}

const ProtobufCMessage *mrpc_call_core_decode(const struct mrpc_client_call *call, const uint8_t *bytes, size_t size,
                                              struct mrpc_arena *arena, enum mrpc_code *code, const char **text)
{
    ProtobufCMessage *message = NULL;
    struct mrpc_decode_error why = {.reason = "malformed"};
    int error = mrpc_decode(call->method->response, bytes, size, NULL, arena, &message, &why);
    if (!error)
        return message;
    if (error != MRPC_ERR_MALFORMED) {
        *code = MRPC_RESOURCE_EXHAUSTED;
        *text = "the response needs more memory than a message of the allowed size may";
        return NULL;
    }
    *code = MRPC_INTERNAL;
    *text = mrpc_arena_printf(arena, "the response cannot be decoded: %s at byte %zu %s", why.reason, why.offset_bytes,
                              why.path);
    if (!*text)
        *text = "the response cannot be decoded";
    return NULL;
}

void mrpc_call_core_take_reply(struct mrpc_client_call *call, struct mrpc_reply *reply)
{
    mrpc_reply_fini(reply);
    *reply = (struct mrpc_reply){.status = call->status,
                                 .headers = call->headers,
                                 .trailers = call->trailers,
                                 .arena = call->arena,
                                 .compressed = call->message_compressed,
                                 .attempts = call->retry.attempts};
    call->status = (struct mrpc_status){.code = call->status.code};
    call->headers = call->trailers = (struct mrpc_metadata){0};
    call->arena = NULL;
}

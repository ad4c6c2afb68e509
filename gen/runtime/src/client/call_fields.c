/* SPDX-License-Identifier: Apache-2.0 */
#include "client/call_fields.h"

#include <string.h>

#include "client/channel_core.h"
#include "wire/encoding.h"
#include "wire/metadata_wire.h"
#include "wire/timeout.h"

/* te, grpc-timeout, content-type, grpc-encoding, grpc-accept-encoding, user-agent, authorization; at the end
 * grpc-previous-rpc-attempts */
#define OWN_FIELDS 8

static void put(struct mrpc_client_call *call, const char *name, const char *value)
{
    call->fields[call->field_count++] = (struct mrpc_request_field){
        .name = name, .value = value, .name_bytes = strlen(name), .value_bytes = strlen(value)};
}

static void put_own(struct mrpc_client_call *call, const struct mrpc_channel *channel)
{
    call->field_count = 2; /* te and grpc-timeout, or te alone in the second place: each attempt fills them in */
    put(call, "content-type", "application/grpc");
    if (call->compress)
        put(call, "grpc-encoding", "gzip");
    put(call, "grpc-accept-encoding", MRPC_ACCEPT_ENCODING);
    put(call, "user-agent", channel->user_agent);
    if (channel->authorization)
        put(call, "authorization", channel->authorization);
}

/* mrpc_metadata_add() checks and copies; what it accepts may be sent. */
int mrpc_call_fields_collect(const struct mrpc_metadatum *entries, size_t count, struct mrpc_metadata *out)
{
    if (count > MRPC_REQUEST_FIELDS_MAX - OWN_FIELDS)
        return MRPC_ERR_INVALID;
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].key)
            return MRPC_ERR_INVALID;
        int error = mrpc_metadata_add(out, entries[i].key, entries[i].value, entries[i].value_bytes);
        if (error)
            return error == MRPC_ERR_LIMIT ? MRPC_ERR_NOMEM : error;
    }
    return 0;
}

static int put_metadata(const struct mrpc_metadata *metadata, struct mrpc_arena *arena,
                        struct mrpc_request_field *fields, size_t *count)
{
    for (size_t i = 0; i < metadata->count; i++) {
        struct mrpc_request_field *field = &fields[(*count)++];
        field->name = metadata->entries[i].key;
        field->name_bytes = strlen(field->name);
        field->value = mrpc_metadata_wire_value(&metadata->entries[i], arena, &field->value_bytes);
        if (!field->value)
            return MRPC_ERR_NOMEM;
    }
    return 0;
}

int mrpc_call_fields_make(struct mrpc_client_call *call, const struct mrpc_channel *channel,
                          const struct mrpc_metadata *metadata)
{
    if (metadata->count > MRPC_REQUEST_FIELDS_MAX - OWN_FIELDS)
        return MRPC_ERR_INVALID;
    call->fields = mrpc_arena_calloc(call->arena, OWN_FIELDS + metadata->count, sizeof *call->fields);
    if (!call->fields)
        return MRPC_ERR_NOMEM;
    put_own(call, channel);
    return put_metadata(metadata, call->arena, call->fields, &call->field_count);
}

int mrpc_call_fields_append(const struct mrpc_request_field *fields, size_t field_count,
                            const struct mrpc_metadata *more, struct mrpc_arena *arena,
                            struct mrpc_request_field out[MRPC_REQUEST_FIELDS_MAX], size_t *count)
{
    if (field_count + more->count > MRPC_REQUEST_FIELDS_MAX)
        return MRPC_ERR_LIMIT;
    memcpy(out, fields, field_count * sizeof *fields);
    *count = field_count;
    return put_metadata(more, arena, out, count);
}

static struct mrpc_request_field own_field(const char *name, const char *value, size_t value_bytes)
{
    return (struct mrpc_request_field){
        .name = name, .value = value, .name_bytes = strlen(name), .value_bytes = value_bytes};
}

const struct mrpc_request_field *mrpc_call_fields_of_attempt(struct mrpc_client_call *call, unsigned previous,
                                                             int64_t now_ms, size_t *count)
{
    static const struct mrpc_request_field te = {"te", "trailers", 2, 8};
    struct mrpc_request_field *fields = call->fields;
    _Static_assert(sizeof call->timeout_text >= MRPC_TIMEOUT_TEXT_BYTES, "a grpc-timeout fits");
    *count = call->field_count;
    if (previous > 0) {
        call->previous_text[0] = (char)('0' + previous); /* of at most MRPC_ATTEMPTS_MAX */
        fields[(*count)++] = own_field("grpc-previous-rpc-attempts", call->previous_text, 1);
    }
    if (call->deadline_ms == INT64_MAX) {
        fields[1] = te;
        --*count;
        return fields + 1;
    }
    fields[0] = te;
    fields[1] = own_field("grpc-timeout", call->timeout_text,
                          mrpc_timeout_format(call->deadline_ms - now_ms, call->timeout_text));
    return fields;
}

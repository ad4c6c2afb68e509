/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "codec/array.h"
#include "codec/decode_internal.h"
#include "codec/field.h"
#include "codec/varint.h"

/* Failures --------------------------------------------------------------------------------------------------------- */

struct path_text {
    char *text;
    size_t length;
    size_t size;
    bool cut;
};

static void add_part(struct path_text *path, const char *part)
{
    size_t length = strlen(part);
    if (path->cut)
        return;
    if (path->length + length + sizeof("..") > path->size) {
        strcpy(path->text + path->length, "..");
        path->cut = true;
        return;
    }
    memcpy(path->text + path->length, part, length + 1);
    path->length += length;
}

static void add_scope(struct path_text *path, const struct mrpc_decode_scope *scope)
{
    if (scope->outer)
        add_scope(path, scope->outer);
    if (scope->field == UINT_MAX)
        return;
    const ProtobufCFieldDescriptor *field = &scope->info->descriptor->fields[scope->field];
    if (path->length > 0)
        add_part(path, ".");
    add_part(path, scope->info->fields[scope->field].proto_name);
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return;
    char index[24];
    snprintf(index, sizeof(index), "[%zu]", mrpc_field_count(field, scope->message));
    add_part(path, index);
}

static const uint8_t *report(struct mrpc_decoder *decoder, const struct mrpc_decode_scope *scope, const uint8_t *at,
                             int error, const char *reason)
{
    decoder->error = error;
    if (!decoder->report)
        return NULL;
    struct path_text path = {decoder->report->path, 0, sizeof(decoder->report->path), false};
    path.text[0] = '\0';
    add_scope(&path, scope);
    decoder->report->offset_bytes = (size_t)(at - decoder->start);
    decoder->report->reason = reason;
    return NULL;
}

const uint8_t *mrpc_decode_fail(struct mrpc_decoder *decoder, const struct mrpc_decode_scope *scope, const uint8_t *at,
                                const char *reason)
{
    return report(decoder, scope, at, MRPC_ERR_MALFORMED, reason);
}

const uint8_t *mrpc_decode_out_of_memory(struct mrpc_decoder *decoder, const struct mrpc_decode_scope *scope,
                                         const uint8_t *at)
{
    if (mrpc_arena_exhausted(decoder->arena))
        return report(decoder, scope, at, MRPC_ERR_LIMIT, "memory budget is spent");
    return report(decoder, scope, at, MRPC_ERR_NOMEM, "out of memory");
}

/* Unknown fields --------------------------------------------------------------------------------------------------- */

static const uint8_t *skip_group(uint32_t number, unsigned depth_left, const uint8_t *at, const uint8_t *end,
                                 const char **reason);

/* Past the value that follows @tag; NULL with *@reason. */
static const uint8_t *skip_value(uint32_t tag, unsigned depth_left, const uint8_t *at, const uint8_t *end,
                                 const char **reason)
{
    uint64_t value;
    *reason = "truncated field";
    switch (tag & 7) {
    case MRPC_WIRE_VARINT:
        return mrpc_varint_read(at, end, &value);
    case MRPC_WIRE_FIXED64:
        return end - at >= 8 ? at + 8 : NULL;
    case MRPC_WIRE_FIXED32:
        return end - at >= 4 ? at + 4 : NULL;
    case MRPC_WIRE_LENGTH:
        at = mrpc_varint_read(at, end, &value);
        return at && value <= (uint64_t)(end - at) ? at + value : NULL;
    case MRPC_WIRE_GROUP_START:
        return skip_group(tag >> 3, depth_left, at, end, reason);
    case MRPC_WIRE_GROUP_END:
        *reason = "end of a group that was not begun";
        return NULL;
    default:
        *reason = "wire type 6 or 7";
        return NULL;
    }
}

static const uint8_t *skip_group(uint32_t number, unsigned depth_left, const uint8_t *at, const uint8_t *end,
                                 const char **reason)
{
    if (depth_left == 1) {
        *reason = "nested too deeply";
        return NULL;
    }
    for (;;) {
        uint64_t tag;
        const uint8_t *after = mrpc_varint_read(at, end, &tag);
        *reason = "truncated group";
        if (!after || after - at > 5 || tag > UINT32_MAX)
            return NULL;
        if (tag >> 3 == 0) {
            *reason = "field number 0";
            return NULL;
        }
        if ((tag & 7) == MRPC_WIRE_GROUP_END) {
            *reason = "end of another group";
            return tag >> 3 == number ? after : NULL;
        }
        at = skip_value((uint32_t)tag, depth_left - 1, after, end, reason);
        if (!at)
            return NULL;
    }
}

static int keep(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, uint32_t tag, const uint8_t *at,
                size_t size)
{
    ProtobufCMessage *message = (ProtobufCMessage *)scope->message;
    ProtobufCMessageUnknownField *fields =
        mrpc_array_room(decoder->arena, message->unknown_fields, sizeof(*fields), message->n_unknown_fields, 1);
    if (!fields)
        return -1;
    message->unknown_fields = fields;
    uint8_t *data = mrpc_arena_memdup(decoder->arena, at, size);
    if (!data)
        return -1;
    fields[message->n_unknown_fields++] =
        (ProtobufCMessageUnknownField){tag >> 3, (ProtobufCWireType)(tag & 7), size, data};
    return 0;
}

const uint8_t *mrpc_decode_unknown(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, uint32_t tag,
                                   const uint8_t *tag_at, const uint8_t *at, const uint8_t *end)
{
    const char *reason;
    if (tag >> 3 == 0)
        return mrpc_decode_fail(decoder, scope, tag_at, "field number 0");
    const uint8_t *after = skip_value(tag, scope->depth_left, at, end, &reason);
    if (!after)
        return mrpc_decode_fail(decoder, scope, tag_at, reason);
    if (decoder->keep_unknown && keep(decoder, scope, tag, at, (size_t)(after - at)))
        return mrpc_decode_out_of_memory(decoder, scope, tag_at);
    return after;
}

/* Required fields and map entries ---------------------------------------------------------------------------------- */

const uint8_t *mrpc_decode_with_required(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                         const uint8_t *at, const uint8_t *end, mrpc_decode_function *decode_fields)
{
    const ProtobufCMessageDescriptor *descriptor = scope->info->descriptor;
    scope->required_seen = mrpc_arena_calloc(decoder->arena, (descriptor->n_fields + 63) / 64, sizeof(uint64_t));
    if (!scope->required_seen)
        return mrpc_decode_out_of_memory(decoder, scope, at);
    const uint8_t *after = decode_fields(decoder, scope, at, end);
    for (unsigned i = 0; after && i < descriptor->n_fields; i++) {
        bool seen = scope->required_seen[i / 64] >> (i % 64) & 1;
        if (seen || !(scope->info->fields[i].flags & MRPC_FIELD_REQUIRED))
            continue;
        scope->field = i;
        return mrpc_decode_fail(decoder, scope, end, "required field is missing");
    }
    return after;
}

int mrpc_decode_complete_entry(struct mrpc_arena *arena, const struct mrpc_message_info *info, ProtobufCMessage *entry)
{
    static const char no_text[1];
    for (unsigned i = 0; i < info->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i];
        void **slot = (void **)((uint8_t *)entry + field->offset);
        if (field->type == PROTOBUF_C_TYPE_STRING && !*slot)
            *slot = (void *)(uintptr_t)no_text;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || *slot)
            continue;
        *slot = mrpc_arena_alloc(arena, info->fields[i].message->descriptor->sizeof_message);
        if (!*slot)
            return -1;
        mrpc_message_init(info->fields[i].message->descriptor, *slot);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/codec.h>

#include <string.h>

#include "base/arena_fast.h"
#include "codec/array.h"
#include "codec/decode_internal.h"
#include "codec/map_index.h"
#include "codec/packed.h"
#include "codec/scalar.h"
#include "codec/utf8.h"

/* A recursive descent, straight into protobuf-c's structs. Every function that reads takes [at, end) and returns where
 * it stopped, or NULL after mrpc_decode_fail(). What keeps hostile input cheap:
 *  - depth is counted, also for groups that are skipped;
 *  - memory is the arena's, so its budget counts everything;
 *  - a singular message that comes again is decoded into the one that is there, so that merging costs what is read;
 *  - arrays grow by doubling or to a counted run, map entries of equal keys share one entry. */

#define DEPTH_DEFAULT 100
#define NO_FIELD UINT_MAX
#define BAD_NUMBER "truncated or over-long number"

static const uint8_t *decode_fields(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, const uint8_t *at,
                                    const uint8_t *end);

/* A tag has at most five bytes and 32 bits; nearly all have one or two bytes. */
static inline const uint8_t *read_tag(const uint8_t *at, const uint8_t *end, uint32_t *tag)
{
    if (at[0] < 0x80) {
        *tag = at[0];
        return at + 1;
    }
    if (end - at >= 2 && at[1] < 0x80) {
        *tag = (at[0] & 0x7f) | (uint32_t)at[1] << 7;
        return at + 2;
    }
    uint64_t value;
    const uint8_t *after = mrpc_varint_read_slow(at, end, &value);
    if (!after || after - at > 5 || value > UINT32_MAX)
        return NULL;
    *tag = (uint32_t)value;
    return after;
}

static inline const uint8_t *read_length(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                         const uint8_t *at, const uint8_t *end, size_t *length)
{
    uint64_t value;
    const uint8_t *after = mrpc_varint_read(at, end, &value);
    if (!after)
        return mrpc_decode_fail(decoder, scope, at, "length is not a varint");
    if (value > (uint64_t)(end - after))
        return mrpc_decode_fail(decoder, scope, at, "length is beyond the end");
    *length = (size_t)value;
    return after;
}

/* Fields mostly come in order: the same again (repeated), the next, else by number where numbers are dense. */
static inline unsigned find_field(const ProtobufCMessageDescriptor *descriptor, uint32_t number, unsigned hint)
{
    const ProtobufCFieldDescriptor *fields = descriptor->fields;
    if (hint < descriptor->n_fields && fields[hint].id == number)
        return hint;
    if (hint + 1 < descriptor->n_fields && fields[hint + 1].id == number)
        return hint + 1;
    if (number - 1 < descriptor->n_fields && fields[number - 1].id == number)
        return number - 1;
    unsigned low = 0, high = descriptor->n_fields;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (fields[middle].id == number)
            return middle;
        if (fields[middle].id < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NO_FIELD;
}

static void *new_message(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, const uint8_t *at,
                         const struct mrpc_message_info *info)
{
    void *message = mrpc_arena_take(decoder->arena, info->descriptor->sizeof_message);
    if (!message) {
        mrpc_decode_out_of_memory(decoder, scope, at);
        return NULL;
    }
    mrpc_message_init(info->descriptor, message);
    return message;
}

/* Strings and bytes ------------------------------------------------------------------------------------------------ */

/* Every empty string; protobuf-c is as free with const for its own. */
static const char no_text[1];

static const uint8_t *read_string(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, const uint8_t *at,
                                  const uint8_t *end, bool utf8, char **slot)
{
    size_t length = 0;
    at = read_length(decoder, scope, at, end, &length);
    if (!at)
        return NULL;
    if (length == 0) {
        *slot = (char *)(uintptr_t)no_text;
        return at;
    }
    size_t good = mrpc_ascii_text(at, length) ? length
                  : utf8                      ? mrpc_utf8_text_prefix(at, length)
                                              : strnlen((const char *)at, length);
    if (good < length)
        return mrpc_decode_fail(decoder, scope, at + good, at[good] ? "invalid UTF-8" : "NUL in a string");
    char *text = mrpc_arena_take(decoder->arena, length + 1);
    if (!text)
        return mrpc_decode_out_of_memory(decoder, scope, at);
    memcpy(text, at, length);
    text[length] = '\0';
    *slot = text;
    return at + length;
}

static const uint8_t *read_bytes(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, const uint8_t *at,
                                 const uint8_t *end, ProtobufCBinaryData *slot)
{
    size_t length = 0;
    at = read_length(decoder, scope, at, end, &length);
    if (!at)
        return NULL;
    uint8_t *bytes = NULL;
    if (length > 0) {
        bytes = mrpc_arena_take(decoder->arena, length);
        if (!bytes)
            return mrpc_decode_out_of_memory(decoder, scope, at);
        memcpy(bytes, at, length);
    }
    *slot = (ProtobufCBinaryData){length, bytes};
    return at + length;
}

/* Messages and values ---------------------------------------------------------------------------------------------- */

static const uint8_t *read_message(struct mrpc_decoder *decoder, struct mrpc_decode_scope *outer, const uint8_t *at,
                                   const uint8_t *end, const struct mrpc_message_info *info, void *message)
{
    size_t length = 0;
    at = read_length(decoder, outer, at, end, &length);
    if (!at)
        return NULL;
    if (outer->depth_left == 1)
        return mrpc_decode_fail(decoder, outer, at, "nested too deeply");
    struct mrpc_decode_scope scope = {outer, info, message, NULL, outer->depth_left - 1, NO_FIELD};
    if (info->required_count == 0)
        return decode_fields(decoder, &scope, at, at + length);
    return mrpc_decode_with_required(decoder, &scope, at, at + length, decode_fields);
}

static inline const uint8_t *read_value(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                        const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info,
                                        const uint8_t *at, const uint8_t *end, void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return read_string(decoder, scope, at, end, info->flags & MRPC_FIELD_UTF8, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(decoder, scope, at, end, slot);
    case PROTOBUF_C_TYPE_MESSAGE: {
        void **message = slot;
        if (!*message)
            *message = new_message(decoder, scope, at, info->message);
        return *message ? read_message(decoder, scope, at, end, info->message, *message) : NULL;
    }
    default: {
        const uint8_t *after = mrpc_scalar_read(field->type, at, end, slot);
        return after ? after : mrpc_decode_fail(decoder, scope, at, BAD_NUMBER);
    }
    }
}

static inline const uint8_t *singular_field(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                            const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info,
                                            const uint8_t *at, const uint8_t *end)
{
    uint8_t *slot = scope->message + field->offset;
    if (field->quantifier_offset) {
        uint32_t *quantifier = mrpc_field_quantifier(field, scope->message);
        if (!mrpc_field_in_oneof(field)) {
            *quantifier = 1;
        } else if (*quantifier != field->id) {
            memset(slot, 0, mrpc_type_traits(field->type).size_bytes);
            *quantifier = field->id;
        }
    }
    if (scope->required_seen)
        scope->required_seen[scope->field / 64] |= UINT64_C(1) << (scope->field % 64);
    return read_value(decoder, scope, field, info, at, end, slot);
}

/* Repeated fields -------------------------------------------------------------------------------------------------- */

/* Two tags of one to five bytes; a call of memcmp costs more than the comparison. */
static inline bool same_tag(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    while (bytes > 0 && a[bytes - 1] == b[bytes - 1])
        bytes--;
    return bytes == 0;
}

/* How many elements with this tag follow one another; at most what the input can hold. Each run is counted once. */
static size_t count_run(const uint8_t *tag_at, const uint8_t *at, const uint8_t *end)
{
    size_t count = 0, tag_bytes = (size_t)(at - tag_at);
    for (;;) {
        uint64_t length;
        at = mrpc_varint_read(at, end, &length);
        if (!at)
            return count + 1;
        count++;
        if (length >= (uint64_t)(end - at))
            return count;
        at += length;
        if ((size_t)(end - at) <= tag_bytes || !same_tag(at, tag_at, tag_bytes))
            return count;
        at += tag_bytes;
    }
}

/* Makes room for @more elements and returns the place of the first. */
static void *array_room(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                        const ProtobufCFieldDescriptor *field, const uint8_t *at, size_t more)
{
    size_t count = mrpc_field_count(field, scope->message);
    size_t element_bytes = mrpc_type_traits(field->type).size_bytes;
    void **slot = (void **)(scope->message + field->offset);
    void *elements = mrpc_array_room(decoder->arena, *slot, element_bytes, count, more);
    if (!elements) {
        mrpc_decode_out_of_memory(decoder, scope, at);
        return NULL;
    }
    *slot = elements;
    return (uint8_t *)elements + count * element_bytes;
}

static const uint8_t *packed_field(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                   const ProtobufCFieldDescriptor *field, const uint8_t *at, const uint8_t *end)
{
    size_t length = 0;
    at = read_length(decoder, scope, at, end, &length);
    if (!at || length == 0)
        return at;
    void *slot = array_room(decoder, scope, field, at, mrpc_packed_count(field->type, at, length));
    if (!slot)
        return NULL;
    size_t *count = mrpc_field_quantifier(field, scope->message), read = 0;
    const uint8_t *stopped = mrpc_packed_read(field->type, at, at + length, slot, &read);
    *count += read;
    return stopped == at + length ? stopped : mrpc_decode_fail(decoder, scope, stopped, BAD_NUMBER);
}

static const uint8_t *map_entry(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                const ProtobufCFieldDescriptor *field, const struct mrpc_message_info *info,
                                const uint8_t *at, const uint8_t *end)
{
    void *entry = mrpc_map_take_spare(field, scope->message);
    if (entry)
        mrpc_message_init(info->descriptor, entry);
    else
        entry = new_message(decoder, scope, at, info);
    if (!entry)
        return NULL;
    const uint8_t *after = read_message(decoder, scope, at, end, info, entry);
    if (!after)
        return NULL;
    if (mrpc_decode_complete_entry(decoder->arena, info, entry) ||
        mrpc_map_put(decoder->arena, field, scope->message, entry))
        return mrpc_decode_out_of_memory(decoder, scope, at);
    return after;
}

/* Strings, bytes and messages mostly come in runs of one tag: the run is counted, the array made for it, and the run
 * read without going back to look at tags. */
static const uint8_t *block_run(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info,
                                const uint8_t *tag_at, const uint8_t *at, const uint8_t *end)
{
    size_t tag_bytes = (size_t)(at - tag_at), element_bytes = mrpc_type_traits(field->type).size_bytes;
    size_t more = count_run(tag_at, at, end);
    uint8_t *slot = array_room(decoder, scope, field, at, more);
    size_t *count = mrpc_field_quantifier(field, scope->message);
    while (slot) {
        if (info->flags & MRPC_FIELD_MAP) {
            at = map_entry(decoder, scope, field, info->message, at, end);
        } else {
            memset(slot, 0, sizeof(void *)); /* a message is made where there is none */
            at = read_value(decoder, scope, field, info, at, end, slot);
            *count += at != NULL;
        }
        if (!at || --more == 0)
            return at;
        slot += element_bytes;
        at += tag_bytes;
    }
    return NULL;
}

static const uint8_t *number_element(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                     const ProtobufCFieldDescriptor *field, const uint8_t *at, const uint8_t *end)
{
    void *slot = array_room(decoder, scope, field, at, 1);
    if (!slot)
        return NULL;
    const uint8_t *after = mrpc_scalar_read(field->type, at, end, slot);
    if (!after)
        return mrpc_decode_fail(decoder, scope, at, BAD_NUMBER);
    ++*(size_t *)mrpc_field_quantifier(field, scope->message);
    return after;
}

/* Fields ----------------------------------------------------------------------------------------------------------- */

static const uint8_t *decode_fields(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, const uint8_t *at,
                                    const uint8_t *end)
{
    const ProtobufCMessageDescriptor *descriptor = scope->info->descriptor;
    unsigned hint = 0;
    while (at && at < end) {
        const uint8_t *tag_at = at;
        uint32_t tag;
        scope->field = NO_FIELD;
        at = read_tag(tag_at, end, &tag);
        if (!at)
            return mrpc_decode_fail(decoder, scope, tag_at, "truncated or over-long tag");
        unsigned index = find_field(descriptor, tag >> 3, hint);
        if (index == NO_FIELD) {
            at = mrpc_decode_unknown(decoder, scope, tag, tag_at, at, end);
            continue;
        }
        const ProtobufCFieldDescriptor *field = &descriptor->fields[index];
        const struct mrpc_field_info *info = &scope->info->fields[index];
        unsigned wire = tag & 7, expected = mrpc_type_traits(field->type).wire;
        scope->field = hint = index;
        if (field->label != PROTOBUF_C_LABEL_REPEATED && wire == expected)
            at = singular_field(decoder, scope, field, info, at, end);
        else if (field->label != PROTOBUF_C_LABEL_REPEATED || (wire != expected && wire != MRPC_WIRE_LENGTH))
            at = mrpc_decode_unknown(decoder, scope, tag, tag_at, at, end);
        else if (wire != expected)
            at = packed_field(decoder, scope, field, at, end);
        else if (expected == MRPC_WIRE_LENGTH)
            at = block_run(decoder, scope, field, info, tag_at, at, end);
        else
            at = number_element(decoder, scope, field, at, end);
    }
    return at;
}

int mrpc_decode(const struct mrpc_message_info *info, const void *bytes, size_t size,
                const struct mrpc_decode_options *options, struct mrpc_arena *arena, ProtobufCMessage **out,
                struct mrpc_decode_error *error)
{
    static const uint8_t nothing[1];
    const uint8_t *start = size ? bytes : nothing;
    struct mrpc_decoder decoder = {
        .start = start, .arena = arena, .keep_unknown = options && options->keep_unknown, .report = error};
    struct mrpc_decode_scope scope = {.info = info,
                                      .depth_left =
                                          options && options->depth_limit ? options->depth_limit : DEPTH_DEFAULT,
                                      .field = NO_FIELD};
    scope.message = new_message(&decoder, &scope, start, info);
    if (!scope.message)
        return decoder.error;
    const uint8_t *end = info->required_count
                             ? mrpc_decode_with_required(&decoder, &scope, start, start + size, decode_fields)
                             : decode_fields(&decoder, &scope, start, start + size);
    if (!end)
        return decoder.error;
    *out = (ProtobufCMessage *)scope.message;
    return 0;
}

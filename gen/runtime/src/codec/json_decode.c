/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_decode.h"

#include <string.h>

#include "codec/array.h"
#include "codec/field.h"
#include "codec/map_index.h"

/* A recursive descent along the message, pulling tokens. What keeps hostile input cheap: depth is counted as in the
 * binary form, memory is the arena's, a member that comes again is refused, and what is not known is passed over
 * without keeping it. */

#define DEPTH_DEFAULT 100
/* A longer name is nobody's. */
#define NAME_MAX_BYTES 256
/* Messages with more fields than bits here note in the arena which have come. */
#define FEW_WORDS 4

/* Failures --------------------------------------------------------------------------------------------------------- */

static const uint8_t *place(const struct mrpc_json_decoder *decoder)
{
    return (const uint8_t *)decoder->reader.text + decoder->reader.at;
}

enum mrpc_json_read mrpc_json_decode_fail(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                          const char *reason)
{
    const char *found = decoder->reader.token == MRPC_JSON_ERROR ? decoder->reader.reason : NULL;
    mrpc_decode_fail(&decoder->base, scope, place(decoder), found ? found : reason);
    return MRPC_JSON_READ_FAILED;
}

enum mrpc_json_read mrpc_json_decode_no_memory(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope)
{
    mrpc_decode_out_of_memory(&decoder->base, scope, place(decoder));
    return MRPC_JSON_READ_FAILED;
}

void *mrpc_json_decode_new(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                           const struct mrpc_message_info *info)
{
    void *message = mrpc_arena_alloc(decoder->base.arena, info->descriptor->sizeof_message);
    if (message)
        mrpc_message_init(info->descriptor, message);
    else
        mrpc_json_decode_no_memory(decoder, scope);
    return message;
}

/* Values ----------------------------------------------------------------------------------------------------------- */

static enum mrpc_json_read read_value(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                      const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info,
                                      void *slot)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return mrpc_json_decode_scalar(decoder, scope, field, slot);
    void *message = mrpc_json_decode_new(decoder, scope, info->message);
    if (!message)
        return MRPC_JSON_READ_FAILED;
    memcpy(slot, &message, sizeof(message));
    return mrpc_json_decode_message(decoder, scope, info->message, message);
}

/* Null is a value of these; of others it stands for the default. */
static bool takes_null(const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return info->message->wellknown == MRPC_WELLKNOWN_VALUE;
    return field->type == PROTOBUF_C_TYPE_ENUM && mrpc_json_is_null_value(field->descriptor);
}

static enum mrpc_json_read read_singular(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                         const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info)
{
    uint32_t *quantifier = field->quantifier_offset ? mrpc_field_quantifier(field, scope->message) : NULL;
    if (mrpc_field_in_oneof(field) && *quantifier != 0)
        return mrpc_json_decode_fail(decoder, scope, "another field of its oneof is set");
    enum mrpc_json_read result = read_value(decoder, scope, field, info, scope->message + field->offset);
    if (result == MRPC_JSON_READ_DONE && quantifier)
        *quantifier = mrpc_field_in_oneof(field) ? field->id : 1;
    return result;
}

/* Lists and maps --------------------------------------------------------------------------------------------------- */

/* The place behind the last element. NULL: the failure is recorded. */
static void *element_room(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                          const ProtobufCFieldDescriptor *field)
{
    size_t count = mrpc_field_count(field, scope->message);
    size_t element_bytes = mrpc_type_traits(field->type).size_bytes;
    void *elements = mrpc_field_pointer(field, scope->message);
    elements = mrpc_array_room(decoder->base.arena, elements, element_bytes, count, 1);
    if (!elements) {
        mrpc_json_decode_no_memory(decoder, scope);
        return NULL;
    }
    memcpy(scope->message + field->offset, &elements, sizeof(elements));
    void *slot = (uint8_t *)elements + count * element_bytes;
    memset(slot, 0, element_bytes);
    return slot;
}

static enum mrpc_json_read read_element(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                        const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info)
{
    if (decoder->reader.token == MRPC_JSON_NULL && !takes_null(field, info))
        return mrpc_json_decode_fail(decoder, scope, "null in a list");
    void *slot = element_room(decoder, scope, field);
    enum mrpc_json_read result = slot ? read_value(decoder, scope, field, info, slot) : MRPC_JSON_READ_FAILED;
    if (result == MRPC_JSON_READ_DONE)
        ++*(size_t *)mrpc_field_quantifier(field, scope->message);
    return result;
}

static enum mrpc_json_read read_list(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                     const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info)
{
    if (decoder->reader.token != MRPC_JSON_ARRAY)
        return mrpc_json_decode_fail(decoder, scope, "a list is expected here");
    while (mrpc_json_next(&decoder->reader) != MRPC_JSON_ARRAY_END) {
        if (decoder->reader.token == MRPC_JSON_ERROR)
            return mrpc_json_decode_fail(decoder, scope, NULL);
        if (read_element(decoder, scope, field, info) == MRPC_JSON_READ_FAILED)
            return MRPC_JSON_READ_FAILED;
    }
    return MRPC_JSON_READ_DONE;
}

static void note_presence(const ProtobufCFieldDescriptor *field, void *message)
{
    if (field->quantifier_offset)
        *(uint32_t *)mrpc_field_quantifier(field, message) = 1;
}

/* Key and value. */
static enum mrpc_json_read fill_entry(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    const ProtobufCFieldDescriptor *key = &scope->info->descriptor->fields[0];
    const ProtobufCFieldDescriptor *value = &scope->info->descriptor->fields[1];
    const struct mrpc_field_info *value_info = &scope->info->fields[1];
    scope->field = 0;
    if (mrpc_json_decode_map_key(decoder, scope, key, scope->message + key->offset))
        return MRPC_JSON_READ_FAILED;
    scope->field = 1;
    if (mrpc_json_next(&decoder->reader) == MRPC_JSON_NULL && !takes_null(value, value_info))
        return mrpc_json_decode_fail(decoder, scope, "null in a map");
    note_presence(key, scope->message);
    note_presence(value, scope->message);
    return read_value(decoder, scope, value, value_info, scope->message + value->offset);
}

static enum mrpc_json_read read_entry(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                      const ProtobufCFieldDescriptor *field, const struct mrpc_message_info *info)
{
    if (scope->depth_left == 1)
        return mrpc_json_decode_fail(decoder, scope, "nested too deeply");
    void *entry = mrpc_json_decode_new(decoder, scope, info);
    if (!entry)
        return MRPC_JSON_READ_FAILED;
    struct mrpc_decode_scope inner = {scope, info, entry, NULL, scope->depth_left - 1, MRPC_JSON_NO_FIELD};
    enum mrpc_json_read result = fill_entry(decoder, &inner);
    if (result != MRPC_JSON_READ_DONE)
        return result;
    size_t before = mrpc_field_count(field, scope->message);
    if (!element_room(decoder, scope, field))
        return MRPC_JSON_READ_FAILED;
    if (mrpc_decode_complete_entry(decoder->base.arena, info, entry) ||
        mrpc_map_put(decoder->base.arena, field, scope->message, entry))
        return mrpc_json_decode_no_memory(decoder, scope);
    if (mrpc_field_count(field, scope->message) == before)
        return mrpc_json_decode_fail(decoder, scope, "a key comes twice");
    return MRPC_JSON_READ_DONE;
}

static enum mrpc_json_read read_map(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                    const ProtobufCFieldDescriptor *field, const struct mrpc_message_info *info)
{
    if (decoder->reader.token != MRPC_JSON_OBJECT)
        return mrpc_json_decode_fail(decoder, scope, "an object is expected here");
    while (mrpc_json_next(&decoder->reader) != MRPC_JSON_OBJECT_END) {
        if (decoder->reader.token == MRPC_JSON_ERROR)
            return mrpc_json_decode_fail(decoder, scope, NULL);
        if (read_entry(decoder, scope, field, info) == MRPC_JSON_READ_FAILED)
            return MRPC_JSON_READ_FAILED;
    }
    return MRPC_JSON_READ_DONE;
}

/* Fields ----------------------------------------------------------------------------------------------------------- */

enum mrpc_json_read mrpc_json_decode_field(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    const ProtobufCFieldDescriptor *field = &scope->info->descriptor->fields[scope->field];
    const struct mrpc_field_info *info = &scope->info->fields[scope->field];
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (decoder->reader.token == MRPC_JSON_NULL && (repeated || !takes_null(field, info)))
        return info->flags & MRPC_FIELD_REQUIRED ? mrpc_json_decode_fail(decoder, scope, "required field is missing")
                                                 : MRPC_JSON_READ_NOTHING;
    if (info->flags & MRPC_FIELD_MAP)
        return read_map(decoder, scope, field, info->message);
    if (repeated)
        return read_list(decoder, scope, field, info);
    return read_singular(decoder, scope, field, info);
}

/* Most names differ in their first byte: whoever sends a great many that are not known must not make us call out for
 * each name of each field. */
static inline bool name_is(const char *name, const char *text, size_t size)
{
    return name[0] == text[0] && strncmp(name, text, size) == 0 && name[size] == '\0';
}

/* Members mostly come in the order of the fields: the search begins behind the one before. */
static unsigned find_field(const struct mrpc_json_reader *key, const struct mrpc_message_info *info, unsigned hint)
{
    char name[NAME_MAX_BYTES];
    size_t size = key->decoded_bytes;
    unsigned count = info->descriptor->n_fields;
    if (size == 0 || size >= sizeof(name))
        return MRPC_JSON_NO_FIELD;
    mrpc_json_decode_string(key, name);
    if (memchr(name, '\0', size))
        return MRPC_JSON_NO_FIELD;
    for (unsigned i = 0; i < count; i++) {
        unsigned at = hint + i < count ? hint + i : hint + i - count;
        if (name_is(info->fields[at].json_name, name, size) || name_is(info->fields[at].proto_name, name, size))
            return at;
    }
    return MRPC_JSON_NO_FIELD;
}

enum mrpc_json_read mrpc_json_decode_unknown(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope)
{
    if (!(decoder->options.flags & MRPC_JSON_IGNORE_UNKNOWN))
        return mrpc_json_decode_fail(decoder, scope, "the message has no such field");
    mrpc_json_next(&decoder->reader);
    return mrpc_json_skip(&decoder->reader) ? MRPC_JSON_READ_DONE : mrpc_json_decode_fail(decoder, scope, NULL);
}

/* Of an object: what has come. */
struct members {
    uint64_t few[FEW_WORDS];
    uint64_t *seen; /* a bit a field */
    unsigned next;  /* where the next member's field probably is */
    bool in_any;
    bool type_seen;
};

static bool note_seen(struct members *members, unsigned field)
{
    uint64_t *word = &members->seen[field / 64], bit = UINT64_C(1) << (field % 64);
    bool before = *word & bit;
    *word |= bit;
    return before;
}

static enum mrpc_json_read pass_type(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                     struct members *members)
{
    if (members->type_seen)
        return mrpc_json_decode_fail(decoder, scope, "the type comes twice");
    members->type_seen = true;
    mrpc_json_next(&decoder->reader);
    return MRPC_JSON_READ_DONE;
}

static enum mrpc_json_read read_member(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                       struct members *members)
{
    scope->field = MRPC_JSON_NO_FIELD;
    if (members->in_any && mrpc_json_string_is(&decoder->reader, "@type"))
        return pass_type(decoder, scope, members);
    unsigned index = find_field(&decoder->reader, scope->info, members->next);
    if (index == MRPC_JSON_NO_FIELD)
        return mrpc_json_decode_unknown(decoder, scope);
    scope->field = index;
    members->next = index + 1 < scope->info->descriptor->n_fields ? index + 1 : 0;
    if (note_seen(members, index))
        return mrpc_json_decode_fail(decoder, scope, "the field comes twice");
    mrpc_json_next(&decoder->reader);
    return mrpc_json_decode_field(decoder, scope);
}

static enum mrpc_json_read check_required(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                          const uint64_t *seen)
{
    for (unsigned i = 0; scope->info->required_count > 0 && i < scope->info->descriptor->n_fields; i++) {
        bool came = seen[i / 64] >> (i % 64) & 1;
        if (came || !(scope->info->fields[i].flags & MRPC_FIELD_REQUIRED))
            continue;
        scope->field = i;
        return mrpc_json_decode_fail(decoder, scope, "required field is missing");
    }
    return MRPC_JSON_READ_DONE;
}

enum mrpc_json_read mrpc_json_decode_object(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                            bool in_any)
{
    struct members members = {.in_any = in_any};
    size_t words = (scope->info->descriptor->n_fields + 63) / 64;
    if (decoder->reader.token != MRPC_JSON_OBJECT)
        return mrpc_json_decode_fail(decoder, scope, "an object is expected here");
    members.seen =
        words > FEW_WORDS ? mrpc_arena_calloc(decoder->base.arena, words, sizeof(*members.seen)) : members.few;
    if (!members.seen)
        return mrpc_json_decode_no_memory(decoder, scope);
    while (mrpc_json_next(&decoder->reader) != MRPC_JSON_OBJECT_END) {
        if (decoder->reader.token == MRPC_JSON_ERROR)
            return mrpc_json_decode_fail(decoder, scope, NULL);
        if (read_member(decoder, scope, &members) == MRPC_JSON_READ_FAILED)
            return MRPC_JSON_READ_FAILED;
    }
    scope->field = MRPC_JSON_NO_FIELD;
    return check_required(decoder, scope, members.seen);
}

/* Messages --------------------------------------------------------------------------------------------------------- */

static enum mrpc_json_read read_message(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    if (mrpc_json_is_special(scope->info->wellknown))
        return mrpc_json_decode_special(decoder, scope);
    return mrpc_json_decode_object(decoder, scope, false);
}

enum mrpc_json_read mrpc_json_decode_message(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *outer,
                                             const struct mrpc_message_info *info, void *message)
{
    if (outer->depth_left == 1)
        return mrpc_json_decode_fail(decoder, outer, "nested too deeply");
    struct mrpc_decode_scope scope = {outer, info, message, NULL, outer->depth_left - 1, MRPC_JSON_NO_FIELD};
    return read_message(decoder, &scope);
}

static void copy_options(const struct mrpc_json_options *given, struct mrpc_json_options *out)
{
    size_t known = given ? given->struct_bytes : 0;
    *out = (struct mrpc_json_options){0};
    if (given)
        memcpy(out, given, known > 0 && known < sizeof(*out) ? known : sizeof(*out));
    if (out->depth_limit == 0)
        out->depth_limit = DEPTH_DEFAULT;
}

int mrpc_json_decode(const struct mrpc_message_info *info, const char *text, size_t size,
                     const struct mrpc_json_options *options, struct mrpc_arena *arena, ProtobufCMessage **out,
                     struct mrpc_decode_error *error)
{
    struct mrpc_json_decoder decoder = {.base = {.start = (const uint8_t *)text, .arena = arena, .report = error}};
    copy_options(options, &decoder.options);
    mrpc_json_reader_init(&decoder.reader, text, size, 0);
    struct mrpc_decode_scope scope = {
        .info = info, .depth_left = decoder.options.depth_limit, .field = MRPC_JSON_NO_FIELD};
    scope.message = mrpc_json_decode_new(&decoder, &scope, info);
    if (!scope.message)
        return decoder.base.error;
    mrpc_json_next(&decoder.reader);
    if (read_message(&decoder, &scope) == MRPC_JSON_READ_FAILED)
        return decoder.base.error;
    if (mrpc_json_next(&decoder.reader) != MRPC_JSON_END) {
        mrpc_json_decode_fail(&decoder, &scope, NULL);
        return decoder.base.error;
    }
    *out = (ProtobufCMessage *)scope.message;
    return 0;
}

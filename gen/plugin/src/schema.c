/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "wire.h"

enum { REQUEST_PROTO_FILE = 15 }; /* CodeGeneratorRequest.proto_file */

bool schema_fail(struct schema *schema, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    schema->error = pool_strdup(schema->pool, text);
    return false;
}

/* Where each proto_file lies in the request: packing the unpacked message again could lose what protobuf-c does not
 * know, and reflection must answer with what protoc gave. */
static bool schema_slice_files(struct schema *schema, const uint8_t *bytes, size_t size)
{
    struct wire_reader reader = {.at = bytes, .end = bytes + size};
    struct wire_field field;
    size_t count = 0;
    while (wire_next(&reader, &field)) {
        if (field.number != REQUEST_PROTO_FILE || field.type != WIRE_BYTES) {
            continue;
        }
        if (count == schema->file_count) {
            return schema_fail(schema, "the request has more files than protobuf-c found");
        }
        schema->files[count].bytes = field.bytes;
        schema->files[count].size = field.size;
        count++;
    }
    if (reader.broken || count != schema->file_count) {
        return schema_fail(schema, "the request's files cannot be told apart");
    }
    return true;
}

bool schema_read(struct schema *schema, struct pool *pool, const uint8_t *bytes, size_t size)
{
    *schema = (struct schema){.pool = pool, .c_prefix = ""};
    if (!wire_is_shallow(bytes, size)) {
        return schema_fail(schema, "the input is not a CodeGeneratorRequest: truncated, garbage, or nested too deep");
    }
    schema->original = google__protobuf__compiler__code_generator_request__unpack(&pool->allocator, size, bytes);
    schema->rewritten = google__protobuf__compiler__code_generator_request__unpack(&pool->allocator, size, bytes);
    if (!schema->original || !schema->rewritten || schema->original->n_file_to_generate == 0) {
        return schema_fail(schema, "the input is not a CodeGeneratorRequest: truncated, garbage, or without files");
    }
    schema->file_count = schema->original->n_proto_file;
    schema->files = pool_alloc(pool, (schema->file_count + 1) * sizeof(*schema->files));
    for (size_t i = 0; i < schema->file_count; i++) {
        schema->files[i].original = schema->original->proto_file[i];
        schema->files[i].rewritten = schema->rewritten->proto_file[i];
    }
    return schema_slice_files(schema, bytes, size);
}

struct schema_file *schema_find_file(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->file_count; i++) {
        if (strcmp(schema->files[i].original->name, name) == 0) {
            return &schema->files[i];
        }
    }
    return NULL;
}

static bool schema_index_file(struct schema *schema, struct schema_file *file)
{
    const Google__Protobuf__FileDescriptorProto *original = file->original;
    file->proto3 = original->syntax && strcmp(original->syntax, "proto3") == 0;
    if (original->syntax && !file->proto3 && strcmp(original->syntax, "proto2") != 0) {
        return schema_fail(schema, "%s: syntax \"%s\" is neither proto2 nor proto3", original->name, original->syntax);
    }
    file->stem = name_stem(schema->pool, original->name);
    file->identifier = name_file(schema->pool, original->name);
    if (schema->c_prefix[0]) {
        file->identifier =
            pool_printf(schema->pool, "%s__%s", name_lower(schema->pool, schema->c_prefix), file->identifier);
    }
    file->imports = pool_alloc(schema->pool, (original->n_dependency + 1) * sizeof(struct schema_file *));
    for (size_t i = 0; i < original->n_dependency; i++) {
        file->imports[i] = schema_find_file(schema, original->dependency[i]);
        if (!file->imports[i] || file->imports[i] >= file) {
            return schema_fail(schema, "%s: its import %s does not come before it in the request", original->name,
                               original->dependency[i]);
        }
    }
    return true;
}

static size_t count_types(Google__Protobuf__DescriptorProto **messages, size_t count)
{
    size_t total = count;
    for (size_t i = 0; i < count; i++) {
        total += messages[i]->n_enum_type + count_types(messages[i]->nested_type, messages[i]->n_nested_type);
    }
    return total;
}

/* What the two kinds of type have in common; NULL if it has no name. */
static struct schema_type *schema_add_type(struct schema *schema, struct schema_file *file, struct schema_type *parent,
                                           const char *name)
{
    if (!name) {
        return NULL;
    }
    const char *scope = parent ? parent->full_name : file->original->package;
    struct schema_type *type = &schema->types[schema->type_count++];
    type->file = file;
    type->parent = parent;
    type->full_name = scope && scope[0] ? pool_printf(schema->pool, "%s.%s", scope, name) : name;
    return type;
}

static bool schema_add_enums(struct schema *schema, struct schema_file *file, struct schema_type *parent,
                             Google__Protobuf__EnumDescriptorProto **originals,
                             Google__Protobuf__EnumDescriptorProto **rewritten, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct schema_type *type = schema_add_type(schema, file, parent, originals[i]->name);
        if (!type || originals[i]->n_value == 0) {
            return schema_fail(schema, "%s: an enum without name or values", file->original->name);
        }
        type->enumeration = originals[i];
        type->rewritten_enumeration = rewritten[i];
        for (size_t j = 0; j < originals[i]->n_value; j++) {
            if (!originals[i]->value[j]->name) {
                return schema_fail(schema, "%s: %s has a value without name", file->original->name, type->full_name);
            }
        }
    }
    return true;
}

static bool schema_add_messages(struct schema *schema, struct schema_file *file, struct schema_type *parent,
                                Google__Protobuf__DescriptorProto **originals,
                                Google__Protobuf__DescriptorProto **rewritten, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct schema_type *type = schema_add_type(schema, file, parent, originals[i]->name);
        if (!type) {
            return schema_fail(schema, "%s: a message without name", file->original->name);
        }
        type->message = originals[i];
        type->rewritten_message = rewritten[i];
        if (!schema_add_messages(schema, file, type, originals[i]->nested_type, rewritten[i]->nested_type,
                                 originals[i]->n_nested_type) ||
            !schema_add_enums(schema, file, type, originals[i]->enum_type, rewritten[i]->enum_type,
                              originals[i]->n_enum_type)) {
            return false;
        }
    }
    return true;
}

static int compare_types(const void *left, const void *right)
{
    return strcmp((*(struct schema_type *const *)left)->full_name, (*(struct schema_type *const *)right)->full_name);
}

static bool schema_index_types(struct schema *schema)
{
    size_t count = 0;
    for (size_t i = 0; i < schema->file_count; i++) {
        const Google__Protobuf__FileDescriptorProto *original = schema->files[i].original;
        count += original->n_enum_type + count_types(original->message_type, original->n_message_type);
    }
    schema->types = pool_alloc(schema->pool, (count + 1) * sizeof(*schema->types));
    for (size_t i = 0; i < schema->file_count; i++) {
        struct schema_file *file = &schema->files[i];
        file->first_type = schema->type_count;
        if (!schema_add_messages(schema, file, NULL, file->original->message_type, file->rewritten->message_type,
                                 file->original->n_message_type) ||
            !schema_add_enums(schema, file, NULL, file->original->enum_type, file->rewritten->enum_type,
                              file->original->n_enum_type)) {
            return false;
        }
        file->type_count = schema->type_count - file->first_type;
    }
    schema->by_name = pool_alloc(schema->pool, (count + 1) * sizeof(struct schema_type *));
    for (size_t i = 0; i < schema->type_count; i++) {
        schema->by_name[i] = &schema->types[i];
    }
    qsort(schema->by_name, schema->type_count, sizeof(struct schema_type *), compare_types);
    return true;
}

/* That a field has what every use of it takes for granted. */
static bool schema_check_field(struct schema *schema, const struct schema_type *type,
                               const Google__Protobuf__FieldDescriptorProto *field)
{
    const char *file = type->file->original->name;
    if (!field->name || !field->has_number || !field->has_type || !field->has_label) {
        return schema_fail(schema, "%s: %s.%s lacks a name, number, type or label", file, type->full_name,
                           field->name ? field->name : "?");
    }
    bool needs_type = field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE ||
                      field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP ||
                      field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM;
    if (needs_type) {
        bool wants_enum = field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM;
        const struct schema_type *target = field->type_name ? schema_find_type(schema, field->type_name) : NULL;
        if (!target || wants_enum != (target->enumeration != NULL)) {
            return schema_fail(schema, "%s: %s.%s: its type %s is not known", file, type->full_name, field->name,
                               field->type_name ? field->type_name : "?");
        }
    }
    if (field->has_oneof_index &&
        (field->oneof_index < 0 || (size_t)field->oneof_index >= type->message->n_oneof_decl)) {
        return schema_fail(schema, "%s: %s.%s: its oneof does not exist", file, type->full_name, field->name);
    }
    return true;
}

static bool schema_check_messages(struct schema *schema)
{
    for (size_t i = 0; i < schema->type_count; i++) {
        const struct schema_type *type = &schema->types[i];
        for (size_t j = 0; type->message && j < type->message->n_field; j++) {
            if (!schema_check_field(schema, type, type->message->field[j])) {
                return false;
            }
        }
        for (size_t j = 0; type->message && j < type->message->n_oneof_decl; j++) {
            if (!type->message->oneof_decl[j]->name) {
                return schema_fail(schema, "%s: %s has a oneof without name", type->file->original->name,
                                   type->full_name);
            }
        }
    }
    return true;
}

static bool schema_check_services(struct schema *schema, const Google__Protobuf__FileDescriptorProto *file)
{
    for (size_t i = 0; i < file->n_service; i++) {
        const Google__Protobuf__ServiceDescriptorProto *service = file->service[i];
        for (size_t j = 0; service->name && j < service->n_method; j++) {
            const Google__Protobuf__MethodDescriptorProto *method = service->method[j];
            const struct schema_type *input = method->input_type ? schema_find_type(schema, method->input_type) : NULL;
            const struct schema_type *output =
                method->output_type ? schema_find_type(schema, method->output_type) : NULL;
            if (!method->name || !input || !input->message || !output || !output->message) {
                return schema_fail(schema, "%s: %s.%s: its request or response is not known", file->name, service->name,
                                   method->name ? method->name : "?");
            }
        }
        if (!service->name) {
            return schema_fail(schema, "%s: a service without name", file->name);
        }
    }
    return true;
}

bool schema_index(struct schema *schema)
{
    for (size_t i = 0; i < schema->file_count; i++) {
        if (!schema->files[i].original->name) {
            return schema_fail(schema, "a file of the request has no name");
        }
    }
    for (size_t i = 0; i < schema->file_count; i++) {
        if (!schema_index_file(schema, &schema->files[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < schema->original->n_file_to_generate; i++) {
        struct schema_file *file = schema_find_file(schema, schema->original->file_to_generate[i]);
        if (!file) {
            return schema_fail(schema, "%s: is to be generated but not in the request",
                               schema->original->file_to_generate[i]);
        }
        file->generate = true;
    }
    if (!schema_index_types(schema) || !schema_check_messages(schema)) {
        return false;
    }
    for (size_t i = 0; i < schema->file_count; i++) {
        if (!schema_check_services(schema, schema->files[i].original)) {
            return false;
        }
    }
    return true;
}

struct schema_type *schema_find_type(const struct schema *schema, const char *reference)
{
    if (reference[0] != '.') {
        return NULL;
    }
    struct schema_type key = {.full_name = reference + 1};
    struct schema_type *wanted = &key;
    struct schema_type **found =
        bsearch(&wanted, schema->by_name, schema->type_count, sizeof(*schema->by_name), compare_types);
    return found ? *found : NULL;
}

const char *schema_comment(const struct schema_file *file, const int32_t *path, size_t path_count)
{
    const Google__Protobuf__SourceCodeInfo *info = file->original->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        if (location->n_path == path_count && memcmp(location->path, path, path_count * sizeof(*path)) == 0) {
            return location->leading_comments ? location->leading_comments : location->trailing_comments;
        }
    }
    return NULL;
}

bool schema_is_map_entry(const struct schema_type *type)
{
    return type->message && type->message->options && type->message->options->map_entry;
}

const char *schema_json_name(struct pool *pool, const Google__Protobuf__FieldDescriptorProto *field)
{
    if (field->json_name) {
        return field->json_name;
    }
    char *name = pool_strdup(pool, field->name);
    char *out = name;
    bool capital_next = false;
    for (const char *at = name; *at; at++) {
        if (*at == '_') {
            capital_next = true;
            continue;
        }
        *out++ = capital_next && *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        capital_next = false;
    }
    *out = '\0';
    return name;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

enum { PB_C_FILE_OPTIONS = 1019, PB_C_PACKAGE = 6 }; /* protobuf-c/protobuf-c.proto: pb_c_file, c_package */

/* Options of others mean nothing here, and protobuf-c's own (string_as_bytes, no_generate, …) would change what our
 * files rely on. What stays is the C package, an extension that protobuf-c's copy of FileOptions does not know. */
static Google__Protobuf__FileOptions *rewrite_file_options(struct schema *schema, const char *package)
{
    if (!schema->c_prefix[0]) {
        return NULL;
    }
    bool scoped = package && package[0];
    const char *c_package =
        pool_printf(schema->pool, "%s%s%s", schema->c_prefix, scoped ? "." : "", scoped ? package : "");
    size_t length = strlen(c_package);
    uint8_t *bytes = pool_alloc(schema->pool, length + 3);
    bytes[0] = (uint8_t)(length + 2); /* a varint of one byte: rewrite_file() bounds the length */
    bytes[1] = PB_C_PACKAGE << 3 | 2;
    bytes[2] = (uint8_t)length;
    memcpy(bytes + 3, c_package, length);
    Google__Protobuf__FileOptions *options = pool_alloc(schema->pool, sizeof(*options));
    google__protobuf__file_options__init(options);
    ProtobufCMessageUnknownField *field = pool_alloc(schema->pool, sizeof(*field));
    *field = (ProtobufCMessageUnknownField){
        .tag = PB_C_FILE_OPTIONS, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, .len = length + 3, .data = bytes};
    options->base.n_unknown_fields = 1;
    options->base.unknown_fields = field;
    return options;
}

static void rewrite_enum(struct schema *schema, struct schema_type *type)
{
    Google__Protobuf__EnumDescriptorProto *rewritten = type->rewritten_enumeration;
    const Google__Protobuf__EnumOptions *original = type->enumeration->options;
    rewritten->options = NULL;
    if (original && original->allow_alias) {
        rewritten->options = pool_alloc(schema->pool, sizeof(*rewritten->options));
        google__protobuf__enum_options__init(rewritten->options);
        rewritten->options->has_allow_alias = 1;
        rewritten->options->allow_alias = 1;
    }
    rewritten->n_reserved_range = 0;
    rewritten->n_reserved_name = 0;
    for (size_t i = 0; i < rewritten->n_value; i++) {
        rewritten->value[i]->options = NULL;
    }
}

/* Groups have no struct in protobuf-c. On the wire the decoder skips them, as fields that it does not know. */
static bool rewrite_drop_groups(struct schema_type *type)
{
    Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    size_t kept = 0;
    for (size_t i = 0; i < message->n_field; i++) {
        if (message->field[i]->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP) {
            fprintf(stderr, "protoc-gen-mrpc-c: warning: %s: %s.%s is a group: left out\n", type->file->original->name,
                    type->full_name, type->message->field[i]->name);
            continue;
        }
        message->field[kept++] = message->field[i];
    }
    bool dropped = kept != message->n_field;
    message->n_field = kept;
    return dropped;
}

/* protoc-gen-c writes the default as printf does, and "inf" is no C. */
static bool rewrite_check_default(struct schema *schema, const struct schema_type *type,
                                  const Google__Protobuf__FieldDescriptorProto *field)
{
    bool floating = field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE ||
                    field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT;
    if (floating && field->default_value && !isfinite(strtod(field->default_value, NULL))) {
        return schema_fail(schema, "%s: %s.%s: a default of %s cannot be had: protoc-gen-c makes no valid C of it",
                           type->file->original->name, type->full_name, field->name, field->default_value);
    }
    return true;
}

/* A map entry becomes a plain message: protoc-gen-c makes no difference, and the mark would bind the entry's name to
 * the field's. */
static bool rewrite_message(struct schema *schema, struct schema_type *type)
{
    Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    message->options = NULL;
    message->n_extension = 0;
    message->n_extension_range = 0;
    message->n_reserved_range = 0;
    message->n_reserved_name = 0;
    if (rewrite_drop_groups(type)) {
        type->file->rewritten->source_code_info = NULL; /* its paths count fields */
    }
    rewrite_fields(schema, type);
    for (size_t i = 0; i < message->n_field; i++) {
        Google__Protobuf__FieldDescriptorProto *field = message->field[i];
        if (field->type_name) {
            const struct schema_type *target = schema_find_type(schema, field->type_name);
            field->type_name = pool_printf(schema->pool, ".%s", target->rewritten_name);
        }
        if (!rewrite_check_default(schema, type, field)) {
            return false;
        }
    }
    return true;
}

static void mark_imports(struct schema *schema, const struct schema_file *file, bool *needed)
{
    for (size_t i = 0; i < file->type_count; i++) {
        const struct schema_type *type = &schema->types[file->first_type + i];
        for (size_t j = 0; type->message && j < type->message->n_field; j++) {
            const char *reference = type->message->field[j]->type_name;
            if (reference) {
                needed[schema_find_type(schema, reference)->file - schema->files] = true;
            }
        }
    }
    for (size_t i = 0; i < file->original->n_public_dependency; i++) {
        int32_t index = file->original->public_dependency[i];
        if (index >= 0 && (size_t)index < file->original->n_dependency) {
            needed[file->imports[index] - schema->files] = true;
        }
    }
    needed[file - schema->files] = false;
}

/* Only what the messages use, and what is passed on by `import public`: an import for custom options alone must not
 * make a header depend on that file's header. */
static void rewrite_imports(struct schema *schema, struct schema_file *file)
{
    bool *needed = pool_alloc(schema->pool, schema->file_count * sizeof(*needed));
    mark_imports(schema, file, needed);
    Google__Protobuf__FileDescriptorProto *rewritten = file->rewritten;
    rewritten->dependency = pool_alloc(schema->pool, (schema->file_count + 1) * sizeof(char *));
    rewritten->n_dependency = 0;
    rewritten->n_public_dependency = 0;
    rewritten->n_weak_dependency = 0;
    for (size_t i = 0; i < schema->file_count; i++) {
        if (needed[i]) {
            rewritten->dependency[rewritten->n_dependency++] = schema->files[i].original->name;
        }
    }
}

static bool rewrite_file(struct schema *schema, struct schema_file *file)
{
    Google__Protobuf__FileDescriptorProto *rewritten = file->rewritten;
    const char *package = rewritten->package ? rewritten->package : "";
    if (schema->c_prefix[0] && strlen(schema->c_prefix) + strlen(package) > 100) {
        return schema_fail(schema, "%s: c_prefix and package are over 100 characters", rewritten->name);
    }
    rewritten->options = rewrite_file_options(schema, package);
    rewritten->n_service = 0;
    rewritten->n_extension = 0;
    rewrite_imports(schema, file);
    for (size_t i = 0; i < file->type_count; i++) {
        struct schema_type *type = &schema->types[file->first_type + i];
        if (type->message && !rewrite_message(schema, type)) {
            return false;
        }
        if (type->enumeration) {
            rewrite_enum(schema, type);
        }
    }
    return true;
}

bool rewrite_request(struct schema *schema)
{
    rewrite_type_names(schema);
    for (size_t i = 0; i < schema->file_count; i++) {
        if (!rewrite_file(schema, &schema->files[i])) {
            return false;
        }
    }
    schema->rewritten->parameter = NULL;
    return true;
}

const Google__Protobuf__FieldDescriptorProto *rewrite_original_field(const struct schema_type *type, int32_t number)
{
    for (size_t i = 0; i < type->message->n_field; i++) {
        if (type->message->field[i]->number == number) {
            return type->message->field[i];
        }
    }
    return NULL;
}

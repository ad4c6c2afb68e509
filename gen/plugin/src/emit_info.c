/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "rewrite.h"

static const char *wellknown_kind(const char *full_name)
{
    static const struct {
        const char *full_name;
        const char *kind;
    } kinds[] = {
        {"google.protobuf.Any", "ANY"},
        {"google.protobuf.BoolValue", "WRAPPER"},
        {"google.protobuf.BytesValue", "WRAPPER"},
        {"google.protobuf.DoubleValue", "WRAPPER"},
        {"google.protobuf.Duration", "DURATION"},
        {"google.protobuf.Empty", "EMPTY"},
        {"google.protobuf.FieldMask", "FIELD_MASK"},
        {"google.protobuf.FloatValue", "WRAPPER"},
        {"google.protobuf.Int32Value", "WRAPPER"},
        {"google.protobuf.Int64Value", "WRAPPER"},
        {"google.protobuf.ListValue", "LIST_VALUE"},
        {"google.protobuf.StringValue", "WRAPPER"},
        {"google.protobuf.Struct", "STRUCT"},
        {"google.protobuf.Timestamp", "TIMESTAMP"},
        {"google.protobuf.UInt32Value", "WRAPPER"},
        {"google.protobuf.UInt64Value", "WRAPPER"},
        {"google.protobuf.Value", "VALUE"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].full_name, full_name) == 0) {
            return kinds[i].kind;
        }
    }
    return "NONE";
}

static bool is_message(const Google__Protobuf__FieldDescriptorProto *field)
{
    return field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE;
}

static bool is_string(const Google__Protobuf__FieldDescriptorProto *field)
{
    return field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING;
}

static bool is_packed(const struct schema_type *type, const Google__Protobuf__FieldDescriptorProto *field)
{
    bool packable = !is_message(field) && !is_string(field) &&
                    field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES;
    bool stated = field->options && field->options->has_packed;
    return packable && (stated ? field->options->packed : type->file->proto3);
}

static void emit_flags(struct schema *schema, const struct schema_type *type,
                       const Google__Protobuf__FieldDescriptorProto *field, struct text *out)
{
    bool repeated = field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
    bool required = field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED;
    bool map = repeated && is_message(field) && schema_is_map_entry(schema_find_type(schema, field->type_name));
    bool presence = !repeated && (!type->file->proto3 || field->has_oneof_index || is_message(field));
    const struct {
        bool set;
        const char *name;
    } flags[] = {
        {map, "MRPC_FIELD_MAP"},
        {presence, "MRPC_FIELD_PRESENCE"},
        {is_string(field) && type->file->proto3, "MRPC_FIELD_UTF8"},
        {repeated && is_packed(type, field), "MRPC_FIELD_PACKED"},
        {required, "MRPC_FIELD_REQUIRED"},
    };
    const char *separator = "";
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].set) {
            text_print(out, "%s%s", separator, flags[i].name);
            separator = " | ";
        }
    }
    text_print(out, "%s", separator[0] ? "" : "0");
}

static int compare_fields(const void *left, const void *right)
{
    int32_t a = (*(Google__Protobuf__FieldDescriptorProto *const *)left)->number;
    int32_t b = (*(Google__Protobuf__FieldDescriptorProto *const *)right)->number;
    return (a > b) - (a < b);
}

/* In the order of the descriptor: by number. */
static void emit_fields(struct schema *schema, const struct schema_type *type, struct text *out)
{
    const Google__Protobuf__DescriptorProto *rewritten = type->rewritten_message;
    size_t count = rewritten->n_field;
    Google__Protobuf__FieldDescriptorProto **sorted = pool_alloc(schema->pool, (count + 1) * sizeof(*sorted));
    memcpy(sorted, rewritten->field, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_fields);
    text_print(out, "static const struct mrpc_field_info %s__field_infos[] = {\n", type->c_lower);
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__FieldDescriptorProto *field = rewrite_original_field(type, sorted[i]->number);
        text_print(out, "    {");
        text_quoted(out, field->name);
        text_print(out, ", ");
        text_quoted(out, schema_json_name(schema->pool, field));
        if (is_message(field)) {
            text_print(out, ", &%s__info, ", schema_find_type(schema, field->type_name)->c_lower);
        } else {
            text_print(out, ", NULL, ");
        }
        emit_flags(schema, type, field, out);
        text_print(out, "},\n");
    }
    text_print(out, "};\n");
}

static unsigned count_required(const struct schema_type *type)
{
    const Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    unsigned count = 0;
    for (size_t i = 0; i < message->n_field; i++) {
        count += message->field[i]->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED;
    }
    return count;
}

void emit_infos(struct schema *schema, const struct schema_file *file, struct text *out)
{
    for (size_t i = 0; i < file->type_count; i++) {
        const struct schema_type *type = &schema->types[file->first_type + i];
        if (!type->message) {
            continue;
        }
        bool empty = type->rewritten_message->n_field == 0;
        if (!empty) {
            emit_fields(schema, type, out);
        }
        text_print(out, "const struct mrpc_message_info %s__info = {\n", type->c_lower);
        text_print(out, "    .descriptor = &%s__descriptor,\n", type->c_lower);
        text_print(out, "    .full_name = \"%s\",\n", type->full_name);
        text_print(out, "    .wellknown = MRPC_WELLKNOWN_%s,\n", wellknown_kind(type->full_name));
        text_print(out, "    .fields = %s%s,\n", empty ? "NULL" : type->c_lower, empty ? "" : "__field_infos");
        if (count_required(type) > 0) {
            text_print(out, "    .required_count = %u,\n", count_required(type));
        }
        text_print(out, "};\n\n");
    }
}

void emit_info_declarations(struct schema *schema, const struct schema_file *file, struct text *out)
{
    bool any = false;
    for (size_t i = 0; i < file->type_count; i++) {
        const struct schema_type *type = &schema->types[file->first_type + i];
        if (type->message) {
            text_print(out, "extern const struct mrpc_message_info %s__info;\n", type->c_lower);
            any = true;
        }
    }
    text_print(out, "%s", any ? "\n" : "");
}

/* The declaration of a parameter that takes the value of @field. */
static const char *parameter_type(struct schema *schema, const Google__Protobuf__FieldDescriptorProto *field)
{
    switch (field->type) {
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE:
        return "double ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT:
        return "float ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64:
        return "int64_t ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64:
        return "uint64_t ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32:
        return "int32_t ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32:
        return "uint32_t ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL:
        return "protobuf_c_boolean ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING:
        return "char *";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES:
        return "ProtobufCBinaryData ";
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM:
        return pool_printf(schema->pool, "%s ", schema_find_type(schema, field->type_name)->c_type);
    default:
        return pool_printf(schema->pool, "%s *", schema_find_type(schema, field->type_name)->c_type);
    }
}

static void emit_setter(struct schema *schema, const struct schema_type *type,
                        const Google__Protobuf__FieldDescriptorProto *field, struct text *out)
{
    const char *oneof = type->rewritten_message->oneof_decl[field->oneof_index]->name;
    const char *member = rewrite_member(schema->pool, field);
    text_print(out, "static inline void %s__set_%s(\n    %s *message, %svalue)\n{\n", type->c_lower, member,
               type->c_type, parameter_type(schema, field));
    text_print(out, "    message->%s_case = %s__%s_%s;\n", name_lower(schema->pool, oneof), type->c_upper,
               name_upper(schema->pool, oneof), name_upper(schema->pool, field->name));
    text_print(out, "    message->%s = value;\n}\n\n", member);
}

void emit_setters(struct schema *schema, const struct schema_file *file, struct text *out)
{
    for (size_t i = 0; i < file->type_count; i++) {
        const struct schema_type *type = &schema->types[file->first_type + i];
        for (size_t j = 0; type->message && j < type->rewritten_message->n_field; j++) {
            const Google__Protobuf__FieldDescriptorProto *field = type->rewritten_message->field[j];
            if (!rewrite_is_optional(type, rewrite_original_field(type, field->number))) {
                continue;
            }
            emit_setter(schema, type, field, out);
        }
    }
}

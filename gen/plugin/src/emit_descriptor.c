/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include <string.h>

#include "names.h"
#include "wire.h"

enum { FILE_SOURCE_CODE_INFO = 9 }; /* FileDescriptorProto: comments and positions, which no server answers with */

/* protoc's own bytes, field by field, less the comments. */
static size_t emit_bytes(const struct schema_file *file, struct text *out)
{
    struct wire_reader reader = {.at = file->bytes, .end = file->bytes + file->size};
    struct wire_field field;
    size_t count = 0;
    while (wire_next(&reader, &field)) {
        if (field.number == FILE_SOURCE_CODE_INFO) {
            continue;
        }
        for (const uint8_t *at = field.start; at < reader.at; at++, count++) {
            text_print(out, "%s0x%02x,", count % 20 ? "" : "\n    ", *at);
        }
    }
    return count;
}

static const char *join(struct pool *pool, const char *scope, const char *name)
{
    return scope && scope[0] ? pool_printf(pool, "%s.%s", scope, name) : name;
}

static void collect_extensions(struct pool *pool, const char *scope,
                               Google__Protobuf__FieldDescriptorProto **extensions, size_t count, struct name_set *out)
{
    for (size_t i = 0; i < count; i++) {
        if (extensions[i]->name) {
            name_set_add(out, join(pool, scope, extensions[i]->name));
        }
    }
}

/* Enum values are siblings of their enum, as in C. */
static void collect_enum(struct pool *pool, const struct schema_type *type, struct name_set *out)
{
    const char *scope = type->parent ? type->parent->full_name : type->file->original->package;
    for (size_t i = 0; i < type->enumeration->n_value; i++) {
        name_set_add(out, join(pool, scope, type->enumeration->value[i]->name));
    }
}

static void collect_message(struct pool *pool, const struct schema_type *type, struct name_set *out)
{
    const Google__Protobuf__DescriptorProto *message = type->message;
    for (size_t i = 0; i < message->n_field; i++) {
        name_set_add(out, join(pool, type->full_name, message->field[i]->name));
    }
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        name_set_add(out, join(pool, type->full_name, message->oneof_decl[i]->name));
    }
    collect_extensions(pool, type->full_name, message->extension, message->n_extension, out);
}

static void collect_services(struct pool *pool, const Google__Protobuf__FileDescriptorProto *file, struct name_set *out)
{
    for (size_t i = 0; i < file->n_service; i++) {
        const char *service = join(pool, file->package, file->service[i]->name);
        name_set_add(out, service);
        for (size_t j = 0; j < file->service[i]->n_method; j++) {
            name_set_add(out, join(pool, service, file->service[i]->method[j]->name));
        }
    }
}

/* Every full name that the file defines, sorted by strcmp. */
static size_t emit_symbols(struct schema *schema, const struct schema_file *file, struct text *out)
{
    struct name_set symbols;
    name_set_init(&symbols, schema->pool);
    for (size_t i = 0; i < file->type_count; i++) {
        const struct schema_type *type = &schema->types[file->first_type + i];
        name_set_add(&symbols, type->full_name);
        if (type->message) {
            collect_message(schema->pool, type, &symbols);
        } else {
            collect_enum(schema->pool, type, &symbols);
        }
    }
    collect_extensions(schema->pool, file->original->package, file->original->extension, file->original->n_extension,
                       &symbols);
    collect_services(schema->pool, file->original, &symbols);
    if (symbols.count > 0) {
        text_print(out, "static const char *const %s__symbols[] = {\n", file->identifier);
        for (size_t i = 0; i < symbols.count; i++) {
            text_print(out, "    \"%s\",\n", symbols.names[i]);
        }
        text_print(out, "};\n");
    }
    return symbols.count;
}

static void emit_dependencies(const struct schema_file *file, struct text *out)
{
    if (file->original->n_dependency == 0) {
        return;
    }
    for (size_t i = 0; i < file->original->n_dependency; i++) {
        text_print(out, "extern const struct mrpc_file %s__file;\n", file->imports[i]->identifier);
    }
    text_print(out, "static const struct mrpc_file *const %s__dependencies[] = {\n", file->identifier);
    for (size_t i = 0; i < file->original->n_dependency; i++) {
        text_print(out, "    &%s__file,\n", file->imports[i]->identifier);
    }
    text_print(out, "};\n");
}

void emit_descriptor(struct schema *schema, const struct schema_file *file, struct text *out)
{
    const char *id = file->identifier;
    size_t dependencies = file->original->n_dependency;
    text_print(out, "static const uint8_t %s__descriptor_bytes[] = {", id);
    size_t size = emit_bytes(file, out);
    text_print(out, "\n};\n");
    emit_dependencies(file, out);
    size_t symbols = emit_symbols(schema, file, out);
    text_print(out, "const struct mrpc_file %s__file = {\n    .name = ", id);
    text_quoted(out, file->original->name);
    text_print(out, ",\n    .descriptor = %s__descriptor_bytes,\n    .descriptor_bytes = %zu,\n", id, size);
    text_print(out, "    .dependencies = %s%s,\n", dependencies ? id : "NULL", dependencies ? "__dependencies" : "");
    text_print(out, "    .dependency_count = %zu,\n", dependencies);
    text_print(out, "    .symbols = %s%s,\n", symbols ? id : "NULL", symbols ? "__symbols" : "");
    text_print(out, "    .symbol_count = %zu,\n};\n\n", symbols);
}

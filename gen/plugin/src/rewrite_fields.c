/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite.h"

#include <string.h>

#include "names.h"

/* Members of one message's struct, as protobuf-c lays it out:
 *     base                         first
 *     <field>                      lower case
 *     n_<field>                    beside a repeated one
 *     has_<field>                  beside a proto2 optional scalar or enum or bytes
 *     <oneof>_case                 beside a oneof's union
 * A field whose member is a keyword or taken gets underscores at its end until it is free. Fields that are fine as
 * they are come first, so that adding a clashing field never renames an old one.                                 */

struct members {
    struct pool *pool;
    struct name_set taken; /* of the struct */
    struct name_set cases; /* types of the oneofs' enums */
    struct name_set scope; /* names that the rewritten message declares: fields, oneofs, nested types, enum values */
};

static bool is_repeated(const Google__Protobuf__FieldDescriptorProto *field)
{
    return field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
}

/* The member that goes with @member, or NULL. */
static char *companion(struct pool *pool, const struct schema_type *type,
                       const Google__Protobuf__FieldDescriptorProto *field, const char *member)
{
    if (is_repeated(field)) {
        return pool_printf(pool, "n_%s", member);
    }
    bool pointer = field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE ||
                   field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING;
    bool optional = field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL;
    if (!type->file->proto3 && optional && !pointer && !field->has_oneof_index) {
        return pool_printf(pool, "has_%s", member);
    }
    return NULL;
}

char *rewrite_member(struct pool *pool, const Google__Protobuf__FieldDescriptorProto *field)
{
    return name_member(pool, field->name);
}

bool rewrite_is_optional(const struct schema_type *type, const Google__Protobuf__FieldDescriptorProto *original)
{
    return type->file->proto3 && original->proto3_optional && original->has_oneof_index;
}

static bool members_fit(struct members *members, const struct schema_type *type,
                        const Google__Protobuf__FieldDescriptorProto *field, const char *name)
{
    const char *member = name_member(members->pool, name);
    const char *beside = companion(members->pool, type, field, member);
    return !name_is_reserved(member) && !name_set_has(&members->taken, member) &&
           (!beside || !name_set_has(&members->taken, beside));
}

static void members_take(struct members *members, const struct schema_type *type,
                         Google__Protobuf__FieldDescriptorProto *field, char *name)
{
    field->name = name;
    const char *member = name_member(members->pool, name);
    const char *beside = companion(members->pool, type, field, member);
    name_set_add(&members->taken, member);
    name_set_add(&members->scope, name);
    if (beside) {
        name_set_add(&members->taken, beside);
    }
}

static void members_rename(struct members *members, const struct schema_type *type,
                           Google__Protobuf__FieldDescriptorProto *field)
{
    char *name = field->name;
    do {
        name = pool_printf(members->pool, "%s_", name);
    } while (!members_fit(members, type, field, name) || name_set_has(&members->scope, name));
    members_take(members, type, field, name);
}

/* What must not be used: every companion under the names that the fields have now, and the message's own scope. */
static void members_reserve(struct members *members, const struct schema_type *type)
{
    const Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    name_set_add(&members->taken, "base");
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        name_set_add(&members->scope, message->oneof_decl[i]->name);
    }
    for (size_t i = 0; i < message->n_nested_type; i++) {
        name_set_add(&members->scope, message->nested_type[i]->name);
    }
    for (size_t i = 0; i < message->n_enum_type; i++) {
        const Google__Protobuf__EnumDescriptorProto *enumeration = message->enum_type[i];
        name_set_add(&members->scope, enumeration->name);
        for (size_t j = 0; j < enumeration->n_value; j++) {
            name_set_add(&members->scope, enumeration->value[j]->name);
        }
    }
    for (size_t i = 0; i < message->n_field; i++) {
        name_set_add(&members->scope, message->field[i]->name);
    }
}

/* A oneof's case member, "lowered" as protoc-gen-c does it. Real oneofs keep their names; the field gives way. */
static char *case_member(struct pool *pool, const char *oneof)
{
    return pool_printf(pool, "%s_case", name_lower(pool, oneof));
}

/* The companions under the names that the fields have in the .proto: a field of such a name is the one to give way. */
static void collect_companions(struct pool *pool, const struct schema_type *type, struct name_set *out)
{
    const Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    name_set_init(out, pool);
    for (size_t i = 0; i < message->n_field; i++) {
        const char *beside = companion(pool, type, message->field[i], name_member(pool, message->field[i]->name));
        if (beside) {
            name_set_add(out, beside);
        }
    }
}

static void rewrite_names_of_fields(struct members *members, struct schema_type *type)
{
    Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    struct name_set companions;
    collect_companions(members->pool, type, &companions);
    bool *settled = pool_alloc(members->pool, (message->n_field + 1) * sizeof(*settled));
    for (size_t i = 0; i < message->n_field; i++) {
        Google__Protobuf__FieldDescriptorProto *field = message->field[i];
        bool gives_way = name_set_has(&companions, name_member(members->pool, field->name));
        if (!gives_way && members_fit(members, type, field, field->name)) {
            members_take(members, type, field, field->name);
            settled[i] = true;
        }
    }
    for (size_t i = 0; i < message->n_field; i++) {
        if (!settled[i]) {
            members_rename(members, type, message->field[i]);
        }
    }
}

/* Give oneof @index the name @wanted, or with _2, _3, … at its end: two oneofs must differ in the member (has_foo_case)
 * and in the enum's type (HasFooCase), and a name that is not the .proto's own must be new to the message. */
static void oneof_set_name(struct members *members, struct schema_type *type, size_t index, const char *wanted)
{
    struct pool *pool = members->pool;
    Google__Protobuf__OneofDescriptorProto *oneof = type->rewritten_message->oneof_decl[index];
    const char *name = wanted;
    for (unsigned suffix = 2;; suffix++) {
        bool own = strcmp(name, type->message->oneof_decl[index]->name) == 0;
        if ((own || !name_set_has(&members->scope, name)) && !name_set_has(&members->cases, name_type(pool, name)) &&
            !name_set_has(&members->taken, case_member(pool, name))) {
            break;
        }
        name = pool_printf(pool, "%s_%u", wanted, suffix);
    }
    name_set_add(&members->scope, name);
    name_set_add(&members->cases, name_type(pool, name));
    name_set_add(&members->taken, case_member(pool, name));
    oneof->name = pool_strdup(pool, name);
    oneof->options = NULL;
}

/* The .proto's own oneofs: before the fields, which give way to them. */
static void rewrite_oneofs(struct members *members, struct schema_type *type)
{
    const Google__Protobuf__DescriptorProto *message = type->message;
    bool *synthetic = pool_alloc(members->pool, (message->n_oneof_decl + 1) * sizeof(*synthetic));
    for (size_t i = 0; i < message->n_field; i++) {
        if (rewrite_is_optional(type, message->field[i])) {
            synthetic[message->field[i]->oneof_index] = true;
        }
    }
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        if (!synthetic[i]) {
            oneof_set_name(members, type, i, message->oneof_decl[i]->name);
        }
    }
}

/* The synthetic oneof of field foo is called has_foo, so that `m->has_foo_case` asks whether foo is set. */
static void rewrite_optional(struct members *members, struct schema_type *type,
                             Google__Protobuf__FieldDescriptorProto *field)
{
    field->has_proto3_optional = 0;
    field->proto3_optional = 0;
    const char *wanted = pool_printf(members->pool, "has_%s", name_member(members->pool, field->name));
    oneof_set_name(members, type, (size_t)field->oneof_index, wanted);
}

static void rewrite_field_options(struct schema *schema, Google__Protobuf__FieldDescriptorProto *field)
{
    const Google__Protobuf__FieldOptions *original = field->options;
    field->json_name = NULL;
    field->options = NULL;
    if (!original || (!original->has_packed && !original->deprecated)) {
        return;
    }
    field->options = pool_alloc(schema->pool, sizeof(*field->options));
    google__protobuf__field_options__init(field->options);
    field->options->has_packed = original->has_packed;
    field->options->packed = original->packed;
    field->options->has_deprecated = original->deprecated;
    field->options->deprecated = original->deprecated;
}

void rewrite_fields(struct schema *schema, struct schema_type *type)
{
    Google__Protobuf__DescriptorProto *message = type->rewritten_message;
    struct members members = {.pool = schema->pool};
    name_set_init(&members.taken, schema->pool);
    name_set_init(&members.scope, schema->pool);
    name_set_init(&members.cases, schema->pool);
    members_reserve(&members, type);
    rewrite_oneofs(&members, type);
    rewrite_names_of_fields(&members, type);
    for (size_t i = 0; i < message->n_field; i++) {
        rewrite_field_options(schema, message->field[i]);
        if (rewrite_is_optional(type, message->field[i])) {
            rewrite_optional(&members, type, message->field[i]);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite.h"

#include <string.h>

#include "names.h"

/* Two names that differ in a .proto can be one in C: FooBar and Foo_Bar are both type FooBar; a.B.C and a.b.C are both
 * A__B__C; an enum Kind with NOT_SET beside a oneof kind gives ..__KIND__NOT_SET twice. The type that comes later gets
 * _2 (or _3, …) at the end of its name. What counts as earlier are the files that it imports, directly or not, and
 * what stands above it: so a type has the same name in C whichever files are generated together.                */

/* A oneof's name once rewritten: that of a proto3 optional field foo will be has_foo. */
static const char *oneof_name(struct pool *pool, const struct schema_type *type, size_t index)
{
    for (size_t i = 0; i < type->message->n_field; i++) {
        const Google__Protobuf__FieldDescriptorProto *field = type->message->field[i];
        if (rewrite_is_optional(type, field) && (size_t)field->oneof_index == index) {
            return pool_printf(pool, "has_%s", name_member(pool, field->name));
        }
    }
    return type->message->oneof_decl[index]->name;
}

/* The file-scope identifiers that protoc-gen-c and we make for @type, given its names in C. */
static void identifiers_of(struct pool *pool, const struct schema_type *type, struct name_set *out)
{
    name_set_add(out, type->c_type);
    name_set_add(out, pool_printf(pool, "%s__descriptor", type->c_lower));
    if (type->enumeration) {
        for (size_t i = 0; i < type->enumeration->n_value; i++) {
            name_set_add(out, pool_printf(pool, "%s__%s", type->c_upper, type->enumeration->value[i]->name));
        }
        return;
    }
    name_set_add(out, pool_printf(pool, "%s_Closure", type->c_type));
    name_set_add(out, pool_printf(pool, "%s__INIT", type->c_upper));
    const Google__Protobuf__DescriptorProto *message = type->message;
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        const char *oneof = oneof_name(pool, type, i);
        name_set_add(out, pool_printf(pool, "%s__%sCase", type->c_type, name_type(pool, oneof)));
        name_set_add(out, pool_printf(pool, "%s__%s__NOT_SET", type->c_upper, name_upper(pool, oneof)));
    }
    for (size_t i = 0; i < message->n_field; i++) {
        const Google__Protobuf__FieldDescriptorProto *field = message->field[i];
        if (field->has_oneof_index) {
            name_set_add(out, pool_printf(pool, "%s__%s_%s", type->c_upper,
                                          name_upper(pool, oneof_name(pool, type, (size_t)field->oneof_index)),
                                          name_upper(pool, field->name)));
        }
        if (field->default_value) {
            name_set_add(out, pool_printf(pool, "%s__%s__default_value", type->c_lower, name_lower(pool, field->name)));
        }
    }
}

static void type_set_name(struct schema *schema, struct schema_type *type, const char *name)
{
    struct pool *pool = schema->pool;
    const char *scope = type->parent ? type->parent->rewritten_name : type->file->original->package;
    type->rewritten_name = scope && scope[0] ? pool_printf(pool, "%s.%s", scope, name) : pool_strdup(pool, name);
    const char *c_name = pool_printf(pool, "%s.%s", schema->c_prefix, type->rewritten_name);
    type->c_type = name_type(pool, c_name);
    type->c_lower = name_lower(pool, c_name);
    type->c_upper = name_upper(pool, c_name);
    if (type->message) {
        type->rewritten_message->name = pool_strdup(pool, name);
    } else {
        type->rewritten_enumeration->name = pool_strdup(pool, name);
    }
}

/* Who has which identifier so far: a hash table of chains, as the same identifier may be in files that know nothing of
 * each other. */
struct owner {
    struct owner *next;
    const char *identifier;
    const struct schema_file *file;
};

struct owners {
    struct pool *pool;
    struct owner **buckets;
    size_t mask; /* a power of two, less one */
};

static void owners_init(struct owners *owners, struct schema *schema)
{
    size_t count = 64;
    while (count < 8 * schema->type_count) {
        count *= 2;
    }
    *owners = (struct owners){.pool = schema->pool, .mask = count - 1};
    owners->buckets = pool_alloc(schema->pool, count * sizeof(struct owner *));
}

/* FNV-1a. */
static struct owner **owners_bucket(const struct owners *owners, const char *identifier)
{
    uint64_t hash = 14695981039346656037u;
    for (const char *at = identifier; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    }
    return &owners->buckets[(hash ^ hash >> 32) & owners->mask];
}

/* Is one of @identifiers taken in a file that is @visible (by index)? */
static bool owners_clash(const struct owners *owners, const struct schema *schema, const struct name_set *identifiers,
                         const bool *visible)
{
    for (size_t i = 0; i < identifiers->count; i++) {
        for (const struct owner *owner = *owners_bucket(owners, identifiers->names[i]); owner; owner = owner->next) {
            if (visible[owner->file - schema->files] && strcmp(owner->identifier, identifiers->names[i]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void owners_add(struct owners *owners, const struct name_set *identifiers, const struct schema_file *file)
{
    for (size_t i = 0; i < identifiers->count; i++) {
        struct owner **bucket = owners_bucket(owners, identifiers->names[i]);
        struct owner *owner = pool_alloc(owners->pool, sizeof(*owner));
        *owner = (struct owner){.next = *bucket, .identifier = identifiers->names[i], .file = file};
        *bucket = owner;
    }
}

static void name_types_of_file(struct schema *schema, const struct schema_file *file, const bool *visible,
                               struct owners *owners)
{
    struct pool *pool = schema->pool;
    for (size_t i = 0; i < file->type_count; i++) {
        struct schema_type *type = &schema->types[file->first_type + i];
        const char *own = type->message ? type->message->name : type->enumeration->name;
        struct name_set identifiers;
        const char *name = own;
        for (unsigned suffix = 2;; suffix++) {
            type_set_name(schema, type, name);
            name_set_init(&identifiers, pool);
            identifiers_of(pool, type, &identifiers);
            if (!owners_clash(owners, schema, &identifiers, visible)) {
                break;
            }
            name = pool_printf(pool, "%s_%u", own, suffix);
        }
        owners_add(owners, &identifiers, file);
    }
}

static void mark_imported(const struct schema *schema, const struct schema_file *file, bool *marked)
{
    for (size_t i = 0; i < file->original->n_dependency; i++) {
        size_t index = (size_t)(file->imports[i] - schema->files);
        if (!marked[index]) {
            marked[index] = true;
            mark_imported(schema, file->imports[i], marked);
        }
    }
}

void rewrite_type_names(struct schema *schema)
{
    struct owners owners;
    owners_init(&owners, schema);
    for (size_t i = 0; i < schema->file_count; i++) {
        const struct schema_file *file = &schema->files[i];
        bool *visible = pool_alloc(schema->pool, schema->file_count * sizeof(*visible));
        mark_imported(schema, file, visible);
        visible[i] = true;
        name_types_of_file(schema, file, visible, &owners);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SCHEMA_H
#define PLUGIN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "google/protobuf/compiler/plugin.pb-c.h"

#include "pool.h"

/* What protoc asks us to generate, indexed. Each file and each type is there twice: as protoc sent it (names on the
 * wire, comments, descriptors for reflection come from that), and rewritten so that protoc-gen-c can compile it
 * (rewrite.h; names in C come from that). The two trees have the same shape.                                      */

struct schema_file {
    const Google__Protobuf__FileDescriptorProto *original;
    Google__Protobuf__FileDescriptorProto *rewritten;
    const uint8_t *bytes; /* the original, as it lies in the request */
    size_t size;
    bool proto3;
    bool generate;                /* it is among file_to_generate */
    struct schema_file **imports; /* original->n_dependency of them */
    char *stem;                   /* "foo/bar" */
    char *identifier;             /* "foo_2fbar_2eproto", after the C prefix if there is one */
    size_t first_type;            /* its types are schema->types[first_type …], parents before children */
    size_t type_count;
};

/** A message or an enum. */
struct schema_type {
    const char *full_name; /* "google.rpc.Status" */
    struct schema_file *file;
    struct schema_type *parent;                       /* the message that it is nested in */
    const Google__Protobuf__DescriptorProto *message; /* NULL for an enum */
    Google__Protobuf__DescriptorProto *rewritten_message;
    const Google__Protobuf__EnumDescriptorProto *enumeration;
    Google__Protobuf__EnumDescriptorProto *rewritten_enumeration;
    char *rewritten_name; /* the full name in the rewritten request */
    char *c_type;         /* "Google__Rpc__Status" */
    char *c_lower;        /* "google__rpc__status" */
    char *c_upper;        /* "GOOGLE__RPC__STATUS" */
};

struct schema {
    struct pool *pool;
    const char *c_prefix; /* "mrpc.priv", or "" */
    Google__Protobuf__Compiler__CodeGeneratorRequest *original;
    Google__Protobuf__Compiler__CodeGeneratorRequest *rewritten;
    struct schema_file *files; /* in dependency order, as protoc sends them */
    size_t file_count;
    struct schema_type *types;
    size_t type_count;
    struct schema_type **by_name; /* the types, sorted by full name */
    char *error;                  /* why the last function returned false */
};

/** Read a serialized CodeGeneratorRequest, which must outlive the schema. False, and schema->error, if it is none. */
bool schema_read(struct schema *schema, struct pool *pool, const uint8_t *bytes, size_t size)
    __attribute__((warn_unused_result));

/** Index files and types once c_prefix is set. False and schema->error when the request contradicts itself. */
bool schema_index(struct schema *schema) __attribute__((warn_unused_result));

/** Set schema->error. Returns false, for `return schema_fail(…)`. */
bool schema_fail(struct schema *schema, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct schema_file *schema_find_file(const struct schema *schema, const char *name);

/** A type by its reference, ".google.rpc.Status". NULL if there is none. */
struct schema_type *schema_find_type(const struct schema *schema, const char *reference);

/** The comment before (or else behind) the element at @path, NULL if there is none. */
const char *schema_comment(const struct schema_file *file, const int32_t *path, size_t path_count);

bool schema_is_map_entry(const struct schema_type *type);

/** The json_name that protoc gives, or else the camel case of the name. */
const char *schema_json_name(struct pool *pool, const Google__Protobuf__FieldDescriptorProto *field);

#endif

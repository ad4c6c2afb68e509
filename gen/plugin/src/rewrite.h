/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_REWRITE_H
#define PLUGIN_REWRITE_H

#include "schema.h"

/* The request as protoc-gen-c is to see it. protoc-gen-c 1.4 refuses proto3 `optional`, crashes on groups, and makes C
 * that does not compile for some names. So, in the rewritten tree:
 *   - a proto3 optional field foo becomes the one member of a oneof has_foo;
 *   - types and fields whose C names would clash are renamed (rewrite_names.c, rewrite_fields.c);
 *   - services, extensions and groups go, and with them the imports that nothing else needs;
 *   - options go, but for the few that change the wire format or the C prefix.                                 */

/** Rewrite schema->rewritten in place and give every type its names in C. False and schema->error when it cannot be. */
bool rewrite_request(struct schema *schema) __attribute__((warn_unused_result));

/** Its parts: names of types (before fields), and members of one message. */
void rewrite_type_names(struct schema *schema);
void rewrite_fields(struct schema *schema, struct schema_type *type);

/** The struct member of a rewritten field. */
char *rewrite_member(struct pool *pool, const Google__Protobuf__FieldDescriptorProto *field);

/** Is @field the rewritten form of a proto3 optional field? Then its oneof is its own. */
bool rewrite_is_optional(const struct schema_type *type, const Google__Protobuf__FieldDescriptorProto *original);

/** The original of the rewritten field at @index of @type. Groups are missing from the rewritten ones. */
const Google__Protobuf__FieldDescriptorProto *rewrite_original_field(const struct schema_type *type, int32_t number);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_CATALOG_YAML_H
#define MLT_EXECUTION_CATALOG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include <mrpc/arena.h>

#include "fault/fault.h"

/* A strict reader of YAML mappings: a table says which keys there are; everything else is an error with its line. */

struct fy_node;

struct yaml_file {
    const char *path;
    struct mrpc_arena *arena; /* texts and arrays go here */
    struct fault *fault;
};

/** One key of a mapping: @read takes the value into the struct at @into (the mapping's own). */
struct yaml_key {
    const char *name;
    bool required;
    int (*read)(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset);
    size_t offset; /* of the member, for readers that serve many keys */
};

/** INVALID_ARGUMENT "PATH:LINE: …". */
int yaml_fault(const struct yaml_file *file, struct fy_node *at, const char *format, ...) MRPC_PRINTF(3, 4);

/** Parse the file and read its root mapping. Blocks. */
int yaml_read_file(const struct yaml_file *file, const char *bytes, size_t size, const struct yaml_key *keys,
                   void *into) MRPC_MUST_USE;
int yaml_read_mapping(const struct yaml_file *file, struct fy_node *node, const struct yaml_key *keys,
                      void *into) MRPC_MUST_USE;
/** Read each mapping of a list into an array of @item_bytes structs. */
int yaml_read_list(const struct yaml_file *file, struct fy_node *node, const struct yaml_key *keys, size_t item_bytes,
                   void **items, size_t *count) MRPC_MUST_USE;

/* Readers for yaml_key: the member at @offset is a const char *, a bool, a double. */
int yaml_text(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset);
int yaml_identifier(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset);
int yaml_bool(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset);
int yaml_number(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset);

/** A list of texts. */
int yaml_texts(const struct yaml_file *file, struct fy_node *value, const char *const **items,
               size_t *count) MRPC_MUST_USE;

#endif

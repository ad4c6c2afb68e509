/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_REFLECTION_INDEX_H
#define MRPC_REFLECTION_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <mrpc/attributes.h>
#include <mrpc/service.h>

/** Files by name and by the symbols that they define. Filled, sorted once, then only read. */
struct reflection_index {
    struct reflection_name {
        const char *name;
        const struct mrpc_file *file;
    } *files, *symbols;
    size_t file_count, file_capacity;
    size_t symbol_count, symbol_capacity;
};

/** Add @file and what it imports, unless it is there. Errors: MRPC_ERR_NOMEM. */
int mrpc_reflection_index_add(struct reflection_index *index, const struct mrpc_file *file) MRPC_MUST_USE;
void mrpc_reflection_index_sort(struct reflection_index *index);
void mrpc_reflection_index_fini(struct reflection_index *index);

/** NULL when there is none. */
const struct mrpc_file *mrpc_reflection_find_file(const struct reflection_index *index, const char *name);
const struct mrpc_file *mrpc_reflection_find_symbol(const struct reflection_index *index, const char *symbol);

#endif

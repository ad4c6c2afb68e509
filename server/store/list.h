/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "store/store.h"

/* Building the result of a read: all bytes in one buffer, pointers set when it no longer moves. */

struct list_builder {
    struct list_row *rows;
    size_t count;
    size_t capacity;
    unsigned char *buffer;
    size_t buffer_bytes;
    size_t buffer_capacity;
};

/** False when out of memory. */
bool list_builder_add(struct list_builder *builder, struct store_slice key, struct store_slice value, uint64_t revision,
                      bool deleted) MRPC_MUST_USE;
/** The revision of the row that was added last; 0 without one. */
uint64_t list_builder_last_revision(const struct list_builder *builder);
/** Turn it into a list; the builder is empty afterwards. False when out of memory. */
bool list_builder_finish(struct list_builder *builder, bool more, uint64_t revision,
                         struct store_list *list) MRPC_MUST_USE;
void list_builder_fini(struct list_builder *builder);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_METADATA_H
#define MRPC_METADATA_H

#include <stddef.h>

#include <mrpc/arena.h>

MRPC_BEGIN_DECLS

/** One entry. Keys are lower case; the value of a key that ends in "-bin" is raw bytes here and base64 on the wire.
 *  A NUL follows the value. */
struct mrpc_metadatum {
    const char *key;
    const char *value;
    size_t value_bytes;
};

/** An ordered list; equal keys keep their order. Entries live in the arena that the list was made with.
 *  A zeroed struct is an empty list once its arena is set. */
struct mrpc_metadata {
    struct mrpc_arena *arena;
    struct mrpc_metadatum *entries;
    size_t count;
    size_t capacity;
};

/* Unless a function says otherwise: Thread: one at a time for a list. Ownership: entries are copies, and lie in the
 * list's arena. */

/** Append copies. Errors: MRPC_ERR_INVALID when the key is not [0-9a-z_.-]+, is reserved ("grpc-" or ":"), or a value
 *  without "-bin" has bytes outside 0x20..0x7e; MRPC_ERR_NOMEM, MRPC_ERR_LIMIT. */
MRPC_API int mrpc_metadata_add(struct mrpc_metadata *metadata, const char *key, const void *value, size_t value_bytes)
    MRPC_MUST_USE;
MRPC_API int mrpc_metadata_add_text(struct mrpc_metadata *metadata, const char *key, const char *value) MRPC_MUST_USE;

/** The first entry of that key, or NULL. Borrowed. */
MRPC_API const struct mrpc_metadatum *mrpc_metadata_find(const struct mrpc_metadata *metadata, const char *key);

MRPC_END_DECLS
#endif

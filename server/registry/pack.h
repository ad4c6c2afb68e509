/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PACK_H
#define REGISTRY_PACK_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/* Copies of messages without a byte between them: the same calls are made twice, first to measure, then to copy into
 * memory of that size. Structs lie at the front, texts and bytes, which need no alignment, behind them.
 *
 *     struct packer packer = {0};
 *     walk(&packer, …);                         measures: everything returns NULL
 *     pack_into(&packer, malloc(pack_bytes(&packer)));
 *     walk(&packer, …);                         copies
 */
struct packer {
    size_t struct_bytes;
    size_t text_bytes;
    char *structs; /* NULL while measuring */
    char *texts;
};

size_t pack_bytes(const struct packer *packer);
void pack_into(struct packer *packer, void *memory);

/** Room for a struct, contents undefined. */
void *pack_room(struct packer *packer, size_t bytes);
/** The empty text is protobuf-c's own. */
char *pack_text(struct packer *packer, const char *text);
/** All of it but fields that nobody knows. NULL gives NULL. */
void *pack_message(struct packer *packer, const void *message);
/** An array of messages, as repeated fields have them. */
void *pack_messages(struct packer *packer, void *const *messages, size_t count);
char **pack_texts(struct packer *packer, char *const *texts, size_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_TEXT_H
#define PLUGIN_TEXT_H

#include <stddef.h>

#include "pool.h"

/** A growing text: what an emitter writes a file into. NUL-terminated; its memory is the pool's. */
struct text {
    struct pool *pool;
    char *bytes;
    size_t size;
    size_t capacity;
};

void text_init(struct text *text, struct pool *pool);
void text_bytes(struct text *text, const void *bytes, size_t size);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A C string literal with its quotes: what is not printable ASCII becomes three octal digits. */
void text_quoted(struct text *text, const char *value);

/** A comment of the .proto as a C comment, indented by @indent spaces: markers of its own that would end or nest the
 *  comment are broken up. Nothing for NULL or an empty comment. */
void text_comment(struct text *text, int indent, const char *comment);

#endif

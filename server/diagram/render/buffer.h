/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_BUFFER_H
#define MLT_DIAGRAM_BUFFER_H

#include <mrpc/attributes.h>
#include <stdbool.h>
#include <stddef.h>

/** Bytes that grow up to a limit. The first failure sticks: writers need not check each step, the end does. */
struct buffer {
    char *bytes;
    size_t size, capacity, limit;
    bool failed; /* memory or the limit is out; what is there is not complete */
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_fini(struct buffer *buffer);

void buffer_add(struct buffer *buffer, const void *bytes, size_t size);
void buffer_text(struct buffer *buffer, const char *text);
/** At most 2 KiB at once; meant for numbers and short names. */
void buffer_printf(struct buffer *buffer, const char *format, ...) MRPC_PRINTF(2, 3);
/** Text as XML character data that may also stand in a double-quoted attribute. */
void buffer_xml(struct buffer *buffer, const char *text);
/** Text with each byte of @special preceded by @escape. */
void buffer_escaped(struct buffer *buffer, const char *text, const char *special, char escape);

#endif

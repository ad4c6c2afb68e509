/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BASE_BUFFER_H
#define MRPC_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/** Bytes that are appended at the back and taken from the front: outgoing bytes of a connection, a message that is
 *  being put together. A zeroed struct is an empty buffer. Storage grows by doubling, moves only when something is
 *  reserved or appended, and is kept when the buffer runs empty. Thread: one at a time. */
struct mrpc_buffer {
    uint8_t *data;
    size_t start; /* data[start] is the first byte that is in the buffer */
    size_t end;   /* data[end] is the first free one */
    size_t capacity;
};

static inline size_t mrpc_buffer_size(const struct mrpc_buffer *buffer)
{
    return buffer->end - buffer->start;
}

/** The first byte; not NULL unless nothing was ever reserved. Borrowed until the next reserve, append or fini. */
static inline uint8_t *mrpc_buffer_bytes(const struct mrpc_buffer *buffer)
{
    return buffer->data ? buffer->data + buffer->start : NULL;
}

/** Room for @bytes at the back, not part of the buffer until mrpc_buffer_commit(). NULL when out of memory; the buffer
 *  is then unchanged. */
uint8_t *mrpc_buffer_reserve(struct mrpc_buffer *buffer, size_t bytes) MRPC_MUST_USE;

/** Make the first @bytes of what was reserved part of the buffer. */
static inline void mrpc_buffer_commit(struct mrpc_buffer *buffer, size_t bytes)
{
    buffer->end += bytes;
}

/** Errors: MRPC_ERR_NOMEM, the buffer is then unchanged. */
int mrpc_buffer_append(struct mrpc_buffer *buffer, const void *bytes, size_t size) MRPC_MUST_USE;

/** Take @bytes (at most what is there) from the front. Nothing moves. */
void mrpc_buffer_consume(struct mrpc_buffer *buffer, size_t bytes);

/** Empty it and keep the storage, unless that is larger than @keep_bytes. */
void mrpc_buffer_clear(struct mrpc_buffer *buffer, size_t keep_bytes);

/** Release the storage; the buffer is empty and can be used again. */
void mrpc_buffer_fini(struct mrpc_buffer *buffer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#define SMALLEST_BYTES 256

/* Move what is left to the front if that makes the room and moves no more than was consumed before: each byte is then
 * moved at most once for each byte consumed, so that a queue that never runs empty stays linear. */
static int compact(struct mrpc_buffer *buffer, size_t bytes)
{
    size_t size = mrpc_buffer_size(buffer);
    if (buffer->start < size || buffer->capacity - size < bytes)
        return 0;
    memcpy(buffer->data, buffer->data + buffer->start, size);
    buffer->start = 0;
    buffer->end = size;
    return 1;
}

static int grow(struct mrpc_buffer *buffer, size_t bytes)
{
    size_t size = mrpc_buffer_size(buffer);
    if (bytes > SIZE_MAX / 4 || size > SIZE_MAX / 4)
        return MRPC_ERR_NOMEM;
    size_t capacity = buffer->capacity > SMALLEST_BYTES ? buffer->capacity : SMALLEST_BYTES;
    while (capacity - size < bytes)
        capacity *= 2;
    if (buffer->start == 0) {
        uint8_t *data = realloc(buffer->data, capacity);
        if (!data)
            return MRPC_ERR_NOMEM;
        buffer->data = data;
        buffer->capacity = capacity;
        return 0;
    }
    uint8_t *data = malloc(capacity);
    if (!data)
        return MRPC_ERR_NOMEM;
    memcpy(data, buffer->data + buffer->start, size);
    free(buffer->data);
    *buffer = (struct mrpc_buffer){.data = data, .end = size, .capacity = capacity};
    return 0;
}

uint8_t *mrpc_buffer_reserve(struct mrpc_buffer *buffer, size_t bytes)
{
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
    if (!buffer->data || (buffer->capacity - buffer->end < bytes && !compact(buffer, bytes))) {
        if (grow(buffer, bytes))
            return NULL;
    }
    return buffer->data + buffer->end;
}

int mrpc_buffer_append(struct mrpc_buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *room = mrpc_buffer_reserve(buffer, size);
    if (!room)
        return MRPC_ERR_NOMEM;
    memcpy(room, bytes, size);
    buffer->end += size;
    return 0;
}

void mrpc_buffer_consume(struct mrpc_buffer *buffer, size_t bytes)
{
    size_t size = mrpc_buffer_size(buffer);
    buffer->start += bytes < size ? bytes : size;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}

void mrpc_buffer_clear(struct mrpc_buffer *buffer, size_t keep_bytes)
{
    if (buffer->capacity > keep_bytes) {
        mrpc_buffer_fini(buffer);
        return;
    }
    buffer->start = buffer->end = 0;
}

void mrpc_buffer_fini(struct mrpc_buffer *buffer)
{
    if (!buffer->data)
        return;
    free(buffer->data);
    *buffer = (struct mrpc_buffer){0};
}

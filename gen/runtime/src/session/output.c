/* SPDX-License-Identifier: Apache-2.0 */

#include "session/output.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

/* Storage that is kept for the next output; larger ones are given back. */
#define SPARE_BYTES_MAX ((size_t)512 << 10)

struct mrpc_chunk *mrpc_chunk_new(void)
{
    struct mrpc_chunk *chunk = calloc(1, sizeof(*chunk));
    if (chunk != NULL)
        chunk->references = 1;
    return chunk;
}

void mrpc_chunk_unref(struct mrpc_chunk *chunk)
{
    if (chunk == NULL || --chunk->references > 0)
        return;
    mrpc_buffer_fini(&chunk->bytes);
    free(chunk);
}

/* An output that has nothing to send holds no storage: most connections are idle. */
static void lend(struct session_output *output)
{
    if (output->spare == NULL || output->spare->data != NULL || output->bytes.capacity > SPARE_BYTES_MAX) {
        mrpc_buffer_fini(&output->bytes);
        return;
    }
    mrpc_buffer_clear(&output->bytes, SPARE_BYTES_MAX);
    *output->spare = output->bytes;
    output->bytes = (struct mrpc_buffer){0};
}

static void borrow(struct session_output *output)
{
    if (output->bytes.data != NULL || output->spare == NULL)
        return;
    output->bytes = *output->spare;
    *output->spare = (struct mrpc_buffer){0};
}

void mrpc_output_clear(struct session_output *output)
{
    for (size_t i = output->reference_first; i < output->reference_count; i++)
        mrpc_chunk_unref(output->references[i].chunk);
    output->reference_first = output->reference_count = 0;
    output->own_taken = 0;
    output->pending_bytes = 0;
    lend(output);
}

void mrpc_output_fini(struct session_output *output)
{
    mrpc_output_clear(output);
    free(output->references);
    output->references = NULL;
    output->reference_capacity = 0;
}

uint8_t *mrpc_output_reserve(struct session_output *output, size_t size)
{
    borrow(output);
    return mrpc_buffer_reserve(&output->bytes, size);
}

void mrpc_output_commit(struct session_output *output, size_t size)
{
    mrpc_buffer_commit(&output->bytes, size);
    output->pending_bytes += size;
}

int mrpc_output_append(struct session_output *output, const void *bytes, size_t size)
{
    borrow(output);
    int error = mrpc_buffer_append(&output->bytes, bytes, size);
    if (error == 0)
        output->pending_bytes += size;
    return error;
}

static int grow(struct session_output *output)
{
    if (output->reference_count < output->reference_capacity)
        return 0;
    if (output->reference_first > output->reference_count / 2) {
        output->reference_count -= output->reference_first;
        memmove(output->references, output->references + output->reference_first,
                output->reference_count * sizeof(*output->references));
        output->reference_first = 0;
        return 0;
    }
    size_t capacity = output->reference_capacity == 0 ? 8 : output->reference_capacity * 2;
    struct output_reference *references = realloc(output->references, capacity * sizeof(*references));
    if (references == NULL)
        return MRPC_ERR_NOMEM;
    output->references = references;
    output->reference_capacity = capacity;
    return 0;
}

int mrpc_output_refer(struct session_output *output, const uint8_t *data, size_t size, struct mrpc_chunk *chunk)
{
    int error = grow(output);
    if (error != 0)
        return error;
    chunk->references++;
    output->references[output->reference_count++] = (struct output_reference){
        .before = output->own_taken + mrpc_buffer_size(&output->bytes),
        .data = data,
        .size = size,
        .chunk = chunk,
    };
    output->pending_bytes += size;
    return 0;
}

int mrpc_output_pieces(const struct session_output *output, struct iovec *pieces, int max)
{
    int count = 0;
    size_t at = output->own_taken;
    size_t end = at + mrpc_buffer_size(&output->bytes);
    const uint8_t *own = mrpc_buffer_bytes(&output->bytes);
    for (size_t i = output->reference_first; i < output->reference_count && count < max; i++) {
        const struct output_reference *reference = &output->references[i];
        if (reference->before > at) {
            pieces[count++] = (struct iovec){(void *)(uintptr_t)own, reference->before - at};
            own += reference->before - at;
            at = reference->before;
        }
        if (count < max)
            pieces[count++] = (struct iovec){(void *)(uintptr_t)reference->data, reference->size};
    }
    if (at < end && count < max)
        pieces[count++] = (struct iovec){(void *)(uintptr_t)own, end - at};
    return count;
}

void mrpc_output_consume(struct session_output *output, size_t size)
{
    output->pending_bytes -= size;
    while (size > 0) {
        struct output_reference *reference =
            output->reference_first < output->reference_count ? &output->references[output->reference_first] : NULL;
        size_t own = reference != NULL ? reference->before - output->own_taken : mrpc_buffer_size(&output->bytes);
        size_t taken = own < size ? own : size;
        mrpc_buffer_consume(&output->bytes, taken);
        output->own_taken += taken;
        size -= taken;
        if (reference == NULL || size == 0)
            continue;
        taken = reference->size < size ? reference->size : size;
        reference->data += taken;
        reference->size -= taken;
        size -= taken;
        if (reference->size == 0) {
            mrpc_chunk_unref(reference->chunk);
            output->reference_first++;
        }
    }
    if (output->pending_bytes == 0)
        mrpc_output_clear(output);
}

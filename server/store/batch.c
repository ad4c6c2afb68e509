/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/status.h>

struct store_slice store_text(const char *text)
{
    return (struct store_slice){text, strlen(text)};
}

int store_slice_compare(struct store_slice a, struct store_slice b)
{
    size_t common = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order)
        return order;
    return (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

bool store_slice_has_prefix(struct store_slice slice, struct store_slice prefix)
{
    return slice.bytes >= prefix.bytes && (prefix.bytes == 0 || memcmp(slice.data, prefix.data, prefix.bytes) == 0);
}

struct store_batch *store_batch_new(void)
{
    return calloc(1, sizeof(struct store_batch));
}

void store_batch_fini(struct store_batch *batch)
{
    free(batch->operations);
    free(batch->buffer);
    batch->operations = NULL;
    batch->buffer = NULL;
    batch->operation_count = batch->operation_capacity = 0;
    batch->buffer_bytes = batch->buffer_capacity = 0;
}

void store_batch_free(struct store_batch *batch)
{
    if (!batch)
        return;
    store_batch_fini(batch);
    free(batch);
}

struct store_slice store_batch_key(const struct store_batch *batch, const struct store_operation *operation)
{
    return (struct store_slice){batch->buffer + operation->key_at, operation->key_bytes};
}

struct store_slice store_batch_value(const struct store_batch *batch, const struct store_operation *operation)
{
    return (struct store_slice){batch->buffer + operation->value_at, operation->value_bytes};
}

size_t store_batch_memory_bytes(const struct store_batch *batch)
{
    return sizeof *batch + batch->buffer_capacity + batch->operation_capacity * sizeof *batch->operations;
}

bool store_batch_writes(const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->operation_count; i++)
        if (batch->operations[i].kind != STORE_REQUIRE)
            return true;
    return false;
}

int store_batch_fail(struct store_batch *batch, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(batch->text, sizeof batch->text, format, args);
    va_end(args);
    batch->result.code = code;
    batch->result.text = batch->text;
    return code;
}

static void break_batch(struct store_batch *batch, int code, const char *why)
{
    if (batch->broken)
        return;
    batch->broken = code;
    store_batch_fail(batch, code, "%s", why);
}

/* Room for @bytes more, or false and the batch is broken. */
static bool reserve_buffer(struct store_batch *batch, size_t bytes)
{
    if (bytes > STORE_BATCH_BYTES_MAX - batch->buffer_bytes) {
        break_batch(batch, MRPC_INVALID_ARGUMENT, "a batch holds at most 64 MiB");
        return false;
    }
    size_t needed = batch->buffer_bytes + bytes;
    if (needed <= batch->buffer_capacity)
        return true;
    size_t capacity = batch->buffer_capacity ? batch->buffer_capacity * 2 : 512;
    if (capacity < needed)
        capacity = needed;
    unsigned char *buffer = realloc(batch->buffer, capacity);
    if (!buffer) {
        break_batch(batch, MRPC_RESOURCE_EXHAUSTED, "no memory for a batch");
        return false;
    }
    batch->buffer = buffer;
    batch->buffer_capacity = capacity;
    return true;
}

static bool reserve_operation(struct store_batch *batch)
{
    if (batch->operation_count < batch->operation_capacity)
        return true;
    size_t capacity = batch->operation_capacity ? batch->operation_capacity * 2 : 8;
    struct store_operation *operations = realloc(batch->operations, capacity * sizeof *operations);
    if (!operations) {
        break_batch(batch, MRPC_RESOURCE_EXHAUSTED, "no memory for a batch");
        return false;
    }
    batch->operations = operations;
    batch->operation_capacity = capacity;
    return true;
}

static size_t append(struct store_batch *batch, struct store_slice slice)
{
    size_t at = batch->buffer_bytes;
    if (slice.bytes)
        memcpy(batch->buffer + at, slice.data, slice.bytes);
    batch->buffer_bytes += slice.bytes;
    return at;
}

static void add(struct store_batch *batch, enum store_operation_kind kind, struct store_slice key,
                struct store_slice value, int64_t expected)
{
    if (!batch || batch->broken)
        return;
    if (key.bytes == 0 || key.bytes > STORE_KEY_BYTES_MAX) {
        break_batch(batch, MRPC_INVALID_ARGUMENT, "a key has 1 to 1,024 bytes");
        return;
    }
    if (value.bytes > STORE_VALUE_BYTES_MAX) {
        break_batch(batch, MRPC_INVALID_ARGUMENT, "a value has at most 16 MiB");
        return;
    }
    if (expected < STORE_EXPECT_ANY) {
        break_batch(batch, MRPC_INVALID_ARGUMENT, "an expected revision is not negative");
        return;
    }
    if (!reserve_buffer(batch, key.bytes + value.bytes) || !reserve_operation(batch))
        return;
    struct store_operation *operation = &batch->operations[batch->operation_count++];
    *operation = (struct store_operation){
        .kind = kind, .expected = expected, .key_bytes = key.bytes, .value_bytes = value.bytes};
    operation->key_at = append(batch, key);
    operation->value_at = append(batch, value);
}

void store_batch_put(struct store_batch *batch, struct store_slice key, struct store_slice value, int64_t expected)
{
    add(batch, STORE_PUT, key, value, expected);
}

void store_batch_delete(struct store_batch *batch, struct store_slice key, int64_t expected)
{
    add(batch, STORE_DELETE, key, (struct store_slice){NULL, 0}, expected);
}

void store_batch_require(struct store_batch *batch, struct store_slice key, int64_t expected)
{
    add(batch, STORE_REQUIRE, key, (struct store_slice){NULL, 0}, expected);
}

void store_batch_fence(struct store_batch *batch, const char *leadership, uint64_t token)
{
    if (!batch || batch->broken)
        return;
    size_t bytes = strlen(leadership);
    if (bytes == 0 || bytes > STORE_NAME_BYTES_MAX) {
        break_batch(batch, MRPC_INVALID_ARGUMENT, "a leadership's name has 1 to 128 bytes");
        return;
    }
    memcpy(batch->fence, leadership, bytes + 1);
    batch->fence_token = token;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker says and the shared memory that it says it of: any bytes are refused with a reason, or become a table
 * whose every value lies within. The first two bytes are the message's length, what follows it is the memory. */
#include <string.h>

#include <mrpc/arena.h>
#include <mrpc/codec.h>
#include <worker.mrpc.h>

#include "fuzzer.h"
#include "worker/frame.h"
#include "worker/table_span.h"

enum { ARENA_BYTES = 1 << 20, ALIGNMENT = 64 };

/* Every byte of it can be read, which sanitizers watch over. */
static uint64_t sum_of(const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < table_columns(array); i++) {
        struct table_column column;
        table_column_view(schema, array, i, &column);
        MUST(column.length == table_rows(array) && column.null_count >= 0 && column.null_count <= column.length);
        for (size_t at = 0; at < column.values_bytes; at++)
            sum += ((const uint8_t *)column.values)[at];
        MUST(!column.offsets || table_text_valid(column.offsets, column.length, column.values, column.values_bytes));
        if (column.validity)
            MUST(table_count_valid(column.validity, column.length) == column.length - column.null_count);
    }
    return sum;
}

/* In @arena, or in memory of its own. */
static void check_table(const Mltrainer__Worker__Table *message, const void *memory, size_t size,
                        struct mrpc_arena *arena)
{
    struct table *table = NULL;
    struct fault fault = FAULT_INIT;
    int code = worker_table_copy(message, memory, size, arena, &table, &fault);
    MUST(code == fault.code && (code == 0) == (table != NULL));
    if (code) {
        MUST((code == MRPC_INVALID_ARGUMENT || code == MRPC_RESOURCE_EXHAUSTED) && fault.text[0]);
        return;
    }
    MUST(table_rows(&table->array) == message->rows && table_columns(&table->array) == message->n_columns);
    (void)sum_of(&table->schema, &table->array);
    table_free(table);
}

static void check_span(const Mltrainer__Worker__Span *span, const uint8_t *memory, size_t size)
{
    const uint8_t *place = worker_span_find(memory, size, span);
    MUST(!place || (place >= memory && span->size <= size && (size_t)(place - memory) <= size - span->size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProtobufCMessage *decoded;
    if (size < 2 || size - 2 < (size_t)(data[0] | data[1] << 8))
        return 0;
    size_t length = (size_t)(data[0] | data[1] << 8), bytes = size - 2 - length;
    size_t room = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    uint8_t *memory = aligned_alloc(ALIGNMENT, room);
    MUST(arena && memory);
    memcpy(memory, data + 2 + length, bytes);
    if (mrpc_decode(&mltrainer__worker__from_worker__info, data + 2, length, NULL, arena, &decoded, NULL) == 0) {
        const Mltrainer__Worker__FromWorker *message = (const Mltrainer__Worker__FromWorker *)decoded;
        bool result = message->message_case == MLTRAINER__WORKER__FROM_WORKER__MESSAGE_RESULT;
        if (result && message->result->table) {
            check_table(message->result->table, memory, bytes, NULL);
            check_table(message->result->table, memory, bytes, arena);
        }
        if (result && message->result->artifact)
            check_span(message->result->artifact, memory, bytes);
    }
    free(memory);
    mrpc_arena_free(arena);
    return 0;
}

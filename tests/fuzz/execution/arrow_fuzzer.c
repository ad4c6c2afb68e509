/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow IPC: any bytes either fail with a text or give a schema; then they can be loaded, whole and in part, with as
 * many rows and absent values as the schema says. The first two bytes say which part. */
#include <string.h>

#include "execution/dataset/arrow_dataset.h"
#include "fuzzer.h"

/* What a small input may become in memory; the server's own limit is no fuzzer's. */
enum { CELLS_MAX = 1 << 22 };

static void check_whole(const struct dataset_schema *schema, const struct table *table)
{
    MUST((uint64_t)table_rows(&table->array) == schema->row_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        struct table_column column;
        table_column_view(&table->schema, &table->array, i, &column);
        MUST(strcmp(column.name, schema->columns[i].name) == 0);
        MUST((uint64_t)column.null_count == schema->columns[i].null_count);
        if (column.validity)
            MUST(table_count_valid(column.validity, column.length) == column.length - column.null_count);
        if (column.offsets)
            MUST(table_text_valid(column.offsets, column.length, column.values, column.values_bytes));
    }
}

static struct table *load(const struct dataset_schema *schema, const uint8_t *data, size_t size, uint64_t first,
                          uint64_t count)
{
    struct table *table = NULL;
    struct fault fault = FAULT_INIT;
    struct dataset_wanted wanted = {.first_row = first, .row_count = count};
    int code = dataset_arrow_load(data, size, schema, &wanted, &table, &fault);
    MUST(code == 0 || code == MRPC_RESOURCE_EXHAUSTED);
    return table;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = FAULT_INIT;
    struct dataset_schema *schema;
    if (size < 2)
        return 0;
    if (dataset_arrow_scan(data + 2, size - 2, NULL, 0, &schema, &fault)) {
        MUST(fault.code && fault.text[0]);
        return 0;
    }
    if (schema->row_count * schema->column_count < CELLS_MAX) {
        struct table *whole = load(schema, data + 2, size - 2, 0, 0);
        if (whole)
            check_whole(schema, whole);
        table_free(whole);
        table_free(load(schema, data + 2, size - 2, data[0], data[1]));
    }
    dataset_schema_free(schema);
    return 0;
}

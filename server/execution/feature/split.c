/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/feature/split.h"

int split_hold_out(uint64_t rows, double test_fraction, uint64_t embargo_rows, struct split *out, struct fault *fault)
{
    uint64_t test_rows = (uint64_t)((double)rows * test_fraction);
    if (test_rows == 0)
        test_rows = 1;
    if (rows < 2 || test_rows + embargo_rows >= rows)
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "%llu complete rows are too few for a test part of %g and an embargo of %llu rows",
                         (unsigned long long)rows, test_fraction, (unsigned long long)embargo_rows);
    *out = (struct split){
        .train_rows = rows - test_rows - embargo_rows,
        .embargo_rows = embargo_rows,
        .test_first = rows - test_rows,
        .test_rows = test_rows,
    };
    return 0;
}

static void copy_bits(const uint8_t *from, uint64_t first, uint64_t count, uint8_t *to)
{
    for (uint64_t i = 0; i < count; i++)
        to[i / 8] |= (uint8_t)((from[(first + i) / 8] >> (first + i) % 8 & 1) << i % 8);
}

static int64_t copy_validity(const struct table_column *from, uint64_t first, uint64_t count, uint8_t *to)
{
    copy_bits(from->validity, first, count, to);
    int64_t nulls = 0;
    for (uint64_t i = 0; i < count; i++)
        nulls += !(to[i / 8] >> i % 8 & 1);
    return nulls;
}

static void copy_values(const struct table_column *from, uint64_t first, uint64_t count, struct table_column *to)
{
    int width = table_format_width(from->format);
    if (strcmp(from->format, "b") == 0) {
        copy_bits(from->values, first, count, to->values);
        return;
    }
    if (strcmp(from->format, "u") != 0) {
        if (count)
            memcpy(to->values, (const char *)from->values + first * (size_t)width, count * (size_t)width);
        return;
    }
    int32_t begin = from->offsets[first];
    for (uint64_t i = 0; i <= count; i++)
        to->offsets[i] = from->offsets[first + i] - begin;
    if (to->offsets[count])
        memcpy(to->values, (const char *)from->values + begin, (size_t)to->offsets[count]);
}

int split_rows(const struct table *source, uint64_t first, uint64_t count, struct table **out, struct fault *fault)
{
    struct table *part = table_new((int64_t)count);
    int code = part ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    size_t columns = table_columns(&source->array);
    for (size_t i = 0; !code && i < columns; i++) {
        struct table_column from, to;
        table_column_view(&source->schema, &source->array, i, &from);
        size_t text = from.offsets ? (size_t)(from.offsets[first + count] - from.offsets[first]) : 0;
        code = table_add(part, from.name, from.format, text, from.validity != NULL, &to, fault);
        if (code)
            break;
        copy_values(&from, first, count, &to);
        if (from.validity)
            table_set_null_count(part, i, copy_validity(&from, first, count, to.validity));
    }
    if (code)
        table_free(part);
    else
        *out = part;
    return code;
}

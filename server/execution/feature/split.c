/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/feature/split.h"

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

/* ---- Rows that do not lie together ---- */

static uint64_t bytes_of_texts(const struct table_column *from, const uint64_t *rows, uint64_t count)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; from->offsets && i < count; i++)
        bytes += (uint64_t)(from->offsets[rows[i] + 1] - from->offsets[rows[i]]);
    return bytes;
}

static void take_bits(const uint8_t *from, const uint64_t *rows, uint64_t count, uint8_t *to)
{
    for (uint64_t i = 0; i < count; i++)
        to[i / 8] |= (uint8_t)((from[rows[i] / 8] >> rows[i] % 8 & 1) << i % 8);
}

static void take_texts(const struct table_column *from, const uint64_t *rows, uint64_t count, struct table_column *to)
{
    int32_t end = 0;
    to->offsets[0] = 0;
    for (uint64_t i = 0; i < count; i++) {
        int32_t begin = from->offsets[rows[i]], bytes = from->offsets[rows[i] + 1] - begin;
        if (bytes)
            memcpy((char *)to->values + end, (const char *)from->values + begin, (size_t)bytes);
        to->offsets[i + 1] = end += bytes;
    }
}

static void take_values(const struct table_column *from, const uint64_t *rows, uint64_t count, struct table_column *to)
{
    size_t width = from->offsets ? 0 : (size_t)table_format_width(from->format);
    if (strcmp(from->format, "b") == 0)
        return take_bits(from->values, rows, count, to->values);
    if (from->offsets)
        return take_texts(from, rows, count, to);
    for (uint64_t i = 0; i < count; i++)
        memcpy((char *)to->values + i * width, (const char *)from->values + rows[i] * width, width);
}

static int take_column(const struct table *source, size_t index, const uint64_t *rows, uint64_t count,
                       struct table *part, struct fault *fault)
{
    struct table_column from, to;
    table_column_view(&source->schema, &source->array, index, &from);
    int code = table_add(part, from.name, from.format, (size_t)bytes_of_texts(&from, rows, count),
                         from.validity != NULL, &to, fault);
    if (code)
        return code;
    take_values(&from, rows, count, &to);
    if (!from.validity)
        return 0;
    take_bits(from.validity, rows, count, to.validity);
    table_set_null_count(part, index, (int64_t)count - table_count_valid(to.validity, (int64_t)count));
    return 0;
}

int split_take(const struct table *source, const uint64_t *rows, uint64_t count, struct table **out,
               struct fault *fault)
{
    if (count && rows[count - 1] - rows[0] == count - 1)
        return split_rows(source, rows[0], count, out, fault);
    struct table *part = table_new((int64_t)count);
    int code = part ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; !code && i < table_columns(&source->array); i++)
        code = take_column(source, i, rows, count, part, fault);
    if (code)
        table_free(part);
    else
        *out = part;
    return code;
}

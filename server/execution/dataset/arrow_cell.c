/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "execution/dataset/arrow_internal.h"
#include "utf8/utf8.h"

/* 0001-01-01 and 9999-12-31, the dates that a table holds. */
enum { DAY_FIRST = -719162, DAY_LAST = 2932896 };

static uint64_t load(const uint8_t *values, int64_t row, unsigned bits)
{
    uint64_t wide = 0;
    memcpy(&wide, values + (size_t)row * (bits / 8), bits / 8);
    return wide;
}

static int64_t widen(uint64_t value, struct arrow_type type)
{
    unsigned unused = 64 - type.bits;
    return type.is_signed ? (int64_t)(value << unused) >> unused : (int64_t)value;
}

static bool bit(const uint8_t *bits, int64_t row)
{
    return bits[row / 8] >> row % 8 & 1;
}

/* Source: IEEE 754-2019, binary16. */
static double half(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023) / 1024;
    double magnitude = exponent == 31 ? (bits & 1023 ? NAN : INFINITY)
                       : exponent     ? ldexp(1 + fraction, exponent - 15)
                                      : ldexp(fraction, -14);
    return bits >> 15 ? -magnitude : magnitude;
}

static double load_float(const uint8_t *values, int64_t row, unsigned bits)
{
    double wide;
    float single;
    uint64_t raw = load(values, row, bits);
    if (bits == 16)
        return half(raw);
    if (bits == 64) {
        memcpy(&wide, &raw, sizeof wide);
        return wide;
    }
    uint32_t narrow = (uint32_t)raw;
    memcpy(&single, &narrow, sizeof single);
    return (double)single;
}

/* Not a number is absent, as in CSV. */
static int float_cell(const struct arrow_column *column, int64_t row, struct arrow_cell *out)
{
    out->number = load_float(column->values, row, column->type.bits);
    out->present = !isnan(out->number);
    return 0;
}

static int integer_cell(const struct arrow_column *column, int64_t row, struct arrow_cell *out)
{
    uint64_t raw = load(column->values, row, column->type.bits);
    out->integer = widen(raw, column->type);
    out->too_large = !column->type.is_signed && raw > INT64_MAX;
    out->number = out->too_large ? (double)raw : (double)out->integer;
    return 0;
}

static int time_cell(const struct arrow_column *column, int64_t row, struct arrow_cell *out, struct fault *fault)
{
    int64_t time = widen(load(column->values, row, column->type.bits), column->type);
    if (time % column->type.a_day)
        return arrow_bad(fault, "a time of day, where dates alone are held");
    out->integer = time / column->type.a_day;
    out->number = (double)out->integer;
    return out->integer < DAY_FIRST || out->integer > DAY_LAST ? arrow_bad(fault, "a date beyond the years 1 to 9999")
                                                               : 0;
}

static int text_cell(const struct arrow_column *column, int64_t row, struct arrow_cell *out, struct fault *fault)
{
    int64_t begin = widen(load(column->offsets, row, column->type.bits), column->type);
    int64_t end = widen(load(column->offsets, row + 1, column->type.bits), column->type);
    if (begin < 0 || end < begin || (uint64_t)end > column->text_bytes)
        return arrow_bad(fault, "a text outside its bytes");
    out->text = column->text_bytes ? (const char *)column->values + begin : "";
    out->bytes = (size_t)(end - begin);
    return utf8_valid(out->text, out->bytes) && !memchr(out->text, 0, out->bytes)
               ? 0
               : arrow_bad(fault, "a text that is not UTF-8 or holds a NUL");
}

/* The piece in which @position lies. */
static const struct arrow_piece *find_piece(const struct arrow_dictionary *dictionary, int64_t position)
{
    size_t low = 0, high = dictionary->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (dictionary->pieces[middle].first <= position)
            low = middle;
        else
            high = middle;
    }
    return &dictionary->pieces[low];
}

int arrow_cell(const struct arrow_column *column, int64_t row, struct arrow_cell *out, struct fault *fault)
{
    bool present = column->type.kind != ARROW_NULL && (!column->validity || bit(column->validity, row));
    *out = (struct arrow_cell){.present = present};
    if (!present)
        return 0;
    switch (column->type.kind) {
    case ARROW_FLOAT:
        return float_cell(column, row, out);
    case ARROW_TIME:
        return time_cell(column, row, out, fault);
    case ARROW_TEXT:
        return text_cell(column, row, out, fault);
    case ARROW_BOOL:
        out->integer = bit(column->values, row);
        out->number = (double)out->integer;
        return 0;
    default:
        break;
    }
    integer_cell(column, row, out);
    if (!column->dictionary)
        return 0;
    if (out->too_large || out->integer < 0 || out->integer >= column->dictionary->length)
        return arrow_bad(fault, "a position outside the dictionary");
    const struct arrow_piece *piece = find_piece(column->dictionary, out->integer);
    return arrow_cell(&piece->column, out->integer - piece->first, out, fault);
}

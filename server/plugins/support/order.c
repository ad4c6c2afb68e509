/* SPDX-License-Identifier: Apache-2.0 */
#include "support/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- Many numbers: by their digits, the lowest first ---- */

#define DIGIT_BITS 11
#define DIGITS 6
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define BY_DIGITS_LEAST 512 /* fewer are sooner compared */

/* A number's bits, so turned that their order as whole numbers is that of the numbers. */
static uint64_t key_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits ^ (bits >> 63 ? UINT64_MAX : (uint64_t)1 << 63);
}

static double value_of(uint64_t key)
{
    uint64_t bits = key ^ (key >> 63 ? (uint64_t)1 << 63 : UINT64_MAX);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static unsigned digit_of(uint64_t key, unsigned digit)
{
    return (unsigned)(key >> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

/* How often each digit has each value. */
static void count_digits(const uint64_t *keys, size_t count, uint32_t counts[DIGITS][DIGIT_VALUES])
{
    memset(counts, 0, sizeof(uint32_t[DIGITS][DIGIT_VALUES]));
    for (size_t i = 0; i < count; i++)
        for (unsigned digit = 0; digit < DIGITS; digit++)
            counts[digit][digit_of(keys[i], digit)]++;
}

static void deal_out(const uint64_t *keys, size_t count, unsigned digit, uint32_t *counts, uint64_t *to)
{
    uint32_t start = 0;

    for (size_t i = 0; i < DIGIT_VALUES; i++) {
        uint32_t own = counts[i];
        counts[i] = start;
        start += own;
    }
    for (size_t i = 0; i < count; i++)
        to[counts[digit_of(keys[i], digit)]++] = keys[i];
}

/* @keys: room for twice as many, and the counts. */
static void sort_by_digits(double *values, size_t count, uint64_t *keys)
{
    uint32_t(*counts)[DIGIT_VALUES] = (uint32_t(*)[DIGIT_VALUES])(keys + 2 * count);
    uint64_t *from = keys, *to = keys + count;

    for (size_t i = 0; i < count; i++)
        keys[i] = key_of(values[i]);
    count_digits(keys, count, counts);
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        if (counts[digit][digit_of(from[0], digit)] == count)
            continue; /* all have the same */
        deal_out(from, count, digit, counts[digit], to);
        uint64_t *sorted = to;
        to = from;
        from = sorted;
    }
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(from[i]);
}

void order_sort(double *values, size_t count)
{
    uint64_t *keys = NULL;

    if (count >= BY_DIGITS_LEAST && count <= UINT32_MAX)
        keys = malloc(2 * count * sizeof(*keys) + sizeof(uint32_t[DIGITS][DIGIT_VALUES]));
    if (keys)
        sort_by_digits(values, count, keys);
    else if (count > 1)
        qsort(values, count, sizeof(*values), compare);
    free(keys);
}

/* Merge sort from below: stable, and free of callbacks. */
void order_indexes(const double *values, size_t count, uint32_t *indexes, uint32_t *scratch)
{
    for (size_t i = 0; i < count; i++)
        indexes[i] = (uint32_t)i;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = start + 2 * width < count ? start + 2 * width : count;
            size_t left = start, right = middle;
            for (size_t out = start; out < end; out++)
                scratch[out] = left < middle && (right >= end || values[indexes[left]] <= values[indexes[right]])
                                   ? indexes[left++]
                                   : indexes[right++];
        }
        memcpy(indexes, scratch, count * sizeof(*indexes));
    }
}

void order_ranks(const double *values, const uint32_t *indexes, size_t count, double *ranks)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && values[indexes[to]] == values[indexes[from]]; to++)
            ;
        for (size_t i = from; i < to; i++)
            ranks[indexes[i]] = 0.5 * (double)(from + 1 + to);
    }
}

double order_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0)
        return NAN;
    double place = share * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sieve/sieve.h"

#include <cblas.h>
#include <math.h>

#include "support/wide.h"

#define BLOCK SIEVE_ROWS
#define GROUP 32 /* rows that are held against a limit together */

struct sieve {
    size_t rows, features, width; /* width: features, and one for the squares */
    double scale, *centre;        /* rows are moved and scaled so that they suit single precision */
    float *values;                /* block after block: @width times BLOCK numbers */
    double *reach;                /* of a block: the greatest length of a row */

    size_t points, block;
    float *sides;              /* of the product: -2 x and 1, point after point */
    double *squares, *lengths; /* of the points */
    float *products;           /* @points times BLOCK */
};

static void find_scale(struct sieve *s, const double *values)
{
    double most = 0;
    int exponent;

    for (size_t row = 0; row < s->rows; row++)
        for (size_t f = 0; f < s->features; f++)
            s->centre[f] += values[row * s->features + f] / (double)s->rows;
    for (size_t row = 0; row < s->rows; row++)
        for (size_t f = 0; f < s->features; f++) {
            double away = fabs(values[row * s->features + f] - s->centre[f]);
            most = away > most ? away : most;
        }
    (void)frexp(most, &exponent);
    s->scale = most > 0 && isfinite(most) ? ldexp(1, exponent > 500 ? -500 : exponent < -500 ? 500 : -exponent) : 1;
}

static void fill_block(struct sieve *s, const double *values, size_t block)
{
    float *to = s->values + block * s->width * BLOCK;
    size_t first = block * BLOCK, count = s->rows - first < BLOCK ? s->rows - first : BLOCK;
    double squares[BLOCK] = {0}, most = 0;

    for (size_t f = 0; f < s->features; f++)
        for (size_t i = 0; i < count; i++) {
            double value = (values[(first + i) * s->features + f] - s->centre[f]) * s->scale;
            to[f * BLOCK + i] = (float)value;
            squares[i] += value * value;
        }
    for (size_t i = 0; i < count; i++) {
        to[s->features * BLOCK + i] = (float)squares[i];
        most = squares[i] > most ? squares[i] : most;
    }
    s->reach[block] = sqrt(most);
}

size_t sieve_blocks(const struct sieve *s)
{
    return (s->rows + BLOCK - 1) / BLOCK;
}

struct sieve *sieve_new(struct call *call, const double *values, size_t rows, size_t features)
{
    struct sieve *s = call_memory(call, 1, sizeof(*s));

    if (!s)
        return NULL;
    *s = (struct sieve){.rows = rows, .features = features, .width = features + 1};
    s->centre = call_memory(call, features, sizeof(*s->centre));
    s->values = call_memory(call, sieve_blocks(s) * BLOCK * s->width, sizeof(*s->values));
    s->reach = call_memory(call, sieve_blocks(s), sizeof(*s->reach));
    s->sides = call_memory(call, SIEVE_POINTS * s->width, sizeof(*s->sides));
    s->squares = call_memory(call, SIEVE_POINTS, sizeof(*s->squares));
    s->lengths = call_memory(call, SIEVE_POINTS, sizeof(*s->lengths));
    s->products = call_memory(call, SIEVE_POINTS * BLOCK, sizeof(*s->products));
    if (call->status)
        return NULL;
    find_scale(s, values);
    for (size_t block = 0; block < sieve_blocks(s); block++)
        fill_block(s, values, block);
    return s;
}

void sieve_points(struct sieve *s, const double *points, size_t count)
{
    s->points = count;
    for (size_t i = 0; i < count; i++) {
        float *side = s->sides + i * s->width;
        double square = 0;
        for (size_t f = 0; f < s->features; f++) {
            double value = (points[i * s->features + f] - s->centre[f]) * s->scale;
            side[f] = (float)(-2 * value);
            square += value * value;
        }
        side[s->features] = 1;
        s->squares[i] = square;
        s->lengths[i] = sqrt(square);
    }
}

void sieve_block(struct sieve *s, size_t block)
{
    s->block = block;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->points, BLOCK, (int)s->width, 1, s->sides,
                (int)s->width, s->values + block * s->width * BLOCK, BLOCK, 0, s->products, BLOCK);
}

size_t sieve_first(const struct sieve *s)
{
    return s->block * BLOCK;
}

/* What a product must be above to be told apart. Every term is rounded three times and a sum of n of them n - 1 times,
 * each by no more than 2^-24 of what the terms' sizes add up to, which is at most (|x| + |y|)²; all that is taken
 * twice. 1e-36: what is too small for single precision. A limit that is not a number tells nothing apart. */
static float bound_of(const struct sieve *s, size_t point, double limit)
{
    double most = s->lengths[point] + s->reach[s->block];
    double rounding = (double)(s->width + 8) * 0x1p-23 * most * most + 1e-36 * (double)s->width;
    double bound = limit * s->scale * s->scale - s->squares[point] + rounding;

    return nextafterf((float)bound, INFINITY);
}

typedef int32_t told __attribute__((vector_size(32)));
typedef float singles __attribute__((vector_size(32), aligned(4), may_alias));
typedef int64_t halves __attribute__((vector_size(32)));

/* The first group at or after @at (a multiple of GROUP) with a product that is not above @bound; BLOCK if none. */
WIDE static size_t next_group(const float *products, size_t at, float bound)
{
    for (; at < BLOCK; at += GROUP) {
        told above = {-1, -1, -1, -1, -1, -1, -1, -1};
        for (size_t i = 0; i < GROUP; i += 8)
            above &= *(const singles *)(products + at + i) > bound;
        halves all = (halves)above;
        if ((all[0] & all[1] & all[2] & all[3]) != -1)
            break;
    }
    return at;
}

/* The first in its group whose product is not above @bound, or the group's end. */
static size_t next_in_group(const float *products, size_t at, float bound)
{
    while (at % GROUP != 0 && products[at] > bound)
        at++;
    return at;
}

int sieve_next(const struct sieve *s, size_t point, double limit, size_t *row)
{
    const float *products = s->products + point * BLOCK;
    float bound = bound_of(s, point, limit);
    size_t first = s->block * BLOCK, at = next_in_group(products, *row - first, bound);

    if (at % GROUP == 0)
        at = next_group(products, at, bound);
    while (at < BLOCK && products[at] > bound)
        at++;
    *row = first + at;
    return at < BLOCK && *row < s->rows;
}

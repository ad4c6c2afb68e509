/* SPDX-License-Identifier: Apache-2.0 */
#include "support/distance.h"

#include <string.h>

#include "support/wide.h"

typedef double lanes __attribute__((vector_size(32)));

#define LANES 4
#define TILE (4 * LANES) /* points whose sums stay in registers */

typedef double lanes_at __attribute__((vector_size(32), aligned(8), may_alias)); /* in memory */

/* @columns, or NULL: @block. */
static inline __attribute__((always_inline)) void measure(const double *const *columns, const double *block,
                                                          size_t stride, size_t features, size_t count,
                                                          const double *point, double *distances)
{
    size_t at = 0;

    for (; at + TILE <= count; at += TILE) {
        lanes sums[TILE / LANES] = {{0}};
        for (size_t f = 0; f < features; f++) {
            const double *column = (columns ? columns[f] : block + f * stride) + at;
            lanes value = {point[f], point[f], point[f], point[f]};
            for (size_t i = 0; i < TILE / LANES; i++) {
                lanes away = *(const lanes_at *)(column + i * LANES) - value;
                sums[i] += away * away;
            }
        }
        memcpy(distances + at, sums, sizeof(sums));
    }
    for (; at < count; at++) {
        double sum = 0;
        for (size_t f = 0; f < features; f++) {
            double away = (columns ? columns[f] : block + f * stride)[at] - point[f];
            sum += away * away;
        }
        distances[at] = sum;
    }
}

WIDE void distance_columns(const double *const *columns, size_t features, size_t count, const double *point,
                           double *distances)
{
    measure(columns, NULL, 0, features, count, point, distances);
}

WIDE void distance_block(const double *block, size_t stride, size_t features, size_t count, const double *point,
                         double *distances)
{
    measure(NULL, block, stride, features, count, point, distances);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sieve never hides a row that is near enough, whatever the data's level, size and spread; and it does hide most
 * that are not, where the data is of the ordinary kind. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sieve/sieve.h"

#define ROWS 1100 /* three blocks, the last one not full */
#define FEATURES 9
#define POINTS 100

static void *blocks[64];
static size_t block_count;

static void *host_alloc(const struct mltrainer_host *host, size_t bytes)
{
    assert_true(block_count < sizeof(blocks) / sizeof(blocks[0]));
    return blocks[block_count++] = calloc(1, bytes + 1);
}

static int free_blocks(void **state)
{
    while (block_count > 0)
        free(blocks[--block_count]);
    return 0;
}

static const struct mltrainer_host host = {.size = sizeof(host), .alloc = host_alloc};

static double uniform(void)
{
    static uint64_t chance = 1;

    chance = chance * 6364136223846793005u + 1442695040888963407u;
    return (double)(chance >> 11) / 0x1p53;
}

static double distance(const double *a, const double *b)
{
    double sum = 0;

    for (int i = 0; i < FEATURES; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* Rows around @level, @size wide. Gives how many rows the sieve let through for limits that a tenth of the rows, one
 * row and no row but the point itself are within; all that are must be among them. */
static size_t let_through(double level, double size, double points_from, size_t *within)
{
    static double values[ROWS * FEATURES], points[POINTS * FEATURES];
    struct mltrainer_error error = {.size = sizeof(error)};
    struct call call = {.host = &host, .error = &error};
    size_t through = 0;

    *within = 0;
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        values[i] = level + size * uniform();
    for (size_t i = 0; i < POINTS * FEATURES; i++)
        points[i] = i < POINTS * FEATURES / 2 ? values[3 * i] : points_from + size * uniform();
    struct sieve *sieve = sieve_new(&call, values, ROWS, FEATURES);
    assert_non_null(sieve);
    sieve_points(sieve, points, POINTS);
    for (size_t block = 0; block < sieve_blocks(sieve); block++) {
        sieve_block(sieve, block);
        for (size_t i = 0; i < POINTS; i++) {
            const double limits[] = {size * size * 0.8, distance(points + i * FEATURES, values + 700 * FEATURES), 0};
            for (int l = 0; l < 3; l++) {
                size_t end = sieve_first(sieve) + SIEVE_ROWS < ROWS ? sieve_first(sieve) + SIEVE_ROWS : ROWS;
                size_t next = sieve_first(sieve);
                int any = sieve_next(sieve, i, limits[l], &next);
                for (size_t row = sieve_first(sieve); row < end; row++) {
                    int is_near = distance(points + i * FEATURES, values + row * FEATURES) <= limits[l];
                    *within += (size_t)is_near;
                    if (any && next == row) {
                        through++;
                        next++;
                        any = sieve_next(sieve, i, limits[l], &next);
                        continue;
                    }
                    assert_false(is_near);
                }
                assert_false(any);
            }
        }
    }
    free_blocks(NULL);
    return through;
}

static void ordinary_rows_are_told_apart(void **state)
{
    static const struct {
        double level, size;
    } tables[] = {{0, 1}, {1e9, 1}, {-3, 1e-120}, {0, 1e-120}, {5, 1e100}};

    for (size_t i = 0; i < 5; i++) {
        size_t within, through = let_through(tables[i].level, tables[i].size, tables[i].level, &within);
        assert_true(within > POINTS && through >= within);
        if (tables[i].level + tables[i].size > tables[i].level) /* else all rows are one */
            assert_true(through < within + within / 100 + 10);
    }
}

static void near_rows_are_never_hidden(void **state)
{
    static const struct {
        double level, size, from;
    } tables[] = {{0, 0, 0},       {7, 0, 7},          {1e15, 1, 1e15},    {0, 1, 1e6},     {0, 1, 1e30},
                  {0, 1, 1e200},   {1e200, 1e190, 0},  {0, 1e300, 0},      {0, 1e-300, 0},  {0, DBL_MIN, 1},
                  {0, 1, -1e12},   {-1e5, 1e-4, -1e5}, {0, 1e154, -1e154}, {0, 1, INFINITY}};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        size_t within;
        (void)let_through(tables[i].level, tables[i].size, tables[i].from, &within);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ordinary_rows_are_told_apart, free_blocks),
        cmocka_unit_test_teardown(near_rows_are_never_hidden, free_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

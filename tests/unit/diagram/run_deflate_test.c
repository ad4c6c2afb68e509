/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "diagram/render/run_deflate.h"
#include "random_scene.h"

/* zlib's own inflate, with its checks of codes and checksum, judges what is written. */

enum { ROOM = 4 * 1024 * 1024 };

struct written {
    unsigned char *bytes;
    size_t size, pieces;
};

static void collect(void *arg, const unsigned char *bytes, size_t size)
{
    struct written *written = arg;
    assert_in_range(size, 1, RUN_DEFLATE_OUT_BYTES);
    assert_true(written->size + size <= ROOM);
    memcpy(written->bytes + written->size, bytes, size);
    written->size += size;
    written->pieces++;
}

/* In pieces of @piece bytes; zeros in a piece that is nothing else go by run_deflate_add_zeros(). */
static struct written compress_pieces(const unsigned char *bytes, size_t size, size_t piece)
{
    struct written written = {malloc(ROOM), 0, 0};
    struct run_deflate *d = malloc(sizeof *d);
    run_deflate_begin(d, collect, &written);
    for (size_t at = 0; at < size; at += piece) {
        size_t count = size - at < piece ? size - at : piece, zeros = 0;
        while (zeros < count && bytes[at + zeros] == 0)
            zeros++;
        if (zeros == count)
            run_deflate_add_zeros(d, count);
        else
            run_deflate_add(d, bytes + at, count);
    }
    run_deflate_end(d);
    free(d);
    return written;
}

static void check(const unsigned char *bytes, size_t size, size_t piece)
{
    struct written written = compress_pieces(bytes, size, piece);
    unsigned char *back = malloc(size + 1);
    uLongf back_size = size + 1;
    uLong used = written.size;
    assert_int_equal(uncompress2(back, &back_size, written.bytes, &used), Z_OK);
    assert_int_equal(used, written.size);
    assert_int_equal(back_size, size);
    assert_memory_equal(back, bytes, size);
    free(back);
    free(written.bytes);
}

static void what_was_put_in_comes_out(void **state)
{
    static const struct {
        size_t size;
        int change_percent, values;
    } shapes[] = {{0, 0, 1},        {1, 0, 1},          {1, 100, 256},      {2, 0, 1},      {3, 0, 1},
                  {258, 0, 1},      {259, 0, 1},        {260, 0, 1},        {261, 0, 1},    {1000, 100, 2},
                  {5000, 50, 3},    {70000, 100, 256},  {300000, 5, 256},   {300000, 1, 2}, {1000000, 100, 256},
                  {1000000, 0, 1},  {2000000, 30, 20}};
    uint64_t seed = 9;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        unsigned char *bytes = malloc(shapes[i].size + 1), now = 0;
        for (size_t k = 0; k < shapes[i].size; k++) {
            if (random_below(&seed, 100) < shapes[i].change_percent)
                now = (unsigned char)random_below(&seed, shapes[i].values);
            bytes[k] = now;
        }
        check(bytes, shapes[i].size, shapes[i].size + 1);
        check(bytes, shapes[i].size, 1000);
        check(bytes, shapes[i].size, 7);
        free(bytes);
    }
}

static size_t greatest_divisor(size_t a, size_t b)
{
    return b == 0 ? a : greatest_divisor(b, a % b);
}

/* Frequencies like Fibonacci's numbers make the deepest tree: codes must still have at most 15 bits. Each value is
 * spread evenly, so that hardly any is part of a run. */
static void deep_trees_are_cut(void **state)
{
    unsigned char *sorted = malloc(RUN_DEFLATE_TOKENS), *bytes = malloc(RUN_DEFLATE_TOKENS);
    size_t size = 0, a = 1, b = 2; /* and the end of the block, once */
    for (int value = 1; size + a < RUN_DEFLATE_TOKENS; value++) {
        memset(sorted + size, value, a);
        size += a;
        size_t next = a + b;
        a = b;
        b = next;
    }
    size_t step = size * 618 / 1000;
    while (greatest_divisor(size, step) != 1)
        step++;
    for (size_t i = 0; i < size; i++)
        bytes[i] = sorted[i * step % size];
    check(bytes, size, size);
    free(sorted);
    free(bytes);
}

static void runs_cost_next_to_nothing(void **state)
{
    unsigned char *zeros = calloc(1, 3 * 1024 * 1024);
    struct written written = compress_pieces(zeros, 3 * 1024 * 1024, 3 * 1024 * 1024);
    assert_in_range(written.size, 10, 6000);
    free(written.bytes);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_in_comes_out),
        cmocka_unit_test(deep_trees_are_cut),
        cmocka_unit_test(runs_cost_next_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

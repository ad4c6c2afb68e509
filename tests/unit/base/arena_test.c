/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/arena_fast.h"
#include "failing_malloc.h"

static void allocations_are_aligned_distinct_and_writable(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    uint8_t *at[500];
    for (size_t i = 0; i < 500; i++) {
        at[i] = mrpc_arena_alloc(arena, i * 7);
        assert_non_null(at[i]);
        assert_int_equal((uintptr_t)at[i] % 16, 0);
        memset(at[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t byte = 0; byte < i * 7; byte++)
            assert_int_equal(at[i][byte], i & 0xff);
    }
    mrpc_arena_free(arena);
}

static void nothing_is_a_valid_pointer(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    assert_non_null(mrpc_arena_alloc(arena, 0));
    assert_non_null(mrpc_arena_calloc(arena, 0, 8));
    mrpc_arena_free(arena);
    mrpc_arena_free(NULL);
}

static void the_budget_counts_bytes_rounded_up_to_16(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(64);
    assert_non_null(mrpc_arena_alloc(arena, 1));
    assert_int_equal(mrpc_arena_used_bytes(arena), 16);
    assert_non_null(mrpc_arena_alloc(arena, 48));
    assert_int_equal(mrpc_arena_exhausted(arena), 0);
    assert_null(mrpc_arena_alloc(arena, 1));
    assert_int_equal(mrpc_arena_exhausted(arena), 1);
    mrpc_arena_reset(arena);
    assert_int_equal(mrpc_arena_used_bytes(arena), 0);
    assert_int_equal(mrpc_arena_exhausted(arena), 0);
    assert_non_null(mrpc_arena_alloc(arena, 64));
    mrpc_arena_free(arena);
}

static void absurd_sizes_are_refused(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    assert_null(mrpc_arena_alloc(arena, SIZE_MAX));
    assert_null(mrpc_arena_alloc(arena, SIZE_MAX / 2));
    assert_null(mrpc_arena_calloc(arena, SIZE_MAX / 2, 4));
    assert_int_equal(mrpc_arena_exhausted(arena), 1);
    assert_non_null(mrpc_arena_alloc(arena, 16));
    mrpc_arena_free(arena);
}

static void running_out_of_memory_is_not_running_out_of_budget(void **state)
{
    failing_malloc_at(1, 0);
    assert_null(mrpc_arena_new(0));
    failing_malloc_at(0, 0);
    struct mrpc_arena *arena = mrpc_arena_new(1 << 20);
    failing_malloc_at(1, 1);
    assert_null(mrpc_arena_alloc(arena, 10));
    assert_int_equal(mrpc_arena_exhausted(arena), 0);
    failing_malloc_at(0, 0);
    assert_non_null(mrpc_arena_alloc(arena, 10));
    mrpc_arena_free(arena);
}

static void a_loop_of_similar_rounds_stops_calling_malloc(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    for (int round = 0; round < 50; round++) {
        if (round == 3)
            failing_malloc_at(0, 0);
        for (int i = 0; i < 400; i++)
            assert_non_null(mrpc_arena_alloc(arena, 100));
        mrpc_arena_reset(arena);
    }
    assert_int_equal(failing_malloc_calls(), 0);
    mrpc_arena_free(arena);
}

static void the_newest_allocation_can_grow_in_place(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(1024);
    uint8_t *first = mrpc_arena_alloc(arena, 10);
    assert_true(mrpc_arena_extend(arena, first, 10, 100));
    memset(first, 1, 100);
    assert_int_equal(mrpc_arena_used_bytes(arena), 112);
    uint8_t *second = mrpc_arena_alloc(arena, 10);
    assert_true(second >= first + 100);
    assert_false(mrpc_arena_extend(arena, first, 100, 200));
    assert_false(mrpc_arena_extend(arena, second, 10, 2000)); /* budget */
    assert_int_equal(mrpc_arena_used_bytes(arena), 128);
    mrpc_arena_free(arena);
}

static void text_is_copied_and_printed(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    assert_string_equal(mrpc_arena_strdup(arena, "copy"), "copy");
    assert_memory_equal(mrpc_arena_memdup(arena, "a\0b", 3), "a\0b", 3);
    assert_string_equal(mrpc_arena_printf(arena, "%s=%d", "x", 7), "x=7");
    char *zero = mrpc_arena_calloc(arena, 3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(zero[i], 0);
    mrpc_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_distinct_and_writable),
        cmocka_unit_test(nothing_is_a_valid_pointer),
        cmocka_unit_test(the_budget_counts_bytes_rounded_up_to_16),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(running_out_of_memory_is_not_running_out_of_budget),
        cmocka_unit_test(a_loop_of_similar_rounds_stops_calling_malloc),
        cmocka_unit_test(the_newest_allocation_can_grow_in_place),
        cmocka_unit_test(text_is_copied_and_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <mrpc/error.h>

#include "base/buffer.h"
#include "failing_malloc.h"

static void what_is_appended_is_consumed_in_order(void **state)
{
    struct mrpc_buffer buffer = {0};
    assert_int_equal(mrpc_buffer_append(&buffer, "hello", 5), 0);
    assert_int_equal(mrpc_buffer_append(&buffer, " world", 6), 0);
    assert_int_equal(mrpc_buffer_size(&buffer), 11);
    mrpc_buffer_consume(&buffer, 6);
    assert_memory_equal(mrpc_buffer_bytes(&buffer), "world", 5);
    mrpc_buffer_consume(&buffer, 100);
    assert_int_equal(mrpc_buffer_size(&buffer), 0);
    mrpc_buffer_fini(&buffer);
}

/* A queue of bytes whose values count up, filled and drained by a fixed pattern of odd sizes. */
static void a_queue_that_never_runs_empty_keeps_its_bytes_and_its_size(void **state)
{
    struct mrpc_buffer buffer = {0};
    uint8_t in = 0, out = 0;
    for (unsigned round = 0; round < 20000; round++) {
        size_t put = round * 37 % 97, take = round * 53 % 97;
        uint8_t *room = mrpc_buffer_reserve(&buffer, put);
        assert_non_null(room);
        for (size_t i = 0; i < put; i++)
            room[i] = in++;
        mrpc_buffer_commit(&buffer, put);
        if (take >= mrpc_buffer_size(&buffer))
            take = mrpc_buffer_size(&buffer) ? mrpc_buffer_size(&buffer) - 1 : 0;
        for (size_t i = 0; i < take; i++)
            assert_int_equal(mrpc_buffer_bytes(&buffer)[i], out++);
        mrpc_buffer_consume(&buffer, take);
    }
    assert_true(buffer.capacity <= 16384);
    mrpc_buffer_fini(&buffer);
}

static void a_failed_reserve_changes_nothing(void **state)
{
    struct mrpc_buffer buffer = {0};
    failing_malloc_at(1, 1);
    assert_int_equal(mrpc_buffer_append(&buffer, "x", 1), MRPC_ERR_NOMEM);
    failing_malloc_at(0, 0);
    assert_int_equal(mrpc_buffer_append(&buffer, "0123456789", 10), 0);
    mrpc_buffer_consume(&buffer, 1);
    failing_malloc_at(1, 1);
    assert_null(mrpc_buffer_reserve(&buffer, 100000));
    failing_malloc_at(0, 0);
    assert_null(mrpc_buffer_reserve(&buffer, SIZE_MAX));
    assert_int_equal(mrpc_buffer_size(&buffer), 9);
    assert_memory_equal(mrpc_buffer_bytes(&buffer), "123456789", 9);
    mrpc_buffer_fini(&buffer);
}

static void clearing_keeps_small_storage_and_gives_back_large(void **state)
{
    struct mrpc_buffer buffer = {0};
    assert_non_null(mrpc_buffer_reserve(&buffer, 1000));
    mrpc_buffer_clear(&buffer, 4096);
    assert_true(buffer.capacity >= 1000);
    assert_non_null(mrpc_buffer_reserve(&buffer, 100000));
    mrpc_buffer_clear(&buffer, 4096);
    assert_int_equal(buffer.capacity, 0);
    mrpc_buffer_fini(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_consumed_in_order),
        cmocka_unit_test(a_queue_that_never_runs_empty_keeps_its_bytes_and_its_size),
        cmocka_unit_test(a_failed_reserve_changes_nothing),
        cmocka_unit_test(clearing_keeps_small_storage_and_gives_back_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

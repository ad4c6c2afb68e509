/* SPDX-License-Identifier: Apache-2.0 */
#include "client/backoff.h"

#include "test.h"

static void waits_grow_by_1_6_to_the_maximum(void **state)
{
    struct mrpc_backoff backoff = {.base_ms = 1000, .max_ms = 120000, .random = 7};
    double expected_ms = 1000;
    for (int i = 0; i < 30; i++) {
        int64_t wait_ms = mrpc_backoff_next_ms(&backoff);
        assert_true((double)wait_ms >= expected_ms * 0.8 - 1);
        assert_true((double)wait_ms <= expected_ms * 1.2 + 1);
        expected_ms = expected_ms * 1.6 < 120000 ? expected_ms * 1.6 : 120000;
    }
}

static void jitter_fills_its_range(void **state)
{
    int64_t lowest = INT64_MAX, highest = 0;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct mrpc_backoff backoff = {.base_ms = 1000, .max_ms = 120000, .random = seed};
        int64_t wait_ms = mrpc_backoff_next_ms(&backoff);
        lowest = wait_ms < lowest ? wait_ms : lowest;
        highest = wait_ms > highest ? wait_ms : highest;
    }
    assert_in_range(lowest, 800, 810);
    assert_in_range(highest, 1190, 1200);
}

static void success_begins_anew(void **state)
{
    struct mrpc_backoff backoff = {.base_ms = 100, .max_ms = 1000, .random = 1};
    for (int i = 0; i < 10; i++)
        (void)mrpc_backoff_next_ms(&backoff);
    mrpc_backoff_reset(&backoff);
    assert_in_range(mrpc_backoff_next_ms(&backoff), 80, 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_grow_by_1_6_to_the_maximum),
        cmocka_unit_test(jitter_fills_its_range),
        cmocka_unit_test(success_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

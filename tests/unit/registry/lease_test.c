/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "registry/lease.h"
#include "test.h"

/* Leases under a clock of the test's own. */

static void lease_is_due_after_its_time_and_once(void **state)
{
    struct lease_heap heap = {0};
    struct lease lease = {0};
    assert_true(lease_set(&heap, &lease, 1000, 500));
    assert_null(lease_pop_due(&heap, 1499));
    assert_int_equal(lease_remaining_ms(&heap, &lease, 1400), 100);
    assert_ptr_equal(lease_pop_due(&heap, 1500), &lease);
    assert_null(lease_pop_due(&heap, 9999));
    lease_heap_fini(&heap);
}

static void renewing_moves_it(void **state)
{
    struct lease_heap heap = {0};
    struct lease lease = {0};
    assert_true(lease_set(&heap, &lease, 0, 500));
    for (int64_t now = 400; now < 4000; now += 400) {
        assert_null(lease_pop_due(&heap, now));
        assert_true(lease_set(&heap, &lease, now, 500));
    }
    assert_null(lease_pop_due(&heap, 4099));
    assert_ptr_equal(lease_pop_due(&heap, 4100), &lease);
    lease_heap_fini(&heap);
}

static void shortening_brings_it_forward(void **state)
{
    struct lease_heap heap = {0};
    struct lease first = {0}, second = {0};
    assert_true(lease_set(&heap, &first, 0, 1000));
    assert_true(lease_set(&heap, &second, 0, 5000));
    assert_true(lease_set(&heap, &second, 0, 100));
    assert_ptr_equal(lease_pop_due(&heap, 200), &second);
    assert_null(lease_pop_due(&heap, 200));
    lease_heap_fini(&heap);
}

static void cleared_lease_never_comes(void **state)
{
    struct lease_heap heap = {0};
    struct lease leases[3] = {0};
    for (int i = 0; i < 3; i++)
        assert_true(lease_set(&heap, &leases[i], 0, 100 * (i + 1)));
    lease_clear(&heap, &leases[0]);
    lease_clear(&heap, &leases[0]);
    assert_ptr_equal(lease_pop_due(&heap, 1000), &leases[1]);
    assert_ptr_equal(lease_pop_due(&heap, 1000), &leases[2]);
    assert_null(lease_pop_due(&heap, 1000));
    lease_heap_fini(&heap);
}

/* SIGSTOP, a suspended machine, a loop that was held up: nobody could send a heartbeat then (rows R08, O08). */
static void time_that_was_not_lived_through_counts_for_nobody(void **state)
{
    struct lease_heap heap = {0};
    struct lease lease = {0};
    assert_int_equal(lease_heap_tick(&heap, 1000, 1000), 0);
    assert_true(lease_set(&heap, &lease, 1000, 3000));
    assert_int_equal(lease_heap_tick(&heap, 1900, 1000), 0);
    assert_int_equal(lease_heap_tick(&heap, 61900, 1000), 60000);
    assert_null(lease_pop_due(&heap, 61900));
    assert_int_equal(lease_remaining_ms(&heap, &lease, 61900), 2100);
    assert_null(lease_pop_due(&heap, 63999));
    assert_ptr_equal(lease_pop_due(&heap, 64000), &lease);
    lease_heap_fini(&heap);
}

/* Against the obvious model: an array that is searched. */
static void random_operations_agree_with_a_model(void **state)
{
    enum { LEASES = 64, STEPS = 20000 };
    struct lease_heap heap = {0};
    struct lease leases[LEASES] = {0};
    int64_t model[LEASES]; /* when due; -1: not set */
    int64_t now = 0;
    srand(3);
    for (int i = 0; i < LEASES; i++)
        model[i] = -1;
    for (int step = 0; step < STEPS; step++) {
        int which = rand() % LEASES, what = rand() % 10;
        if (what < 6) {
            int64_t after = rand() % 200;
            assert_true(lease_set(&heap, &leases[which], now, after));
            model[which] = now + after;
        } else if (what < 7) {
            lease_clear(&heap, &leases[which]);
            model[which] = -1;
        } else {
            now += rand() % 50;
            for (struct lease *due; (due = lease_pop_due(&heap, now));) {
                int at = (int)(due - leases);
                assert_true(model[at] >= 0 && model[at] <= now);
                model[at] = -1;
            }
            for (int i = 0; i < LEASES; i++)
                assert_true(model[i] < 0 || model[i] > now);
        }
    }
    lease_heap_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lease_is_due_after_its_time_and_once),
        cmocka_unit_test(renewing_moves_it),
        cmocka_unit_test(shortening_brings_it_forward),
        cmocka_unit_test(cleared_lease_never_comes),
        cmocka_unit_test(time_that_was_not_lived_through_counts_for_nobody),
        cmocka_unit_test(random_operations_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Row A05, on a clock of the test's own. */

#include "access/failures.h"

#include <stdio.h>

#include "test.h"

static int set_up(void **state)
{
    struct failures *failures;
    if (failures_new(&failures) != 0)
        return -1;
    *state = failures;
    return 0;
}

static int tear_down(void **state)
{
    failures_free(*state);
    return 0;
}

static void a_burst_is_told_and_then_one_a_second(void **state)
{
    int64_t now_ms = 1000000;
    for (int i = 0; i < FAILURES_BURST; i++)
        assert_int_equal(failures_charge(*state, "10.0.0.1:4000", now_ms), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(failures_charge(*state, "10.0.0.1:4001", now_ms), FAILURES_INTERVAL_MS);
    now_ms += FAILURES_INTERVAL_MS;
    assert_int_equal(failures_charge(*state, "10.0.0.1:4002", now_ms), 0);
    assert_int_equal(failures_charge(*state, "10.0.0.1:4002", now_ms), FAILURES_INTERVAL_MS);
    now_ms += 3600 * 1000;
    for (int i = 0; i < FAILURES_BURST; i++)
        assert_int_equal(failures_charge(*state, "10.0.0.1:4000", now_ms), 0);
}

/* Addresses may share a bucket, by a secret: of many, nearly all have their own. */
static void other_addresses_are_not_charged(void **state)
{
    char peer[32];
    int charged = 0;
    for (int i = 0; i < FAILURES_BURST; i++)
        assert_int_equal(failures_charge(*state, "[2001:db8::1]:1", 5), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(peer, sizeof peer, "10.0.1.%d:77", i);
        charged += failures_charge(*state, peer, 5) != 0;
    }
    assert_true(charged < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_is_told_and_then_one_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_addresses_are_not_charged, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

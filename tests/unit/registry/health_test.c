/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/filter.h"
#include "registry/health.h"
#include "test.h"

static const struct health_thresholds usual = {.rise = 2, .fall = 3};

static void first_pass_counts_at_once(void **state)
{
    struct health_check check = {HEALTH_UNKNOWN, 0};
    assert_true(health_take(&check, &usual, true));
    assert_int_equal(check.state, HEALTH_HEALTHY);
}

static void one_failure_does_not_flip(void **state)
{
    struct health_check check = {HEALTH_HEALTHY, 0};
    assert_false(health_take(&check, &usual, false));
    assert_false(health_take(&check, &usual, false));
    assert_false(health_take(&check, &usual, true)); /* the row is broken */
    assert_false(health_take(&check, &usual, false));
    assert_false(health_take(&check, &usual, false));
    assert_int_equal(check.state, HEALTH_HEALTHY);
    assert_true(health_take(&check, &usual, false));
    assert_int_equal(check.state, HEALTH_UNHEALTHY);
    assert_false(health_take(&check, &usual, false));
}

static void coming_back_needs_a_row_of_passes(void **state)
{
    struct health_check check = {HEALTH_UNHEALTHY, 0};
    assert_false(health_take(&check, &usual, true));
    assert_false(health_take(&check, &usual, false));
    assert_false(health_take(&check, &usual, true));
    assert_true(health_take(&check, &usual, true));
    assert_int_equal(check.state, HEALTH_HEALTHY);
}

static void unknown_needs_a_row_of_failures(void **state)
{
    struct health_check check = {HEALTH_UNKNOWN, 0};
    assert_false(health_take(&check, &usual, false));
    assert_false(health_take(&check, &usual, false));
    assert_true(health_take(&check, &usual, false));
    assert_int_equal(check.state, HEALTH_UNHEALTHY);
}

static void worst_check_decides(void **state)
{
    struct health_check checks[] = {{HEALTH_HEALTHY, 0}, {HEALTH_UNKNOWN, 0}, {HEALTH_UNHEALTHY, 0}};
    assert_int_equal(health_overall(checks, 0), HEALTH_HEALTHY);
    assert_int_equal(health_overall(checks, 1), HEALTH_HEALTHY);
    assert_int_equal(health_overall(checks, 2), HEALTH_UNKNOWN);
    assert_int_equal(health_overall(checks, 3), HEALTH_UNHEALTHY);
}

static void version_ranges_follow_semver(void **state)
{
    static const struct {
        const char *version, *range;
        bool in;
    } table[] = {
        {"1.2.3", "1", true},
        {"1.2.3", "1.2", true},
        {"1.2.3", "1.3", false},
        {"1.2.3", "=1.2.3", true},
        {"1.2.3", "=1.2", false},
        {"1.2.0", "=1.2", true},
        {"1.2.3", ">=1.2 <2", true},
        {"2.0.0", ">=1.2 <2", false},
        {"1.10.0", ">1.9.9", true},
        {"1.2.3", "<=1.2.3", true},
        {"1.2.3", "<1.2.3", false},
        {"1.2.3-rc.1", ">=1.2", false},
        {"1.2.3-rc.1", ">=1.2.3-rc.1", true},
        {"1.2.3-rc.2", ">1.2.3-rc.10", false},
        {"1.2.3", ">1.2.3-rc.1", true},
        {"1.2.3-alpha", "<1.2.3-beta", true},
        {"1.2.3-1", "<1.2.3-a", true},
        {"1.2.3+build", "=1.2.3", true},
        {"", ">=0", false},
        {"nonsense", ">=0", false},
        {"1", "1", true},
        {"1.2.3.4", ">=1", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_true(registry_version_range_valid(table[i].range));
        if (registry_version_in_range(table[i].version, table[i].range) != table[i].in)
            fail_msg("%s in %s", table[i].version, table[i].range);
    }
    static const char *const bad[] = {"=>1", ">>1", "~1", "^1.2", ">=", "1.x", "1..2", ">=1, <2", "1.2-", "<>1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (registry_version_range_valid(bad[i]))
            fail_msg("%s is valid", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_pass_counts_at_once),
        cmocka_unit_test(one_failure_does_not_flip),
        cmocka_unit_test(coming_back_needs_a_row_of_passes),
        cmocka_unit_test(unknown_needs_a_row_of_failures),
        cmocka_unit_test(worst_check_decides),
        cmocka_unit_test(version_ranges_follow_semver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

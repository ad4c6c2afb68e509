/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/quarantine.h"
#include "test.h"

static void three_crashes_within_a_minute_are_one_too_many(void **state)
{
    struct quarantine quarantine = {.limit = 3};
    assert_false(quarantine_crashed(&quarantine, 1, "bad", 0));
    assert_false(quarantine_crashed(&quarantine, 1, "bad", 30000));
    assert_false(quarantine_crashed(&quarantine, 1, "bad", 60001)); /* the first is too long ago */
    assert_false(quarantine_crashed(&quarantine, 1, "other", 60002));
    assert_true(quarantine_crashed(&quarantine, 1, "bad", 90000));
    assert_false(quarantine_crashed(&quarantine, 1, "bad", 90001)); /* said once */
    quarantine_fini(&quarantine);
}

static void a_reload_forgets(void **state)
{
    struct quarantine quarantine = {.limit = 2};
    assert_false(quarantine_crashed(&quarantine, 1, "bad", 0));
    assert_false(quarantine_crashed(&quarantine, 2, "bad", 1));
    assert_true(quarantine_crashed(&quarantine, 2, "bad", 2));
    quarantine_fini(&quarantine);
}

static void no_limit_keeps_nobody_away(void **state)
{
    struct quarantine quarantine = {.limit = 0};
    for (int64_t i = 0; i < 100; i++)
        assert_false(quarantine_crashed(&quarantine, 1, "bad", i));
    assert_null(quarantine.families);
    quarantine_fini(&quarantine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_crashes_within_a_minute_are_one_too_many),
        cmocka_unit_test(a_reload_forgets),
        cmocka_unit_test(no_limit_keeps_nobody_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

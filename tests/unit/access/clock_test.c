/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "access/clock.h"
#include "test.h"

enum { NOON = 1000000, DAY = 86400 };

static const struct access_clock begun = {.wall_s = NOON, .running_s = 50};

static void goes_with_the_walls_clock(void **state)
{
    (void)state;
    assert_int_equal(access_clock_at(&begun, NOON, 50), NOON);
    assert_int_equal(access_clock_at(&begun, NOON + 7, 57), NOON + 7);
    assert_int_equal(access_clock_at(&begun, NOON + DAY, 60), NOON + DAY); /* it was behind, and is right now */
}

static void is_not_set_back(void **state)
{
    (void)state;
    assert_int_equal(access_clock_at(&begun, NOON - DAY, 57), NOON + 7);
    assert_int_equal(access_clock_at(&begun, 0, 50 + DAY), NOON + DAY);
}

static void a_clock_that_was_ahead_heals(void **state)
{
    (void)state;
    assert_int_equal(access_clock_at(&begun, NOON + 10 * DAY, 60), NOON + 10 * DAY);
    assert_int_equal(access_clock_at(&begun, NOON + 20, 70), NOON + 20);
}

static void begins_now(void **state)
{
    struct access_clock clock;
    (void)state;
    time_t before = time(NULL);
    access_clock_begin(&clock);
    assert_true(access_clock_now_s(&clock) >= before);
    assert_true(access_clock_now_s(&clock) <= time(NULL) + 1); /* of the two clocks each may be a second on its own */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_with_the_walls_clock),
        cmocka_unit_test(is_not_set_back),
        cmocka_unit_test(a_clock_that_was_ahead_heals),
        cmocka_unit_test(begins_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

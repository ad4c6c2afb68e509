/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "registry/protection.h"
#include "test.h"

static struct protection protection;
static struct protection_member members[100];

static int start(void **state)
{
    memset(&protection, 0, sizeof protection);
    memset(members, 0, sizeof members);
    return 0;
}

/* How many of @live have to fall, one every @apart_ms, until the list is held; 0: never. */
static int falls_until_held(size_t live, int64_t apart_ms)
{
    int64_t now_ms = 1000000;
    start(NULL);
    for (size_t i = 0; i < live; i++, now_ms += apart_ms)
        if (protection_fall(&protection, &members[i], live, now_ms))
            return (int)i + 1;
    return 0;
}

static void more_than_half_of_five_holds_the_list(void **state)
{
    assert_int_equal(falls_until_held(4, 0), 0);
    assert_int_equal(falls_until_held(5, 0), 3);
    assert_int_equal(falls_until_held(6, 0), 4);
    assert_int_equal(falls_until_held(10, 1500), 6);
    assert_int_equal(falls_until_held(10, 2100), 0); /* six of them take longer than the window */
    assert_int_equal(falls_until_held(100, 150), 51);
    assert_int_equal(falls_until_held(100, 1000), 0);
    falls_until_held(10, 0);
    assert_string_equal(protection.why, "6 of 10 instances failed within 10 s");
}

static void who_stands_up_does_not_count(void **state)
{
    for (int i = 0; i < 5; i++)
        assert_false(protection_fall(&protection, &members[i], 10, 1000));
    protection_rise(&protection, &members[0]);
    assert_false(protection_fall(&protection, &members[5], 10, 5000));
    assert_false(protection_fall(&protection, &members[5], 10, 5000)); /* it is down already */
    assert_true(protection_fall(&protection, &members[6], 10, 6000));
}

static void list_is_held_until_at_most_a_third_is_down(void **state)
{
    for (int i = 0; i < 6; i++)
        protection_fall(&protection, &members[i], 10, 1000);
    assert_true(protection.is_on);
    for (int i = 0; i < 6; i++) {
        assert_true(protection_fell_lately(&members[i], 10999));
        assert_false(protection_fell_lately(&members[i], 11000));
        protection_take(&protection, &members[i]);
        protection_take(&protection, &members[i]);
    }
    assert_false(protection_is_over(&protection, 10, 2000));
    protection_rise(&protection, &members[0]);
    protection_rise(&protection, &members[1]);
    assert_false(protection_is_over(&protection, 10, 2000));
    protection_rise(&protection, &members[2]);
    assert_true(protection_is_over(&protection, 10, 2000));
    protection_end(&protection);
    assert_false(protection_is_over(&protection, 10, 2000));
}

static void list_is_not_held_for_ever(void **state)
{
    for (int i = 0; i < 10; i++) {
        protection_fall(&protection, &members[i], 10, 1000);
        protection_take(&protection, &members[i]);
    }
    assert_false(protection_is_over(&protection, 10, 1000 + PROTECTION_MOST_MS - 1));
    assert_true(protection_is_over(&protection, 10, 1000 + PROTECTION_MOST_MS));
    protection_end(&protection);
    for (int i = 0; i < 10; i++)
        protection_rise(&protection, &members[i]);
    assert_int_equal(protection.held_count, 0);
}

static void held_list_is_held_again_after_a_restart(void **state)
{
    protection_restore(&protection, &members[0], 5000);
    protection_restore(&protection, &members[1], 5000);
    assert_true(protection.is_on);
    assert_int_equal(protection.held_count, 2);
    assert_false(protection_is_over(&protection, 5, 5000));
    protection_rise(&protection, &members[0]);
    assert_true(protection_is_over(&protection, 5, 5000));
}

/* The count of a second is not mixed with that of the same second ten before. */
static void falls_long_ago_are_forgotten(void **state)
{
    for (int i = 0; i < 4; i++)
        protection_fall(&protection, &members[i], 10, 1000);
    protection_fall(&protection, &members[4], 10, 11000);
    for (int i = 0; i < 4; i++)
        protection_rise(&protection, &members[i]); /* their second has left the window */
    for (int i = 5; i < 9; i++)
        assert_false(protection_fall(&protection, &members[i], 10, 11500));
    assert_true(protection_fall(&protection, &members[0], 10, 12000));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, start)
    const struct CMUnitTest tests[] = {
        CASE(more_than_half_of_five_holds_the_list),
        CASE(who_stands_up_does_not_count),
        CASE(list_is_held_until_at_most_a_third_is_down),
        CASE(list_is_not_held_for_ever),
        CASE(held_list_is_held_again_after_a_restart),
        CASE(falls_long_ago_are_forgotten),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "caller/quota.h"
#include "test.h"

static void what_is_under_way_counts(void **state)
{
    struct quota *quota = quota_new("things", "bytes", 100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(quota_take(quota, "a", 60, 0, &fault), 0);
    assert_int_equal(quota_take(quota, "a", 41, 0, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(quota_take(quota, "a", 40, 0, &fault), 0);
    assert_int_equal(quota_take(quota, "a", 1, 0, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(quota_used(quota, "a"), 100);
    quota_free(quota);
}

static void owners_do_not_share(void **state)
{
    struct quota *quota = quota_new("things", "bytes", 100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(quota_take(quota, "a", 100, 0, &fault), 0);
    assert_int_equal(quota_take(quota, "", 100, 0, &fault), 0);
    assert_int_equal(quota_take(quota, "b", 101, 0, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(quota_used(quota, "b"), 0);
    quota_free(quota);
}

static void what_was_given_back_can_be_taken_again(void **state)
{
    struct quota *quota = quota_new("things", "bytes", 100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(quota_take(quota, "a", 100, 0, &fault), 0);
    quota_give(quota, "a", 30);
    assert_int_equal(quota_take(quota, "a", 30, 0, &fault), 0);
    quota_give(quota, "a", 1000); /* never below nothing */
    quota_give(quota, "nobody", 1);
    assert_int_equal(quota_used(quota, "a"), 0);
    assert_int_equal(quota_take(quota, "a", 100, 0, &fault), 0);
    quota_free(quota);
}

static void what_was_there_before_a_smaller_limit_stays_and_keeps_others_out(void **state)
{
    struct quota *quota = quota_new("things", "bytes", 100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(quota_count(quota, "a", 150, &fault), 0);
    assert_int_equal(quota_take(quota, "a", 1, 0, &fault), MRPC_RESOURCE_EXHAUSTED);
    quota_give(quota, "a", 60);
    assert_int_equal(quota_take(quota, "a", 10, 0, &fault), 0);
    quota_free(quota);
}

static void who_is_refused_is_told_which_quota_and_when_to_come_again(void **state)
{
    struct quota *quota = quota_new("access.things", "things", 3);
    struct fault fault = FAULT_INIT;
    assert_int_equal(quota_take(quota, "token/ada", 3, 500, &fault), 0);
    assert_int_equal(quota_check(quota, "token/ada", 1, 500, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(fault.text, "access.things: token/ada has its 3 things");
    assert_int_equal(fault.retry_after_ms, 500);
    assert_int_equal(quota_check(quota, "token/eve", 3, 500, &fault), 0);
    assert_int_equal(quota_take(quota, "token/ada", UINT64_MAX, 500, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(quota_refused(quota), 2);
    quota_free(quota);
}

static void without_a_limit_all_is_given(void **state)
{
    struct quota *quota = quota_new("access.things", "things", 0);
    assert_int_equal(quota_take(quota, "a", UINT64_MAX / 2, 0, NULL), 0);
    assert_int_equal(quota_take(quota, "a", UINT64_MAX / 2, 0, NULL), 0);
    quota_free(quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_under_way_counts),
        cmocka_unit_test(owners_do_not_share),
        cmocka_unit_test(what_was_given_back_can_be_taken_again),
        cmocka_unit_test(who_is_refused_is_told_which_quota_and_when_to_come_again),
        cmocka_unit_test(without_a_limit_all_is_given),
        cmocka_unit_test(what_was_there_before_a_smaller_limit_stays_and_keeps_others_out),
    };
    return cmocka_run_group_tests_name("execution/quota", tests, NULL, NULL);
}

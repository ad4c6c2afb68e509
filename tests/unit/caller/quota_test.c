/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/quota.h"
#include "test.h"

static void what_is_under_way_counts(void **state)
{
    struct dataset_quota *quota = dataset_quota_new(100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(dataset_quota_take(quota, "a", 60, &fault), 0);
    assert_int_equal(dataset_quota_take(quota, "a", 41, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(dataset_quota_take(quota, "a", 40, &fault), 0);
    assert_int_equal(dataset_quota_take(quota, "a", 1, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(dataset_quota_used(quota, "a"), 100);
    dataset_quota_free(quota);
}

static void owners_do_not_share(void **state)
{
    struct dataset_quota *quota = dataset_quota_new(100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(dataset_quota_take(quota, "a", 100, &fault), 0);
    assert_int_equal(dataset_quota_take(quota, "", 100, &fault), 0);
    assert_int_equal(dataset_quota_take(quota, "b", 101, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(dataset_quota_used(quota, "b"), 0);
    dataset_quota_free(quota);
}

static void what_was_given_back_can_be_taken_again(void **state)
{
    struct dataset_quota *quota = dataset_quota_new(100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(dataset_quota_take(quota, "a", 100, &fault), 0);
    dataset_quota_give(quota, "a", 30);
    assert_int_equal(dataset_quota_take(quota, "a", 30, &fault), 0);
    dataset_quota_give(quota, "a", 1000); /* never below nothing */
    dataset_quota_give(quota, "nobody", 1);
    assert_int_equal(dataset_quota_used(quota, "a"), 0);
    assert_int_equal(dataset_quota_take(quota, "a", 100, &fault), 0);
    dataset_quota_free(quota);
}

static void what_was_there_before_a_smaller_limit_stays_and_keeps_others_out(void **state)
{
    struct dataset_quota *quota = dataset_quota_new(100);
    struct fault fault = FAULT_INIT;
    assert_int_equal(dataset_quota_count(quota, "a", 150, &fault), 0);
    assert_int_equal(dataset_quota_take(quota, "a", 1, &fault), MRPC_RESOURCE_EXHAUSTED);
    dataset_quota_give(quota, "a", 60);
    assert_int_equal(dataset_quota_take(quota, "a", 10, &fault), 0);
    dataset_quota_free(quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_under_way_counts),
        cmocka_unit_test(owners_do_not_share),
        cmocka_unit_test(what_was_given_back_can_be_taken_again),
        cmocka_unit_test(what_was_there_before_a_smaller_limit_stays_and_keeps_others_out),
    };
    return cmocka_run_group_tests_name("execution/quota", tests, NULL, NULL);
}

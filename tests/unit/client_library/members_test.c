/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cache_members.h"
#include "test.h"

typedef Mltrainer__Registry__V1__Instance Instance;

/* A registry that is none, or a later one: what has no key or no endpoint is passed over. */
static void instances_without_key_or_endpoint_are_passed_over(void **state)
{
    struct cache_members members = {0};
    Mltrainer__Registry__V1__InstanceKey key;
    Mltrainer__Registry__V1__Endpoint endpoint, *endpoints[] = {&endpoint};
    Instance whole, without_key, without_endpoint;
    (void)state;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__endpoint__init(&endpoint);
    mltrainer__registry__v1__instance__init(&whole);
    key.id = (char *)"a";
    whole.endpoints = endpoints;
    whole.n_endpoints = 1;
    whole.key = &key;
    without_key = without_endpoint = whole;
    without_key.key = NULL;
    without_endpoint.n_endpoints = 0;
    assert_true(cache_members_add(&members, &without_key));
    assert_true(cache_members_add(&members, &without_endpoint));
    assert_int_equal(members.count, 0);
    assert_true(cache_members_add(&members, &whole));
    assert_int_equal(members.count, 1);
    cache_members_fini(&members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_without_key_or_endpoint_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

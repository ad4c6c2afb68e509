/* SPDX-License-Identifier: Apache-2.0 */

/* The table of rights against the descriptors: a method without a row fails here (row A02). */

#include "access/rights.h"

#include <string.h>

#include <envoy/service/discovery/v3/ads.mrpc.h>
#include <inference/grpc_service.mrpc.h>
#include <mltrainer/admin/v1/admin.mrpc.h>
#include <mltrainer/diagram/v1/diagram.mrpc.h>
#include <mltrainer/execution/v1/execution.mrpc.h>
#include <mltrainer/registry/v1/registry.mrpc.h>

#include "test.h"

/* Those of the runtime (health, reflection, channelz) are tried on a real server: tests/faults/access. */
static const struct mrpc_service *const services[] = {
    &envoy__service__discovery__v3__aggregated_discovery_service__service,
    &inference__grpcinference_service__service,
    &mltrainer__admin__v1__admin_service__service,
    &mltrainer__diagram__v1__diagram_service__service,
    &mltrainer__execution__v1__execution_service__service,
    &mltrainer__registry__v1__registry_service__service,
};

static void every_method_has_a_right(void **state)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        for (size_t j = 0; j < services[i]->method_count; j++)
            if (rights_find(services[i]->methods[j].path) < 0)
                fail_msg("%s has no row in server/access/rights.c", services[i]->methods[j].path);
}

static bool exists(const char *path)
{
    if (strncmp(path, "/grpc.", 6) == 0)
        return true;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        for (size_t j = 0; j < services[i]->method_count; j++)
            if (strcmp(services[i]->methods[j].path, path) == 0)
                return true;
    return false;
}

static void every_row_is_a_method_and_found(void **state)
{
    for (size_t i = 0; i < rights_method_count; i++) {
        if (!exists(rights_of_methods[i].path))
            fail_msg("%s is no method", rights_of_methods[i].path);
        assert_int_equal(rights_find(rights_of_methods[i].path), i);
    }
    assert_int_equal(rights_find("/mltrainer.admin.v1.AdminService/NoSuch"), -1);
    assert_int_equal(rights_find(""), -1);
}

static void sets_hold_what_was_added(void **state)
{
    struct method_set all = {{0}}, read = {{0}};
    for (int right = 0; right < RIGHT_COUNT; right++)
        method_set_add_right(&all, (enum right)right);
    method_set_add_right(&read, RIGHT_READ);
    assert_true(method_set_covers(&all, &read));
    assert_false(method_set_covers(&read, &all));
    for (size_t i = 0; i < rights_method_count; i++) {
        assert_true(method_set_has(&all, (int)i));
        assert_int_equal(method_set_has(&read, (int)i), rights_of_methods[i].right == RIGHT_READ);
    }
    assert_false(method_set_has(&all, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_a_right),
        cmocka_unit_test(every_row_is_a_method_and_found),
        cmocka_unit_test(sets_hold_what_was_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "watchdog/overload.h"

#include "test.h"

#define REGISTRY "/mltrainer.registry.v1.RegistryService/"
#define EXECUTION "/mltrainer.execution.v1.ExecutionService/"

static void steps_begin_at_85_92_and_95_percent(void **state)
{
    assert_int_equal(overload_step(OVERLOAD_NONE, 849, 1000), OVERLOAD_NONE);
    assert_int_equal(overload_step(OVERLOAD_NONE, 850, 1000), OVERLOAD_WORK);
    assert_int_equal(overload_step(OVERLOAD_NONE, 920, 1000), OVERLOAD_MOST);
    assert_int_equal(overload_step(OVERLOAD_WORK, 950, 1000), OVERLOAD_ALL);
    assert_int_equal(overload_step(OVERLOAD_NONE, 5000, 1000), OVERLOAD_ALL);
}

/* So that a server at the edge does not refuse and take by turns. */
static void a_step_ends_3_points_below_its_beginning(void **state)
{
    assert_int_equal(overload_step(OVERLOAD_WORK, 820, 1000), OVERLOAD_WORK);
    assert_int_equal(overload_step(OVERLOAD_WORK, 819, 1000), OVERLOAD_NONE);
    assert_int_equal(overload_step(OVERLOAD_ALL, 920, 1000), OVERLOAD_ALL);
    assert_int_equal(overload_step(OVERLOAD_ALL, 919, 1000), OVERLOAD_MOST);
    assert_int_equal(overload_step(OVERLOAD_ALL, 0, 1000), OVERLOAD_NONE);
}

static void without_a_limit_nothing_is_refused(void **state)
{
    assert_int_equal(overload_step(OVERLOAD_NONE, 1 << 30, 0), OVERLOAD_NONE);
    assert_int_equal(overload_step(OVERLOAD_ALL, 1 << 30, 0), OVERLOAD_NONE);
    assert_false(overload_refuses(OVERLOAD_NONE, EXECUTION "SubmitJob", false));
}

static void work_goes_first(void **state)
{
    assert_true(overload_refuses(OVERLOAD_WORK, EXECUTION "SubmitJob", false));
    assert_true(overload_refuses(OVERLOAD_WORK, EXECUTION "UploadDataset", true));
    assert_true(overload_refuses(OVERLOAD_WORK, "/mltrainer.diagram.v1.DiagramService/Render", false));
    assert_true(overload_refuses(OVERLOAD_WORK, "/inference.GRPCInferenceService/ModelInfer", false));
    assert_false(overload_refuses(OVERLOAD_WORK, EXECUTION "GetJob", false));
    assert_false(overload_refuses(OVERLOAD_WORK, EXECUTION "CancelJob", false));
    assert_false(overload_refuses(OVERLOAD_WORK, REGISTRY "Register", false));
    assert_false(overload_refuses(OVERLOAD_WORK, REGISTRY "Watch", true));
}

static void then_streams_and_all_but_the_registry(void **state)
{
    assert_true(overload_refuses(OVERLOAD_MOST, REGISTRY "Watch", true));
    assert_true(overload_refuses(OVERLOAD_MOST, EXECUTION "GetJob", false));
    assert_false(overload_refuses(OVERLOAD_MOST, REGISTRY "Discover", false));
    assert_false(overload_refuses(OVERLOAD_MOST, REGISTRY "HeartbeatStream", true));
}

static void what_keeps_others_alive_is_never_refused(void **state)
{
    assert_true(overload_refuses(OVERLOAD_ALL, REGISTRY "Register", false));
    assert_true(overload_refuses(OVERLOAD_ALL, REGISTRY "Discover", false));
    assert_false(overload_refuses(OVERLOAD_ALL, REGISTRY "Heartbeat", false));
    assert_false(overload_refuses(OVERLOAD_ALL, REGISTRY "Deregister", false));
    assert_false(overload_refuses(OVERLOAD_ALL, "/grpc.health.v1.Health/Check", false));
    assert_false(overload_refuses(OVERLOAD_ALL, "/mltrainer.admin.v1.AdminService/GetServerInfo", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_begin_at_85_92_and_95_percent),
        cmocka_unit_test(a_step_ends_3_points_below_its_beginning),
        cmocka_unit_test(without_a_limit_nothing_is_refused),
        cmocka_unit_test(work_goes_first),
        cmocka_unit_test(then_streams_and_all_but_the_registry),
        cmocka_unit_test(what_keeps_others_alive_is_never_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

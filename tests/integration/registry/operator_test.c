/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/store/scratch.h"
#include "fixture.h"

/* What an operator decides (draining, maintenance), and changes of single fields. */

static struct fixture fixture;
static char *folder;

static PB(InstanceKey) key_of(const char *id)
{
    PB(InstanceKey) key;
    mltrainer__registry__v1__instance_key__init(&key);
    key.service = (char *)(uintptr_t) "web";
    key.id = (char *)(uintptr_t)id;
    return key;
}

static int set_state(const char *id, enum registry_operator_state wanted)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key = key_of(id);
    PB(SetOperatorStateRequest) request;
    mltrainer__registry__v1__set_operator_state_request__init(&request);
    request.key = &key;
    request.operator_state = (PB(OperatorState))wanted;
    const PB(SetOperatorStateResponse) *response = RPC(set_operator_state)(fixture.channel, NULL, &request, &reply);
    if (response)
        assert_int_equal(response->instance->status->operator_state, wanted);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

/* What is shown of an instance of "web"; a copy of the few things that tests look at. */
struct shown {
    int operator_state, health, reason;
    uint32_t weight, port;
    int64_t revision;
    char tags[64], zone[16], check_port[8];
};

static struct shown get(const char *id)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key = key_of(id);
    PB(GetInstanceRequest) request;
    struct shown shown = {0};
    mltrainer__registry__v1__get_instance_request__init(&request);
    request.key = &key;
    const PB(GetInstanceResponse) *response = RPC(get_instance)(fixture.channel, NULL, &request, &reply);
    assert_non_null(response);
    const PB(Instance) *instance = response->instance;
    shown.operator_state = (int)instance->status->operator_state;
    shown.health = (int)instance->status->state;
    shown.reason = (int)instance->status->reason;
    shown.weight = instance->weight;
    shown.port = instance->endpoints[0]->port;
    shown.revision = instance->revision;
    snprintf(shown.zone, sizeof shown.zone, "%s", instance->zone);
    for (size_t i = 0; i < instance->n_tags; i++)
        snprintf(shown.tags + strlen(shown.tags), sizeof shown.tags - strlen(shown.tags), "%s ", instance->tags[i]);
    if (instance->n_checks && instance->checks[0]->kind_case == MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP)
        snprintf(shown.check_port, sizeof shown.check_port, "%u", instance->checks[0]->tcp->target->port);
    mrpc_reply_fini(&reply);
    return shown;
}

static void put(const char *id)
{
    struct sample sample;
    sample_init(&sample, "web", id, 80, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
}

static void draining_instance_gets_no_new_picks(void **state)
{
    char id[129];
    put("a");
    put("b");
    assert_int_equal(set_state("a", OPERATOR_DRAINING), MRPC_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fixture_discover(fixture.channel, "web", id), MRPC_OK);
        assert_string_equal(id, "b");
    }
    assert_int_equal(get("a").operator_state, OPERATOR_DRAINING);
    assert_int_equal(get("a").health, HEALTH_HEALTHY);
    assert_int_equal(get("a").reason, REASON_OPERATOR);
    assert_int_equal(set_state("b", OPERATOR_DRAINING), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_UNAVAILABLE);
    assert_int_equal(set_state("a", OPERATOR_ACTIVE), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", id), MRPC_OK);
    assert_string_equal(id, "a");
}

static void asking_for_every_health_does_not_hand_out_who_is_draining(void **state)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(HealthState) states[] = {(PB(HealthState))HEALTH_HEALTHY, (PB(HealthState))HEALTH_UNHEALTHY};
    PB(InstanceFilter) filter;
    PB(DiscoverRequest) request;
    mltrainer__registry__v1__instance_filter__init(&filter);
    mltrainer__registry__v1__discover_request__init(&request);
    filter.states = states;
    filter.n_states = 2;
    request.service = (char *)(uintptr_t) "web";
    request.filter = &filter;
    put("a");
    assert_int_equal(set_state("a", OPERATOR_DRAINING), MRPC_OK);
    assert_null(RPC(discover)(fixture.channel, NULL, &request, &reply));
    assert_int_equal(reply.status.code, MRPC_UNAVAILABLE);
    mrpc_reply_fini(&reply);
}

static void deciding_the_same_again_changes_nothing(void **state)
{
    put("a");
    assert_int_equal(set_state("a", OPERATOR_DRAINING), MRPC_OK);
    int64_t revision = get("a").revision;
    assert_int_equal(set_state("a", OPERATOR_DRAINING), MRPC_OK);
    assert_int_equal(get("a").revision, revision);
    assert_int_equal(set_state("nobody", OPERATOR_DRAINING), MRPC_NOT_FOUND);
    assert_int_equal(set_state("a", 0), MRPC_INVALID_ARGUMENT);
    assert_int_equal(set_state("a", 4), MRPC_INVALID_ARGUMENT);
}

static void watchers_are_told(void **state)
{
    struct mrpc_client_call *watch;
    PB(WatchRequest) request;
    mltrainer__registry__v1__watch_request__init(&request);
    put("a");
    assert_int_equal(RPC(watch__start)(fixture.channel, NULL, &request, NULL, NULL, &watch), 0);
    const PB(WatchResponse) *told = RPC(watch__recv)(watch);
    assert_non_null(told);
    assert_int_equal(told->snapshot->n_instances, 1);
    assert_int_equal(set_state("a", OPERATOR_MAINTENANCE), MRPC_OK);
    told = RPC(watch__recv)(watch);
    assert_non_null(told);
    assert_int_equal(told->changes->changes[0]->kind, CHANGE_UPDATED);
    assert_int_equal(told->changes->changes[0]->instance->status->operator_state, OPERATOR_MAINTENANCE);
    mrpc_client_call_cancel(watch);
    mrpc_client_call_free(watch);
}

/* --- maintenance
 * --------------------------------------------------------------------------------------------------- */

static void report(const char *id, bool passing)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key = key_of(id);
    PB(HeartbeatRequest) request;
    PB(CheckReport) said, *reports[] = {&said};
    mltrainer__registry__v1__heartbeat_request__init(&request);
    mltrainer__registry__v1__check_report__init(&said);
    said.name = (char *)(uintptr_t) "ttl";
    said.passing = passing;
    request.key = &key;
    request.reports = reports;
    request.n_reports = 1;
    assert_non_null(RPC(heartbeat)(fixture.channel, NULL, &request, &reply));
    mrpc_reply_fini(&reply);
}

/* Wait until health and revision of "a" are those; commits of the checker come by themselves. */
static void wait_health(enum registry_health health)
{
    int64_t begin = fixture_now_ms();
    while (get("a").health != (int)health)
        assert_true(fixture_now_ms() - begin < 120000);
}

static void put_checked(const char *id, PB(Check__KindCase) kind)
{
    struct sample sample;
    PB(Check) check, *checks[] = {&check};
    PB(TtlCheck) ttl;
    PB(TcpCheck) tcp;
    Google__Protobuf__Duration interval;
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__ttl_check__init(&ttl);
    mltrainer__registry__v1__tcp_check__init(&tcp);
    google__protobuf__duration__init(&interval);
    interval.seconds = 600;
    check.kind_case = kind;
    if (kind == MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL)
        check.ttl = &ttl;
    else
        check.tcp = &tcp;
    check.interval = &interval;
    sample_init(&sample, "web", id, 80, 60000);
    sample.instance.checks = checks;
    sample.instance.n_checks = 1;
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
}

static void checks_go_on_in_maintenance_but_do_not_count(void **state)
{
    put_checked("a", MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL);
    report("a", true);
    wait_health(HEALTH_HEALTHY);
    assert_int_equal(set_state("a", OPERATOR_MAINTENANCE), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_UNAVAILABLE);
    int64_t revision = get("a").revision;
    report("a", false);
    report("a", true);
    report("a", false);
    assert_int_equal(set_state("a", OPERATOR_MAINTENANCE), MRPC_OK); /* behind whatever the reports began */
    assert_int_equal(get("a").revision, revision);
    assert_int_equal(get("a").health, HEALTH_HEALTHY);
    assert_int_equal(set_state("a", OPERATOR_ACTIVE), MRPC_OK);
    assert_int_equal(get("a").health, HEALTH_UNHEALTHY); /* what was found meanwhile counts from now on */
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_UNAVAILABLE);
    report("a", true);
    wait_health(HEALTH_HEALTHY);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
}

static void restart_server(void)
{
    fixture_stop(&fixture);
    fixture_start(&fixture, folder, NULL);
}

/* A machine that is being worked on boots several times; each time its agent registers anew. */
static void machine_in_maintenance_comes_back_in_maintenance(void **state)
{
    put("a");
    assert_int_equal(set_state("a", OPERATOR_MAINTENANCE), MRPC_OK);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
    put("a");
    assert_int_equal(get("a").operator_state, OPERATOR_MAINTENANCE);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
    restart_server();
    put("a");
    assert_int_equal(get("a").operator_state, OPERATOR_MAINTENANCE);
    restart_server();
    assert_int_equal(get("a").operator_state, OPERATOR_MAINTENANCE);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_UNAVAILABLE);
    assert_int_equal(set_state("a", OPERATOR_ACTIVE), MRPC_OK);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
    put("a");
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
}

static void draining_ends_with_the_registration(void **state)
{
    put("a");
    assert_int_equal(set_state("a", OPERATOR_DRAINING), MRPC_OK);
    restart_server();
    assert_int_equal(get("a").operator_state, OPERATOR_DRAINING);
    struct sample sample;
    sample_init(&sample, "web", "a", 81, 60000); /* registered again with other contents: the same life */
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    assert_int_equal(get("a").operator_state, OPERATOR_DRAINING);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
    put("a");
    assert_int_equal(get("a").operator_state, OPERATOR_ACTIVE);
}

/* --- updates
 * ------------------------------------------------------------------------------------------------------- */

static int update(const PB(Instance) * instance, const char *path, int64_t expected)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(UpdateInstanceRequest) request;
    Google__Protobuf__FieldMask mask;
    char *paths[] = {(char *)(uintptr_t)path};
    mltrainer__registry__v1__update_instance_request__init(&request);
    google__protobuf__field_mask__init(&mask);
    mask.paths = paths;
    mask.n_paths = path != NULL;
    request.instance = (PB(Instance) *)(uintptr_t)instance;
    request.update_mask = &mask;
    if (expected) {
        request.has_expected_revision_case =
            MLTRAINER__REGISTRY__V1__UPDATE_INSTANCE_REQUEST__HAS_EXPECTED_REVISION_EXPECTED_REVISION;
        request.expected_revision = expected;
    }
    RPC(update_instance)(fixture.channel, NULL, &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static void update_changes_the_fields_it_names_and_no_other(void **state)
{
    struct sample sample;
    char *tags[] = {(char *)(uintptr_t) "green", (char *)(uintptr_t) "blue"};
    put("a");
    int64_t first = get("a").revision;
    sample_init(&sample, "web", "a", 99, 1000);
    sample.instance.tags = tags;
    sample.instance.n_tags = 2;
    sample.instance.weight = 7;
    sample.instance.zone = (char *)(uintptr_t) "z1";
    assert_int_equal(update(&sample.instance, "tags", 0), MRPC_OK);
    assert_string_equal(get("a").tags, "blue green "); /* sorted, as by Register */
    assert_int_equal(get("a").weight, 100);
    assert_int_equal(get("a").port, 80);
    assert_string_equal(get("a").zone, "");
    assert_true(get("a").revision > first);
    assert_int_equal(update(&sample.instance, "weight", get("a").revision), MRPC_OK);
    assert_int_equal(get("a").weight, 7);
    assert_string_equal(get("a").tags, "blue green ");
    sample.instance.n_tags = 0;
    assert_int_equal(update(&sample.instance, "tags", 0), MRPC_OK);
    assert_string_equal(get("a").tags, "");
}

static void update_that_may_not_be_is_refused(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 60000);
    sample.instance.weight = 7;
    assert_int_equal(update(&sample.instance, "weight", 0), MRPC_NOT_FOUND);
    put("a");
    int64_t revision = get("a").revision;
    assert_int_equal(update(&sample.instance, "weight", revision + 1), MRPC_ABORTED);
    assert_int_equal(update(&sample.instance, "weight", -1), MRPC_INVALID_ARGUMENT);
    assert_int_equal(update(&sample.instance, "owner", 0), MRPC_INVALID_ARGUMENT);
    assert_int_equal(update(&sample.instance, "weight.x", 0), MRPC_INVALID_ARGUMENT);
    assert_int_equal(update(&sample.instance, NULL, 0), MRPC_INVALID_ARGUMENT);
    assert_int_equal(update(NULL, "weight", 0), MRPC_INVALID_ARGUMENT);
    sample.instance.weight = 70000;
    assert_int_equal(update(&sample.instance, "weight", 0), MRPC_INVALID_ARGUMENT);
    sample.instance.n_endpoints = 0;
    assert_int_equal(update(&sample.instance, "endpoints", 0), MRPC_INVALID_ARGUMENT);
    assert_int_equal(get("a").revision, revision);
    sample.instance.weight = 100; /* as it is */
    assert_int_equal(update(&sample.instance, "weight", 0), MRPC_OK);
    assert_int_equal(get("a").revision, revision);
}

static void checks_of_the_first_endpoint_follow_it(void **state)
{
    struct sample sample;
    put_checked("a", MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP);
    assert_string_equal(get("a").check_port, "80");
    sample_init(&sample, "web", "a", 81, 60000);
    assert_int_equal(update(&sample.instance, "endpoints", 0), MRPC_OK);
    assert_int_equal(get("a").port, 81);
    assert_string_equal(get("a").check_port, "81");
}

static int start(void **state)
{
    folder = scratch_new();
    assert_non_null(folder);
    fixture_start(&fixture, folder, NULL);
    return 0;
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    scratch_free(folder);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(draining_instance_gets_no_new_picks),
        CASE(asking_for_every_health_does_not_hand_out_who_is_draining),
        CASE(deciding_the_same_again_changes_nothing),
        CASE(watchers_are_told),
        CASE(checks_go_on_in_maintenance_but_do_not_count),
        CASE(machine_in_maintenance_comes_back_in_maintenance),
        CASE(draining_ends_with_the_registration),
        CASE(update_changes_the_fields_it_names_and_no_other),
        CASE(update_that_may_not_be_is_refused),
        CASE(checks_of_the_first_endpoint_follow_it),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

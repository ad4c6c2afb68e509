/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

/* Discover's policies and ReportLoad, through a real server. */

static struct fixture fixture;

static int start(void **state)
{
    fixture_start(&fixture, NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    return 0;
}

static void put(struct mrpc_channel *channel, const char *id)
{
    struct sample sample;
    sample_init(&sample, "web", id, 80, 60000);
    assert_int_equal(fixture_register(channel, &sample, NULL), MRPC_OK);
}

/* The ids of the answer, one letter each; the status code. */
static int discover(PB(DiscoverRequest) * request, char *ids)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request->service = (char *)(uintptr_t) "web";
    const PB(DiscoverResponse) *response = RPC(discover)(fixture.channel, NULL, request, &reply);
    size_t count = response ? response->n_instances : 0;
    for (size_t i = 0; i < count; i++)
        ids[i] = response->instances[i]->key->id[0];
    ids[count] = '\0';
    if (response) {
        assert_int_equal(response->epoch, registry_epoch(fixture.registry));
        assert_true(response->revision > 0);
    }
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static PB(DiscoverRequest) request_for(PB(PickPolicy) policy)
{
    PB(DiscoverRequest) request;
    mltrainer__registry__v1__discover_request__init(&request);
    request.policy = policy;
    return request;
}

static void a_key_finds_the_same_instance_again(void **state)
{
    char first[64][8], again[8], all[8];
    int different = 0;
    for (const char *id = "a\0b\0c\0d\0e\0"; *id; id += 2)
        put(fixture.channel, id);
    PB(DiscoverRequest) request = request_for(MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_CONSISTENT_HASH);
    assert_int_equal(discover(&request, first[0]), MRPC_INVALID_ARGUMENT); /* without a key */
    for (int i = 0; i < 64; i++) {
        char key[8];
        snprintf(key, sizeof key, "key-%d", i);
        request.hash_key.data = (uint8_t *)key;
        request.hash_key.len = strlen(key);
        assert_int_equal(discover(&request, first[i]), MRPC_OK);
        assert_int_equal(discover(&request, again), MRPC_OK);
        assert_string_equal(again, first[i]);
        different += first[i][0] != first[0][0];
        request.limit = -1;
        assert_int_equal(discover(&request, all), MRPC_OK);
        assert_int_equal(strlen(all), 5);
        assert_int_equal(all[0], first[i][0]);
        request.limit = 0;
    }
    assert_true(different > 32);
    put(fixture.channel, "f"); /* another view, another table: most keys stay */
    int moved = 0;
    for (int i = 0; i < 64; i++) {
        char key[8];
        snprintf(key, sizeof key, "key-%d", i);
        request.hash_key.data = (uint8_t *)key;
        request.hash_key.len = strlen(key);
        assert_int_equal(discover(&request, again), MRPC_OK);
        moved += again[0] != first[i][0];
    }
    assert_in_range(moved, 1, 30);
}

/* --- ReportLoad --------------------------------------------------------------------------------------------------- */

struct report {
    PB(ReportLoadRequest) request;
    PB(Load) loads[3], *list[1001];
    PB(InstanceKey) keys[3];
    char ids[3][2];
};

static void report_init(struct report *report, const char *ids)
{
    mltrainer__registry__v1__report_load_request__init(&report->request);
    report->request.loads = report->list;
    for (; ids[report->request.n_loads]; report->request.n_loads++) {
        size_t at = report->request.n_loads;
        mltrainer__registry__v1__load__init(&report->loads[at]);
        mltrainer__registry__v1__instance_key__init(&report->keys[at]);
        report->keys[at].service = (char *)(uintptr_t) "web";
        snprintf(report->ids[at], sizeof report->ids[at], "%c", ids[at]);
        report->keys[at].id = report->ids[at];
        report->loads[at].key = &report->keys[at];
        report->list[at] = &report->loads[at];
    }
}

/* Send it once; the status code, and how many were accepted. */
static int tell(struct mrpc_channel *channel, struct report *report, int64_t *accepted)
{
    struct mrpc_client_call *call;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_int_equal(RPC(report_load__start)(channel, NULL, NULL, NULL, &call), 0);
    int error = RPC(report_load__send)(call, &report->request);
    assert_true(error == 0 || error == MRPC_ERR_DONE);
    mrpc_client_call_half_close(call);
    const PB(ReportLoadResponse) *response = (const PB(ReportLoadResponse) *)mrpc_client_call_recv(call);
    if (response && accepted)
        *accepted = response->accepted_count;
    int code = mrpc_client_call_finish(call, &reply);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

static void what_is_reported_steers_least_request(void **state)
{
    struct report report;
    int64_t accepted = 0;
    char id[8];
    put(fixture.channel, "a");
    put(fixture.channel, "b");
    PB(DiscoverRequest) request = request_for(MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_LEAST_REQUEST);
    report_init(&report, "abx"); /* x is not there: passed over */
    report.loads[0].active_request_count = 1000;
    assert_int_equal(tell(fixture.channel, &report, &accepted), MRPC_OK);
    assert_int_equal(accepted, 2);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(discover(&request, id), MRPC_OK);
        assert_string_equal(id, "b");
    }
    report.loads[0].active_request_count = 0;
    report.loads[1].active_request_count = 5000;
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_OK);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(discover(&request, id), MRPC_OK);
        assert_string_equal(id, "a");
    }
}

static void bad_reports_are_refused(void **state)
{
    struct report report;
    put(fixture.channel, "a");
    report_init(&report, "a");
    report.loads[0].active_request_count = -1;
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_INVALID_ARGUMENT);
    report_init(&report, "a");
    mltrainer__registry__v1__load__set_utilization(&report.loads[0], 1.5);
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_INVALID_ARGUMENT);
    mltrainer__registry__v1__load__set_utilization(&report.loads[0], 0.0 / 0.0);
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_INVALID_ARGUMENT);
    report_init(&report, "?");
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_INVALID_ARGUMENT);
    report_init(&report, "a");
    for (size_t i = 0; i < 1001; i++)
        report.list[i] = &report.loads[0];
    report.request.n_loads = 1001;
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_INVALID_ARGUMENT);
    report.request.n_loads = 1000;
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_OK);
}

/* Row R07: another identity's instance. Over the unix socket the caller is its uid, over TCP anonymous. */
static void nobody_reports_about_anothers_instance(void **state)
{
    struct report report;
    struct mrpc_channel *local;
    struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    assert_int_equal(mrpc_channel_new(fixture.local_address, &options, &local), 0);
    put(local, "a");
    report_init(&report, "a");
    assert_int_equal(tell(fixture.channel, &report, NULL), MRPC_PERMISSION_DENIED);
    assert_int_equal(tell(local, &report, NULL), MRPC_OK);
    mrpc_channel_free(local);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_key_finds_the_same_instance_again),
        CASE(what_is_reported_steers_least_request),
        CASE(bad_reports_are_refused),
        CASE(nobody_reports_about_anothers_instance),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../unit/store/scratch.h"
#include "fixture.h"

/* Much of a service falls at once: the list is held, and let go. */

enum { COUNT = 6, PATIENCE_MS = 120000 };

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

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* --- instances whose health the test decides
 * --------------------------------------------------------------------------
 */

/* With a ttl check that is reported by hand, or (@ttl_ms) with a lease alone. */
static void put(int number, int64_t ttl_ms)
{
    struct sample sample;
    char id[12];
    PB(Check) check, *checks[] = {&check};
    PB(TtlCheck) ttl;
    Google__Protobuf__Duration interval;
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__ttl_check__init(&ttl);
    google__protobuf__duration__init(&interval);
    interval.seconds = 3600;
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
    check.ttl = &ttl;
    check.interval = &interval;
    snprintf(id, sizeof id, "%d", number);
    sample_init(&sample, "web", id, 80, ttl_ms ? ttl_ms : 600000);
    sample.instance.checks = checks;
    sample.instance.n_checks = ttl_ms == 0;
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
}

static int report(int number, bool passing)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char id[12];
    PB(HeartbeatRequest) request;
    PB(InstanceKey) key;
    PB(CheckReport) said, *reports[] = {&said};
    mltrainer__registry__v1__heartbeat_request__init(&request);
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__check_report__init(&said);
    snprintf(id, sizeof id, "%d", number);
    key.service = (char *)(uintptr_t) "web";
    key.id = id;
    said.name = (char *)(uintptr_t) "ttl";
    said.passing = passing;
    said.text = (char *)(uintptr_t) "so I say";
    request.key = &key;
    request.reports = reports;
    request.n_reports = 1;
    RPC(heartbeat)(fixture.channel, NULL, &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

struct seen {
    int healthy, unhealthy, held, count;
    char text[257]; /* of the last that is held */
};

static struct seen look(void)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct seen seen = {.count = 0};
    PB(ListInstancesRequest) request;
    mltrainer__registry__v1__list_instances_request__init(&request);
    const PB(ListInstancesResponse) *list = RPC(list_instances)(fixture.channel, NULL, &request, &reply);
    assert_non_null(list);
    for (size_t i = 0; i < list->n_instances; i++) {
        const PB(InstanceStatus) *status = list->instances[i]->status;
        seen.count++;
        seen.healthy += (int)status->state == HEALTH_HEALTHY;
        seen.unhealthy += (int)status->state == HEALTH_UNHEALTHY;
        seen.held += status->held;
        if (status->held)
            snprintf(seen.text, sizeof seen.text, "%s", status->text);
    }
    mrpc_reply_fini(&reply);
    return seen;
}

/* Wait until the list is so; how long it took. */
static int64_t wait_for(int count, int healthy, int held, int64_t limit_ms)
{
    int64_t begin_ms = fixture_now_ms();
    struct seen seen;
    while (seen = look(), seen.count != count || seen.healthy != healthy || seen.held != held) {
        if (fixture_now_ms() - begin_ms > limit_ms)
            fail_msg("%d instances, %d healthy, %d held", seen.count, seen.healthy, seen.held);
        pause_ms(20);
    }
    return fixture_now_ms() - begin_ms;
}

static void put_healthy(int count)
{
    for (int i = 0; i < count; i++) {
        put(i, 0);
        assert_int_equal(report(i, true), MRPC_OK);
    }
    wait_for(count, count, 0, PATIENCE_MS);
}

/* --- tests
 * ------------------------------------------------------------------------------------------------------------
 */

static void list_is_held_when_most_checks_fail_at_once(void **state)
{
    char id[129];
    put_healthy(COUNT);
    for (int i = 0; i < 3; i++)
        report(i, false);
    wait_for(COUNT, 3, 0, PATIENCE_MS); /* half of them: they are simply down */
    report(3, false);
    wait_for(COUNT, 2, 4, PATIENCE_MS);
    struct seen seen = look();
    assert_non_null(strstr(seen.text, "check ttl: so I say; held, because 4 of 6 instances failed within 10 s"));
    for (int i = 0; i < 10; i++) { /* the healthy first */
        assert_int_equal(fixture_discover(fixture.channel, "web", id), MRPC_OK);
        assert_true(strcmp(id, "4") == 0 || strcmp(id, "5") == 0);
    }
    report(4, false);
    report(5, false);
    wait_for(COUNT, 0, COUNT, PATIENCE_MS);
    assert_int_equal(fixture_discover(fixture.channel, "web", id), MRPC_OK); /* better than nobody */
    for (int i = 0; i < 4; i++)
        report(i, true);
    wait_for(COUNT, 4, 0, PATIENCE_MS); /* a third is down: they are simply down again */
    assert_int_equal(look().unhealthy, 2);
}

static void small_service_is_not_protected(void **state)
{
    put_healthy(4);
    for (int i = 0; i < 4; i++)
        report(i, false);
    wait_for(4, 0, 0, PATIENCE_MS);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_UNAVAILABLE);
}

static void held_instances_outlive_their_leases(void **state)
{
    for (int i = 0; i < COUNT; i++)
        put(i, 1000);
    wait_for(COUNT, 0, COUNT, PATIENCE_MS);
    pause_ms(1200); /* another time to live */
    struct seen seen = look();
    assert_int_equal(seen.held, COUNT);
    assert_non_null(strstr(seen.text, "lease expired; held, because"));
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "0", 0), MRPC_OK); /* what is said always counts */
    wait_for(COUNT - 1, 0, COUNT - 1, PATIENCE_MS);
    for (int i = 1; i < 5; i++)
        assert_int_equal(fixture_heartbeat(fixture.channel, "web", (char[]){(char)('0' + i), 0}, 0), MRPC_OK);
    struct seen rest = {.count = COUNT};
    for (int i = 0; i < 2000 && rest.count != 4; i++) { /* four are back and stay, the fifth goes with the protection */
        for (int at = 1; at < 5; at++)
            fixture_heartbeat(fixture.channel, "web", (char[]){(char)('0' + at), 0}, 0);
        rest = look();
        pause_ms(50);
    }
    assert_int_equal(rest.count, 4);
    assert_int_equal(rest.healthy, 4);
}

static void one_lease_of_many_lingers_and_goes(void **state)
{
    for (int i = 1; i < COUNT; i++)
        put(i, 600000);
    put(0, 1000);
    int64_t told_ms = wait_for(COUNT, COUNT - 1, 0, PATIENCE_MS);
    assert_true(told_ms < PATIENCE_MS);
    assert_int_equal(look().held, 0);
    int64_t gone_ms = wait_for(COUNT - 1, COUNT - 1, 0, PATIENCE_MS);
    assert_in_range(gone_ms, 4000, PATIENCE_MS); /* it lingers for ten seconds */
}

static void heartbeat_that_comes_late_is_not_too_late(void **state)
{
    for (int i = 1; i < COUNT; i++)
        put(i, 600000);
    put(0, 1000);
    wait_for(COUNT, COUNT - 1, 0, PATIENCE_MS);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "0", 0), MRPC_OK);
    wait_for(COUNT, COUNT, 0, PATIENCE_MS);
}

static void held_list_is_held_after_a_restart(void **state)
{
    char *folder = scratch_new();
    fixture_stop(&fixture);
    fixture_start(&fixture, folder, NULL);
    put_healthy(COUNT);
    for (int i = 0; i < 4; i++)
        report(i, false);
    wait_for(COUNT, 2, 4, PATIENCE_MS);
    fixture_stop(&fixture);
    fixture_start(&fixture, folder, NULL);
    assert_int_equal(look().held, 4);
    assert_int_equal(report(4, false), MRPC_OK); /* joins them */
    wait_for(COUNT, 1, 5, PATIENCE_MS);
    for (int i = 0; i < 3; i++)
        report(i, true);
    wait_for(COUNT, 4, 0, PATIENCE_MS);
    fixture_stop(&fixture);
    fixture_start(&fixture, NULL, NULL);
    scratch_free(folder);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(list_is_held_when_most_checks_fail_at_once),
        CASE(small_service_is_not_protected),
        CASE(held_instances_outlive_their_leases),
        CASE(one_lease_of_many_lingers_and_goes),
        CASE(heartbeat_that_comes_late_is_not_too_late),
        CASE(held_list_is_held_after_a_restart),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

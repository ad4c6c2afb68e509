/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

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

enum { PATIENCE_MS = 120000 };

/* Wait until discovery answers @code. */
static void wait_discover(const char *service, int code)
{
    int64_t begin = fixture_now_ms();
    while (fixture_discover(fixture.channel, service, NULL) != code) {
        if (fixture_now_ms() - begin > PATIENCE_MS)
            fail_msg("%s: status %d does not come", service, code);
        pause_ms(20);
    }
}

static void registered_instance_is_discovered_at_once(void **state)
{
    struct sample sample;
    char id[129];
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_NOT_FOUND);
    sample_init(&sample, "web", "a", 80, 30000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", id), MRPC_OK);
    assert_string_equal(id, "a");
}

static void registering_again_changes_nothing(void **state)
{
    struct sample sample;
    int64_t first, again;
    sample_init(&sample, "web", "a", 80, 30000);
    assert_int_equal(fixture_register(fixture.channel, &sample, &first), MRPC_OK);
    assert_int_equal(fixture_register(fixture.channel, &sample, &again), MRPC_OK);
    assert_int_equal(first, again);
    const struct registry_view *view = registry_snapshot(fixture.registry);
    assert_int_equal(view->revision, 1);
    assert_int_equal(view->instance_count, 1);
    registry_snapshot_release(view);
    sample.endpoint.port = 81;
    assert_int_equal(fixture_register(fixture.channel, &sample, &again), MRPC_OK);
    assert_int_equal(first, again);
    view = registry_snapshot(fixture.registry);
    assert_int_equal(view->revision, 2);
    registry_snapshot_release(view);
}

static void picks_go_round(void **state)
{
    struct sample sample;
    char id[129], sequence[10] = "";
    const char *const ids[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        sample_init(&sample, "web", ids[i], 80, 30000);
        assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    }
    for (int i = 0; i < 9; i++) {
        assert_int_equal(fixture_discover(fixture.channel, "web", id), MRPC_OK);
        strcat(sequence, id);
    }
    assert_string_equal(sequence, "abcabcabc");
}

static void wrong_field_is_named(void **state)
{
    struct sample sample;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    sample_init(&sample, "web", "a", 0, 30000);
    assert_null(RPC(register)(fixture.channel, NULL, &sample.request, &reply));
    assert_int_equal(reply.status.code, MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(reply.status.message, "instance.endpoints[0].port"));
    assert_true(reply.status.details_bytes > 0);
    mrpc_reply_fini(&reply);
}

static void deregistered_instance_is_gone_for_good(void **state)
{
    struct sample sample;
    int64_t first, second;
    sample_init(&sample, "web", "a", 80, 30000);
    assert_int_equal(fixture_register(fixture.channel, &sample, &first), MRPC_OK);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_NOT_FOUND);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", first), MRPC_NOT_FOUND);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", first), MRPC_OK);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_NOT_FOUND);

    assert_int_equal(fixture_register(fixture.channel, &sample, &second), MRPC_OK);
    assert_true(second > first);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", first), MRPC_NOT_FOUND);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", first), MRPC_OK);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", second), MRPC_OK);
}

static void unknown_instance_carries_the_epoch(void **state)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key;
    PB(HeartbeatRequest) request;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__heartbeat_request__init(&request);
    key.service = (char *)(uintptr_t) "web";
    key.id = (char *)(uintptr_t) "nobody";
    request.key = &key;
    assert_null(RPC(heartbeat)(fixture.channel, NULL, &request, &reply));
    assert_int_equal(reply.status.code, MRPC_NOT_FOUND);
    char epoch[24];
    snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)registry_epoch(fixture.registry));
    assert_non_null(memmem(reply.status.details, reply.status.details_bytes, epoch, strlen(epoch)));
    assert_non_null(memmem(reply.status.details, reply.status.details_bytes, "UNKNOWN_INSTANCE", 16));
    mrpc_reply_fini(&reply);
}

static void lease_runs_out_without_heartbeats(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 1000);
    int64_t begin_ms = fixture_now_ms();
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    wait_discover("web", MRPC_NOT_FOUND);
    assert_in_range(fixture_now_ms() - begin_ms, 950, PATIENCE_MS);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", 0), MRPC_NOT_FOUND);
}

static void heartbeats_keep_a_lease(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 2500);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    int64_t begin = fixture_now_ms();
    while (fixture_now_ms() - begin < 4000) {
        assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", 0), MRPC_OK);
        pause_ms(200);
    }
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
}

static void broken_stream_expires_its_instances_at_once(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    struct mrpc_client_call *call;
    assert_int_equal(RPC(heartbeat_stream__start)(fixture.channel, NULL, NULL, NULL, &call), 0);
    PB(HeartbeatRequest) heartbeat;
    PB(HeartbeatStreamRequest) message;
    mltrainer__registry__v1__heartbeat_request__init(&heartbeat);
    mltrainer__registry__v1__heartbeat_stream_request__init(&message);
    heartbeat.key = &sample.key;
    message.heartbeat = &heartbeat;
    message.expire_on_disconnect = true;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(RPC(heartbeat_stream__send)(call, &message), 0);
        const PB(HeartbeatStreamResponse) *answer = RPC(heartbeat_stream__recv)(call);
        assert_non_null(answer);
        assert_int_equal(answer->code, MRPC_OK);
        assert_int_equal(answer->lease_ttl->seconds, 60);
    }
    sample.key.id = (char *)(uintptr_t) "nobody";
    assert_int_equal(RPC(heartbeat_stream__send)(call, &message), 0);
    assert_int_equal(RPC(heartbeat_stream__recv)(call)->code, MRPC_NOT_FOUND);
    mrpc_client_call_cancel(call);
    mrpc_client_call_free(call);
    int64_t begin_ms = fixture_now_ms();
    wait_discover("web", MRPC_NOT_FOUND);
    assert_true(fixture_now_ms() - begin_ms < 30000); /* half its lease */
}

static struct mrpc_client_call *carry(const char *const *ids)
{
    struct mrpc_client_call *call;
    assert_int_equal(RPC(heartbeat_stream__start)(fixture.channel, NULL, NULL, NULL, &call), 0);
    for (; *ids; ids++) {
        struct sample sample;
        PB(HeartbeatRequest) heartbeat;
        PB(HeartbeatStreamRequest) message;
        sample_init(&sample, *ids, "a", 80, 60000);
        mltrainer__registry__v1__heartbeat_request__init(&heartbeat);
        mltrainer__registry__v1__heartbeat_stream_request__init(&message);
        heartbeat.key = &sample.key;
        message.heartbeat = &heartbeat;
        message.expire_on_disconnect = true;
        assert_int_equal(RPC(heartbeat_stream__send)(call, &message), 0);
        const PB(HeartbeatStreamResponse) *answer = RPC(heartbeat_stream__recv)(call);
        assert_non_null(answer);
        assert_int_equal(answer->code, MRPC_OK);
    }
    return call;
}

/* A client that lost its connection has another before the server hears of the loss. */
static void n10_a_newer_stream_takes_an_instance_over(void **state)
{
    const char *const both[] = {"left", "taken", NULL}, *const one[] = {"taken", NULL};
    struct sample sample;
    for (int i = 0; i < 2; i++) {
        sample_init(&sample, both[i], "a", 80, 60000);
        assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    }
    struct mrpc_client_call *older = carry(both), *newer = carry(one);
    mrpc_client_call_cancel(older);
    mrpc_client_call_free(older);
    wait_discover("left", MRPC_NOT_FOUND);
    assert_int_equal(fixture_discover(fixture.channel, "taken", NULL), MRPC_OK);
    mrpc_client_call_cancel(newer);
    mrpc_client_call_free(newer);
    wait_discover("taken", MRPC_NOT_FOUND);
}

static void closed_stream_leaves_its_instances_their_lease(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    struct mrpc_client_call *call;
    assert_int_equal(RPC(heartbeat_stream__start)(fixture.channel, NULL, NULL, NULL, &call), 0);
    PB(HeartbeatRequest) heartbeat;
    PB(HeartbeatStreamRequest) message;
    mltrainer__registry__v1__heartbeat_request__init(&heartbeat);
    mltrainer__registry__v1__heartbeat_stream_request__init(&message);
    heartbeat.key = &sample.key;
    message.heartbeat = &heartbeat;
    message.expire_on_disconnect = true;
    assert_int_equal(RPC(heartbeat_stream__send)(call, &message), 0);
    assert_non_null(RPC(heartbeat_stream__recv)(call));
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    pause_ms(300);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
}

/* Otherwise each restart of the server would deregister everybody. */
static void stopping_server_expires_nobody(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    struct mrpc_client_call *call, *watch;
    PB(WatchRequest) watch_request;
    PB(HeartbeatRequest) heartbeat;
    PB(HeartbeatStreamRequest) message;
    mltrainer__registry__v1__watch_request__init(&watch_request);
    mltrainer__registry__v1__heartbeat_request__init(&heartbeat);
    mltrainer__registry__v1__heartbeat_stream_request__init(&message);
    heartbeat.key = &sample.key;
    message.heartbeat = &heartbeat;
    message.expire_on_disconnect = true;
    assert_int_equal(RPC(watch__start)(fixture.channel, NULL, &watch_request, NULL, NULL, &watch), 0);
    assert_non_null(RPC(watch__recv)(watch));
    assert_int_equal(RPC(heartbeat_stream__start)(fixture.channel, NULL, NULL, NULL, &call), 0);
    assert_int_equal(RPC(heartbeat_stream__send)(call, &message), 0);
    assert_non_null(RPC(heartbeat_stream__recv)(call));
    registry_drain(fixture.registry);
    assert_null(RPC(watch__recv)(watch));
    assert_int_equal(mrpc_client_call_finish(watch, NULL), MRPC_UNAVAILABLE);
    mrpc_client_call_free(watch);
    assert_null(RPC(heartbeat_stream__recv)(call)); /* idle as it is */
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_UNAVAILABLE);
    mrpc_client_call_free(call);
    pause_ms(300);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
}

/* A socket that listens; its port. */
static int listen_somewhere(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
    socklen_t bytes = sizeof address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void checked_instance_goes_unhealthy_and_comes_back(void **state)
{
    uint16_t port = 0;
    int fd = listen_somewhere(&port);
    struct sample sample;
    PB(Check) check;
    PB(TcpCheck) tcp;
    Google__Protobuf__Duration interval;
    PB(Check) * checks[] = {&check};
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__tcp_check__init(&tcp);
    google__protobuf__duration__init(&interval);
    interval.seconds = 1;
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP;
    check.tcp = &tcp;
    check.interval = &interval;
    check.fall = 2;
    sample_init(&sample, "web", "a", port, 60000);
    sample.instance.checks = checks;
    sample.instance.n_checks = 1;
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    wait_discover("web", MRPC_OK);
    close(fd);
    wait_discover("web", MRPC_UNAVAILABLE);
    fd = listen_somewhere(&port);
    wait_discover("web", MRPC_OK);

    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(GetInstanceRequest) get;
    mltrainer__registry__v1__get_instance_request__init(&get);
    get.key = &sample.key;
    const PB(GetInstanceResponse) *got = RPC(get_instance)(fixture.channel, NULL, &get, &reply);
    assert_non_null(got);
    assert_int_equal(got->instance->status->n_checks, 1);
    assert_string_equal(got->instance->status->checks[0]->name, "tcp");
    assert_string_equal(got->instance->status->checks[0]->text, "connected");
    assert_int_equal(got->instance->status->reason, REASON_CHECK_PASSED);
    assert_in_range(got->instance->status->lease_remaining->seconds, 40, 60);
    mrpc_reply_fini(&reply);
    close(fd);
}

static int report(struct sample *sample, const char *check, bool passing)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(HeartbeatRequest) request;
    PB(CheckReport) said;
    PB(CheckReport) * reports[] = {&said};
    mltrainer__registry__v1__heartbeat_request__init(&request);
    mltrainer__registry__v1__check_report__init(&said);
    said.name = (char *)(uintptr_t)check;
    said.passing = passing;
    request.key = &sample->key;
    request.reports = reports;
    request.n_reports = 1;
    RPC(heartbeat)(fixture.channel, NULL, &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static void ttl_check_follows_the_reports(void **state)
{
    struct sample sample;
    PB(Check) check;
    PB(TtlCheck) ttl;
    Google__Protobuf__Duration interval;
    PB(Check) * checks[] = {&check};
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__ttl_check__init(&ttl);
    google__protobuf__duration__init(&interval);
    interval.seconds = 3;
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
    check.ttl = &ttl;
    check.interval = &interval;
    sample_init(&sample, "web", "a", 80, 60000);
    sample.instance.checks = checks;
    sample.instance.n_checks = 1;
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_UNAVAILABLE); /* nobody has vouched for it */
    assert_int_equal(report(&sample, "ttl", true), MRPC_OK);
    wait_discover("web", MRPC_OK);
    assert_int_equal(report(&sample, "ttl", false), MRPC_OK);
    wait_discover("web", MRPC_UNAVAILABLE);
    int64_t begin_ms = fixture_now_ms();
    assert_int_equal(report(&sample, "ttl", true), MRPC_OK);
    wait_discover("web", MRPC_OK);
    wait_discover("web", MRPC_UNAVAILABLE); /* no report comes */
    assert_in_range(fixture_now_ms() - begin_ms, 2900, PATIENCE_MS);
    assert_int_equal(report(&sample, "no-such-check", true), MRPC_INVALID_ARGUMENT);
}

static void lists_come_in_pages_and_in_order(void **state)
{
    struct sample sample;
    char service[16], id[16], seen[256] = "";
    for (int i = 0; i < 12; i++) {
        snprintf(service, sizeof service, "s%d", i / 4);
        snprintf(id, sizeof id, "i%d", i % 4);
        sample_init(&sample, service, id, 80, 30000);
        assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    }
    PB(ListInstancesRequest) list;
    mltrainer__registry__v1__list_instances_request__init(&list);
    char token[400] = "";
    int pages = 0;
    do {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        list.page_size = 5;
        list.page_token = token;
        const PB(ListInstancesResponse) *got = RPC(list_instances)(fixture.channel, NULL, &list, &reply);
        assert_non_null(got);
        for (size_t i = 0; i < got->n_instances; i++)
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s.%s ", got->instances[i]->key->service,
                     got->instances[i]->key->id);
        snprintf(token, sizeof token, "%s", got->next_page_token);
        pages++;
        mrpc_reply_fini(&reply);
    } while (token[0]);
    assert_int_equal(pages, 3);
    assert_string_equal(seen, "s0.i0 s0.i1 s0.i2 s0.i3 s1.i0 s1.i1 s1.i2 s1.i3 s2.i0 s2.i1 s2.i2 s2.i3 ");

    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(ListServicesRequest) services;
    mltrainer__registry__v1__list_services_request__init(&services);
    services.page_size = 2;
    const PB(ListServicesResponse) *got = RPC(list_services)(fixture.channel, NULL, &services, &reply);
    assert_non_null(got);
    assert_int_equal(got->n_services, 2);
    assert_string_equal(got->services[1]->service, "s1");
    assert_int_equal(got->services[1]->healthy_count, 4);
    assert_string_equal(got->next_page_token, "default/s1");
    mrpc_reply_fini(&reply);
    services.page_token = (char *)(uintptr_t) "no token/of ours";
    assert_null(RPC(list_services)(fixture.channel, NULL, &services, &reply));
    assert_int_equal(reply.status.code, MRPC_INVALID_ARGUMENT);
    mrpc_reply_fini(&reply);
}

static void full_disk_refuses_and_keeps_serving(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 3000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    store_memory_fail(fixture.store, MRPC_RESOURCE_EXHAUSTED);
    sample_init(&sample, "web", "b", 80, 30000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
    wait_discover("web", MRPC_NOT_FOUND); /* expiry holds although it cannot be written */
    store_memory_fail(fixture.store, 0);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_OK);
}

struct burst {
    pthread_t thread;
    int index;
    int failures;
};

static void *register_many(void *arg)
{
    struct burst *burst = arg;
    for (int i = 0; i < 50; i++) {
        struct sample sample;
        char id[32];
        snprintf(id, sizeof id, "i%d-%d", burst->index, i);
        sample_init(&sample, "many", id, 80, 30000);
        burst->failures += fixture_register(fixture.channel, &sample, NULL) != MRPC_OK;
    }
    return NULL;
}

static void concurrent_registrations_all_arrive(void **state)
{
    struct burst bursts[8];
    for (int i = 0; i < 8; i++) {
        bursts[i] = (struct burst){.index = i};
        assert_int_equal(pthread_create(&bursts[i].thread, NULL, register_many, &bursts[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(bursts[i].thread, NULL);
        assert_int_equal(bursts[i].failures, 0);
    }
    const struct registry_view *view = registry_snapshot(fixture.registry);
    assert_int_equal(view->instance_count, 400);
    assert_int_equal(view->services[0]->healthy_count, 400);
    registry_snapshot_release(view);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(registered_instance_is_discovered_at_once),
        CASE(registering_again_changes_nothing),
        CASE(picks_go_round),
        CASE(wrong_field_is_named),
        CASE(deregistered_instance_is_gone_for_good),
        CASE(unknown_instance_carries_the_epoch),
        CASE(lease_runs_out_without_heartbeats),
        CASE(heartbeats_keep_a_lease),
        CASE(broken_stream_expires_its_instances_at_once),
        CASE(n10_a_newer_stream_takes_an_instance_over),
        CASE(closed_stream_leaves_its_instances_their_lease),
        CASE(stopping_server_expires_nobody),
        CASE(checked_instance_goes_unhealthy_and_comes_back),
        CASE(ttl_check_follows_the_reports),
        CASE(lists_come_in_pages_and_in_order),
        CASE(full_disk_refuses_and_keeps_serving),
        CASE(concurrent_registrations_all_arrive),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

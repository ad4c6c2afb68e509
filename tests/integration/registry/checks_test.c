/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

/* Checks as clients see them: what GetInstance and lists tell, and CheckNow. The target is a gRPC server of our own. */

static struct fixture fixture;
static struct mrpc_server *target;
static uint16_t target_port;

static int start(void **state)
{
    char *address;
    fixture_start(&fixture, NULL, NULL);
    struct mrpc_server_options options = {.struct_bytes = sizeof options, .loops = 1};
    assert_int_equal(mrpc_server_new(&options, &target), 0);
    assert_int_equal(mrpc_server_enable_health(target), 0);
    assert_int_equal(mrpc_server_listen(target, "127.0.0.1:0", NULL, &address), 0);
    assert_int_equal(mrpc_server_start(target), 0);
    target_port = (uint16_t)atoi(strrchr(address, ':') + 1);
    free(address);
    return mrpc_server_set_health(target, "", MRPC_SERVING);
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    mrpc_server_stop(target);
    mrpc_server_free(target);
    return 0;
}

/* --- an instance that is checked ---------------------------------------------------------------------------------- */

struct checked {
    struct sample sample;
    PB(Check) check;
    PB(GrpcCheck) grpc;
    PB(TtlCheck) ttl;
    Google__Protobuf__Duration interval, timeout;
    PB(Check) * checks[1];
};

/* Checked by gRPC every hour, so that nothing happens that the test does not ask for. */
static void checked_init(struct checked *checked, const char *id)
{
    sample_init(&checked->sample, "web", id, target_port, 60000);
    mltrainer__registry__v1__check__init(&checked->check);
    mltrainer__registry__v1__grpc_check__init(&checked->grpc);
    mltrainer__registry__v1__ttl_check__init(&checked->ttl);
    google__protobuf__duration__init(&checked->interval);
    google__protobuf__duration__init(&checked->timeout);
    checked->interval.seconds = 3600;
    checked->timeout.seconds = 20;
    checked->check.interval = &checked->interval;
    checked->check.timeout = &checked->timeout;
    checked->check.grpc = &checked->grpc;
    checked->check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC;
    checked->checks[0] = &checked->check;
    checked->sample.instance.checks = checked->checks;
    checked->sample.instance.n_checks = 1;
}

static int check_now(const char *who, const char *id, struct mrpc_reply *reply, const PB(CheckNowResponse) * *out)
{
    PB(CheckNowRequest) request;
    PB(InstanceKey) key;
    mltrainer__registry__v1__check_now_request__init(&request);
    mltrainer__registry__v1__instance_key__init(&key);
    key.service = (char *)(uintptr_t) "web";
    key.id = (char *)(uintptr_t)id;
    request.key = &key;
    struct mrpc_metadatum metadatum = {"who", who, strlen(who)};
    struct mrpc_call_options options = {.struct_bytes = sizeof options,
                                        .timeout_ms = 30000,
                                        .metadata = &metadatum,
                                        .metadata_count = who[0] != '\0'};
    *out = RPC(check_now)(fixture.channel, &options, &request, reply);
    return reply->status.code;
}

static int check_now_code(const char *who, const char *id)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const PB(CheckNowResponse) * ignored;
    int code = check_now(who, id, &reply, &ignored);
    mrpc_reply_fini(&reply);
    return code;
}

static void assert_check_now(const char *id, enum registry_health state, uint32_t pending, const char *text)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const PB(CheckNowResponse) * response;
    assert_int_equal(check_now("", id, &reply, &response), MRPC_OK);
    assert_int_equal(response->n_checks, 1);
    const PB(CheckStatus) *status = response->checks[0];
    assert_string_equal(status->name, "grpc");
    if ((int)status->state != (int)state || status->pending_count != pending || !strstr(status->text, text))
        fail_msg("state %d, pending %u, \"%s\"", (int)status->state, status->pending_count, status->text);
    assert_non_null(status->last_run_time);
    assert_non_null(status->last_duration);
    mrpc_reply_fini(&reply);
}

/* --- tests
 * ------------------------------------------------------------------------------------------------------------
 */

static void check_now_runs_and_tells(void **state)
{
    struct checked checked;
    checked_init(&checked, "a");
    assert_int_equal(fixture_register(fixture.channel, &checked.sample, NULL), MRPC_OK);
    assert_check_now("a", HEALTH_HEALTHY, 0, "SERVING");
    mrpc_server_set_health(target, "", MRPC_NOT_SERVING);
    /* Three failures in a row; the Watch's own runs count too, so the number of ours is not fixed. */
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const PB(CheckNowResponse) * response;
    int runs = 0;
    bool down = false;
    while (!down && runs++ < 100) {
        assert_int_equal(check_now("", "a", &reply, &response), MRPC_OK);
        assert_string_equal(response->checks[0]->text, "NOT_SERVING");
        down = (int)response->checks[0]->state == HEALTH_UNHEALTHY;
        mrpc_reply_fini(&reply);
        reply = (struct mrpc_reply)MRPC_REPLY_INIT;
    }
    assert_in_range(runs, 1, 3);
}

static void lists_tell_the_state_of_checks_when_asked(void **state)
{
    struct checked checked;
    checked_init(&checked, "a");
    assert_int_equal(fixture_register(fixture.channel, &checked.sample, NULL), MRPC_OK);
    assert_check_now("a", HEALTH_HEALTHY, 0, "SERVING");
    for (int view = 0; view <= 3; view++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        PB(ListInstancesRequest) request;
        mltrainer__registry__v1__list_instances_request__init(&request);
        request.view = (PB(InstanceView))view;
        const PB(ListInstancesResponse) *list = RPC(list_instances)(fixture.channel, NULL, &request, &reply);
        if (view == 3) {
            assert_int_equal(reply.status.code, MRPC_INVALID_ARGUMENT);
        } else {
            assert_non_null(list);
            assert_int_equal(list->n_instances, 1);
            assert_int_equal(list->instances[0]->status->n_checks, view == 2);
            if (view == 2)
                assert_string_equal(list->instances[0]->status->checks[0]->text, "SERVING");
        }
        mrpc_reply_fini(&reply);
    }
}

static void check_now_is_for_the_owner_and_for_checks_that_run(void **state)
{
    struct checked checked;
    assert_int_equal(check_now_code("", "nobody"), MRPC_NOT_FOUND);
    checked_init(&checked, "a");
    assert_int_equal(fixture_register(fixture.channel, &checked.sample, NULL), MRPC_OK);
    assert_int_equal(check_now_code("somebody", "a"), MRPC_PERMISSION_DENIED);
    assert_int_equal(check_now_code("root", "a"), MRPC_OK);
    checked_init(&checked, "b");
    checked.check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
    checked.check.ttl = &checked.ttl;
    assert_int_equal(fixture_register(fixture.channel, &checked.sample, NULL), MRPC_OK);
    assert_int_equal(check_now_code("", "b"), MRPC_FAILED_PRECONDITION);
    checked_init(&checked, "c");
    checked.sample.instance.n_checks = 0;
    assert_int_equal(fixture_register(fixture.channel, &checked.sample, NULL), MRPC_OK);
    assert_int_equal(check_now_code("", "c"), MRPC_FAILED_PRECONDITION);
}

struct asking {
    pthread_t thread;
    int code;
};

static void *ask(void *arg)
{
    ((struct asking *)arg)->code = check_now_code("", "a");
    return NULL;
}

/* A target that never answers: connections wait in its queue. */
static int silent_target(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    target_port = ntohs(address.sin_port);
    return fd;
}

/* The first connection of the first run: from then on CheckNow can only wait. */
static void wait_for_a_run(int fd)
{
    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 20000), 1);
}

/* Nobody waits for an instance that went, or for a server that ends. */
static void check_now_ends_with_the_instance_and_the_server(void **state)
{
    int fd = silent_target();
    for (int draining = 0; draining <= 1; draining++) {
        struct checked checked;
        struct asking asking = {.code = -1};
        checked_init(&checked, "a");
        assert_int_equal(fixture_register(fixture.channel, &checked.sample, NULL), MRPC_OK);
        wait_for_a_run(fd);
        int64_t begin_ms = fixture_now_ms();
        assert_int_equal(pthread_create(&asking.thread, NULL, ask, &asking), 0);
        if (draining)
            registry_drain(fixture.registry);
        else
            assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
        pthread_join(asking.thread, NULL);
        assert_true(fixture_now_ms() - begin_ms < 15000); /* the check's timeout is 20 s */
        if (draining)
            assert_int_equal(asking.code, MRPC_UNAVAILABLE);
        else /* whichever came first */
            assert_true(asking.code == MRPC_ABORTED || asking.code == MRPC_NOT_FOUND);
    }
    close(fd);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(check_now_runs_and_tells),
        CASE(lists_tell_the_state_of_checks_when_asked),
        CASE(check_now_is_for_the_owner_and_for_checks_that_run),
        CASE(check_now_ends_with_the_instance_and_the_server),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

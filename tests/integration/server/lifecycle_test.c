/* SPDX-License-Identifier: Apache-2.0 */

/* Draining and stopping; slow readers; health over the wire. */

#include <grpc/health/v1/health.mrpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "test.h"

struct once {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
};
#define ONCE_INIT {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static void tell(void *arg)
{
    struct once *once = arg;
    pthread_mutex_lock(&once->lock);
    once->count++;
    pthread_cond_broadcast(&once->changed);
    pthread_mutex_unlock(&once->lock);
}

static void wait_until(struct once *once, unsigned count)
{
    pthread_mutex_lock(&once->lock);
    while (once->count < count)
        pthread_cond_wait(&once->changed, &once->lock);
    pthread_mutex_unlock(&once->lock);
}

static void wait_for_calls(struct mrpc_server *server, uint64_t started)
{
    struct mrpc_server_stats stats;
    do {
        usleep(1000);
        mrpc_server_stats(server, &stats);
    } while (stats.calls_started < started);
}

struct pending {
    struct once once;
    int code;
};

static void on_done(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct pending *pending = arg;
    pending->code = (int)reply->status.code;
    tell(&pending->once);
}

static struct mrpc_channel *hold_one(struct fixture *fixture, struct pending *pending)
{
    struct mrpc_channel *channel;
    EchoText request = echo_text("hold");
    assert_int_equal(mrpc_channel_new(fixture->bound, NULL, &channel), 0);
    mrpc_channel_unary_async(channel, &echo_say, NULL, &request.base, on_done, pending);
    wait_for_calls(fixture->server, 1);
    return channel;
}

static void a_drain_serves_what_runs_and_takes_no_more(void **state)
{
    struct fixture fixture;
    struct pending pending = {.once = ONCE_INIT, .code = -1};
    struct once drained = ONCE_INIT;
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    struct mrpc_channel *channel = hold_one(&fixture, &pending);
    mrpc_server_drain(fixture.server, 60000, tell, &drained);
    assert_int_equal(drained.count, 0);
    assert_int_equal(fixture_say(fixture.bound, NULL, "too late"), MRPC_UNAVAILABLE);
    echo_service_finish_held(&fixture.echo, 0);
    wait_until(&pending.once, 1);
    assert_int_equal(pending.code, 0);
    wait_until(&drained, 1);
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
    assert_int_equal(drained.count, 1);
    assert_int_equal(fixture.echo.cancelled, 0);
}

static void the_grace_ends_and_the_rest_is_cancelled(void **state)
{
    struct fixture fixture;
    struct pending pending = {.once = ONCE_INIT, .code = -1};
    struct once drained = ONCE_INIT;
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    fixture.echo.answer_at_cancel = true;
    struct mrpc_channel *channel = hold_one(&fixture, &pending);
    mrpc_server_drain(fixture.server, 20, tell, &drained);
    wait_until(&drained, 1);
    wait_until(&pending.once, 1);
    assert_int_equal(pending.code, MRPC_UNAVAILABLE);
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
    assert_int_equal(fixture.echo.cancelled, 1);
}

static void a_second_drain_cuts_the_grace(void **state)
{
    struct fixture fixture;
    struct pending pending = {.once = ONCE_INIT, .code = -1};
    struct once drained = ONCE_INIT;
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    fixture.echo.answer_at_cancel = true;
    struct mrpc_channel *channel = hold_one(&fixture, &pending);
    mrpc_server_drain(fixture.server, 3600000, tell, &drained);
    mrpc_server_drain(fixture.server, 0, NULL, NULL);
    wait_until(&drained, 1);
    wait_until(&pending.once, 1);
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
    assert_int_equal(drained.count, 1);
}

static void a_drain_without_connections_is_over_at_once(void **state)
{
    struct fixture fixture;
    struct once drained = ONCE_INIT;
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    mrpc_server_drain(fixture.server, 60000, tell, &drained);
    wait_until(&drained, 1);
    fixture_stop(&fixture);
    assert_int_equal(drained.count, 1);
}

/* A client that takes one message and then no more. The server's part of 1 GB must stay where it is made. */
static void a_slow_reader_holds_its_handler_not_memory(void **state)
{
    struct fixture fixture;
    struct mrpc_channel *channel;
    struct mrpc_client_call *call;
    EchoText request = echo_text("100000:10000");
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    assert_int_equal(mrpc_channel_new(fixture.bound, NULL, &channel), 0);
    assert_int_equal(mrpc_client_call_start(channel, &echo_split, NULL, NULL, NULL, &call), 0);
    assert_int_equal(mrpc_client_call_send(call, &request.base), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(strlen(echo_value(mrpc_client_call_recv(call))), 10000);
    mrpc_client_call_cancel(call);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
    assert_int_equal(fixture.echo.cancelled, 1);
    assert_in_range(fixture.echo.sent, 200, 240);   /* two windows of 64 KiB, the send buffer, and what was read */
}

static void connections_that_idle_or_age_are_drained(void **state)
{
    struct fixture fixture;
    struct mrpc_channel *channel;
    struct mrpc_server_stats stats;
    struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .connection_idle_ms = 100};
    fixture_start(&fixture, "127.0.0.1:0", NULL, &limits);
    assert_int_equal(mrpc_channel_new(fixture.bound, NULL, &channel), 0);
    for (int round = 0; round < 3; round++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        EchoText request = echo_text("hello");
        assert_non_null(mrpc_channel_unary(channel, &echo_say, NULL, &request.base, &reply));
        mrpc_reply_fini(&reply);
        do {
            usleep(1000);
            mrpc_server_stats(fixture.server, &stats);
        } while (stats.connections > 0);
        /* The client hears of it later; a call in between may meet the closed connection. */
        enum mrpc_connectivity heard;
        if (mrpc_channel_state(channel) == MRPC_READY)
            assert_int_equal(mrpc_channel_wait_state(channel, MRPC_READY, 10000, &heard), 0);
    }
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
}

typedef Grpc__Health__V1__HealthCheckRequest HealthRequest;
typedef Grpc__Health__V1__HealthCheckResponse HealthResponse;
#define HEALTH_METHODS grpc__health__v1__health__service.methods

static int next_state(struct mrpc_client_call *call)
{
    const HealthResponse *response = (const HealthResponse *)mrpc_client_call_recv(call);
    return response != NULL ? (int)response->status : -1;
}

static struct mrpc_client_call *watch(struct mrpc_channel *channel, const char *service)
{
    HealthRequest request;
    struct mrpc_client_call *call;
    grpc__health__v1__health_check_request__init(&request);
    request.service = (char *)(uintptr_t)service;
    assert_int_equal(mrpc_client_call_start(channel, &HEALTH_METHODS[2], NULL, NULL, NULL, &call), 0);
    assert_int_equal(mrpc_client_call_send(call, &request.base), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    return call;
}

static void health_is_watched_through_changes_and_the_drain(void **state)
{
    struct fixture fixture;
    struct mrpc_channel *channel;
    struct once drained = ONCE_INIT;
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    assert_int_equal(mrpc_channel_new(fixture.bound, NULL, &channel), 0);
    struct mrpc_client_call *whole = watch(channel, ""), *one = watch(channel, "test.Echo");
    assert_int_equal(next_state(whole), 1);
    assert_int_equal(next_state(one), 3);
    assert_int_equal(mrpc_server_set_health(fixture.server, "test.Echo", MRPC_SERVING), 0);
    assert_int_equal(next_state(one), 1);
    assert_int_equal(mrpc_server_set_health(fixture.server, "test.Echo", MRPC_NOT_SERVING), 0);
    assert_int_equal(next_state(one), 2);
    mrpc_server_drain(fixture.server, 60000, tell, &drained);
    assert_int_equal(next_state(whole), 2);
    assert_int_equal(next_state(whole), -1);
    assert_int_equal(mrpc_client_call_finish(whole, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(mrpc_client_call_finish(one, NULL), MRPC_UNAVAILABLE);
    wait_until(&drained, 1);
    mrpc_client_call_free(whole);
    mrpc_client_call_free(one);
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
}

static void g24_watches_of_one_identity_have_an_end(void **state)
{
    enum { ALLOWED = 1000 };
    struct fixture fixture;
    struct mrpc_channel *channel;
    struct mrpc_client_call **watches = calloc(ALLOWED + 1, sizeof(struct mrpc_client_call *));
    struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .concurrent_streams = 2 * ALLOWED};
    fixture_start(&fixture, "127.0.0.1:0", NULL, &limits);
    assert_int_equal(mrpc_channel_new(fixture.bound, NULL, &channel), 0);
    for (int i = 0; i < ALLOWED; i++) {
        watches[i] = watch(channel, "");
        assert_int_equal(next_state(watches[i]), 1);
    }
    watches[ALLOWED] = watch(channel, "");
    assert_int_equal(mrpc_client_call_finish(watches[ALLOWED], NULL), MRPC_RESOURCE_EXHAUSTED);
    mrpc_client_call_free(watches[0]);
    watches[0] = NULL;
    /* The server learns of that in a moment; then there is room for one again. */
    for (int code = -1; code != 1; usleep(1000)) {
        watches[0] = watch(channel, "");
        code = next_state(watches[0]);
        if (code != 1)
            mrpc_client_call_free(watches[0]);
    }
    for (int i = 0; i <= ALLOWED; i++)
        mrpc_client_call_free(watches[i]);
    free(watches);
    mrpc_channel_free(channel);
    fixture_stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_serves_what_runs_and_takes_no_more),
        cmocka_unit_test(the_grace_ends_and_the_rest_is_cancelled),
        cmocka_unit_test(a_second_drain_cuts_the_grace),
        cmocka_unit_test(a_drain_without_connections_is_over_at_once),
        cmocka_unit_test(a_slow_reader_holds_its_handler_not_memory),
        cmocka_unit_test(connections_that_idle_or_age_are_drained),
        cmocka_unit_test(g24_watches_of_one_identity_have_an_end),
        cmocka_unit_test(health_is_watched_through_changes_and_the_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

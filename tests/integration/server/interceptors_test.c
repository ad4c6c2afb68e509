/* SPDX-License-Identifier: Apache-2.0 */

/* All interceptors of the library on servers with several loops, while metrics are read; and a trace that goes through
 * two servers. Run under the thread sanitizer this is the test of what interceptors share between loops. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/mrpc.h>

#include "echo_methods.h"
#include "interceptor_set.h"
#include "test.h"

#define CLIENTS 4
#define CALLS 100
#define SPLITS 3

/* Service test.Relay: Say answers with the call's trace, Split with three messages, Pass with what another server's Say
 * answers, and before it its own trace. */
struct relay {
    struct mrpc_server *server;
    struct interceptor_set interceptors;
    struct mrpc_channel *next;    /* of Pass; NULL: none */
    char *bound;
};

static char *trace_text(struct mrpc_call *call)
{
    const struct mrpc_trace *trace = mrpc_call_trace(call);
    struct mrpc_trace parent = *trace;
    char own[MRPC_TRACEPARENT_BYTES], from[MRPC_TRACEPARENT_BYTES];
    memcpy(parent.span_id, trace->parent_id, sizeof(parent.span_id));
    mrpc_trace_format(trace, own);
    mrpc_trace_format(&parent, from);
    return mrpc_arena_printf(mrpc_call_arena(call), "%s %s %s", own, from, trace->state);
}

static int say(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
               ProtobufCMessage *response)
{
    if (strcmp(echo_value(request), "fail") == 0)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "asked to fail");
    ((EchoText *)response)->value = trace_text(call);
    return 0;
}

static int split(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                 ProtobufCMessage *response)
{
    for (int i = 0; i < SPLITS; i++)
        if (mrpc_call_send(call, request) != 0)
            return MRPC_INTERNAL;
    return 0;
}

/* On the channel's thread. */
static void passed(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct mrpc_call *call = arg;
    EchoText *answer = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*answer));
    *answer = echo_text(mrpc_arena_printf(mrpc_call_arena(call), "%s | %s", trace_text(call),
                                          response != NULL ? echo_value(response) : reply->status.message));
    mrpc_call_finish(call, 0, &answer->base);
}

static int pass(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                ProtobufCMessage *response)
{
    struct relay *relay = self;
    struct mrpc_metadata metadata = {.arena = mrpc_call_arena(call)};
    if (mrpc_trace_add(mrpc_call_trace(call), &metadata) != 0)
        return MRPC_INTERNAL;
    struct mrpc_call_options options = {
        .struct_bytes = sizeof(options), .metadata = metadata.entries, .metadata_count = metadata.count};
    static const struct mrpc_method next = {
        .name = "Say", .path = "/test.Relay/Say", .request = &google__protobuf__string_value__info,
        .response = &google__protobuf__string_value__info};
    mrpc_channel_unary_async(relay->next, &next, &options, request, passed, call);
    return MRPC_PENDING;
}

static bool implemented(const void *handlers)
{
    return true;
}

#define RELAY_METHOD(NAME, SERVER)                                                                                     \
    {                                                                                                                  \
        .name = NAME, .path = "/test.Relay/" NAME, .server_streaming = SERVER,                                         \
        .request = &google__protobuf__string_value__info, .response = &google__protobuf__string_value__info            \
    }
static const struct mrpc_method methods[] = {RELAY_METHOD("Say", false), RELAY_METHOD("Split", true),
                                             RELAY_METHOD("Pass", false)};
static const struct mrpc_invoke invokes[] = {{.message = say, .implemented = implemented},
                                             {.message = split, .implemented = implemented},
                                             {.message = pass, .implemented = implemented}};
static const struct mrpc_service service = {.full_name = "test.Relay", .methods = methods, .method_count = 3};
static const struct mrpc_skeleton skeleton = {.service = &service, .invokes = invokes};

static void relay_start(struct relay *relay, struct mrpc_channel *next)
{
    memset(relay, 0, sizeof(*relay));
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 3};
    relay->next = next;
    relay->interceptors.kinds = WITH_ALL;
    assert_int_equal(mrpc_server_new(&options, &relay->server), 0);
    assert_int_equal(mrpc_server_add_service(relay->server, &skeleton, NULL, relay), 0);
    interceptor_set_add(relay->server, &relay->interceptors);
    assert_int_equal(mrpc_server_listen(relay->server, "127.0.0.1:0", NULL, &relay->bound), 0);
    assert_int_equal(mrpc_server_start(relay->server), 0);
}

static void relay_stop(struct relay *relay)
{
    mrpc_server_free(relay->server);
    interceptor_set_fini(&relay->interceptors);
    free(relay->bound);
}

static struct mrpc_channel *channel_to(const struct relay *relay)
{
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(relay->bound, NULL, &channel), 0);
    return channel;
}

/* A channel's calls go to one connection and so to one loop: clients have one each. */
struct client {
    pthread_t thread;
    struct mrpc_channel *channel;
    unsigned good;
};

static void call_split(struct client *client)
{
    struct mrpc_client_call *call;
    EchoText request = echo_text("three times");
    assert_int_equal(mrpc_client_call_start_with(client->channel, &methods[1], NULL, &request.base, NULL, NULL, &call),
                     0);
    unsigned messages = 0;
    while (mrpc_client_call_recv(call) != NULL)
        messages++;
    client->good += mrpc_client_call_finish(call, NULL) == 0 && messages == SPLITS;
    mrpc_client_call_free(call);
}

static void *run_client(void *arg)
{
    struct client *client = arg;
    for (int i = 0; i < CALLS; i++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        EchoText request = echo_text(i % 4 == 3 ? "fail" : "hello");
        (void)mrpc_channel_unary(client->channel, &methods[0], NULL, &request.base, &reply);
        client->good += reply.status.code == (i % 4 == 3 ? MRPC_NOT_FOUND : MRPC_OK);
        mrpc_reply_fini(&reply);
        call_split(client);
    }
    return NULL;
}

static uint64_t count_of(struct mrpc_metrics *metrics, const char *name, const char *method, const char *status)
{
    struct mrpc_metrics_snapshot *snapshot;
    uint64_t count = 0;
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct mrpc_metric_point *point = &snapshot->points[i];
        if (strcmp(point->metric->name, name) == 0 && strcmp(point->method, method) == 0 &&
            (status == NULL || strcmp(point->status, status) == 0))
            count += point->count;
    }
    mrpc_metrics_snapshot_free(snapshot);
    return count;
}

struct reader {
    pthread_t thread;
    struct mrpc_metrics *metrics;
    atomic_bool done;
    unsigned pages;
};

static int drop_text(void *arg, const char *text, size_t size)
{
    return 0;
}

static void *read_metrics(void *arg)
{
    struct reader *reader = arg;
    while (!atomic_load(&reader->done)) {
        assert_int_equal(mrpc_metrics_write_prometheus(reader->metrics, drop_text, NULL), 0);
        reader->pages++;
    }
    return NULL;
}

static void loops_share_interceptors_and_every_call_is_counted(void **state)
{
    struct relay relay;
    relay_start(&relay, NULL);
    struct reader reader = {.metrics = relay.interceptors.metrics};
    assert_int_equal(pthread_create(&reader.thread, NULL, read_metrics, &reader), 0);
    struct client clients[CLIENTS] = {0};
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].channel = channel_to(&relay);
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].good, 2 * CALLS);
        mrpc_channel_free(clients[i].channel);
    }
    atomic_store(&reader.done, true);
    pthread_join(reader.thread, NULL);
    assert_true(reader.pages > 0);
    mrpc_server_stop(relay.server);   /* a call's end is counted after its answer */
    struct mrpc_metrics *metrics = relay.interceptors.metrics;
    assert_int_equal(count_of(metrics, "grpc.server.call.started", "test.Relay/Say", NULL), CLIENTS * CALLS);
    assert_int_equal(count_of(metrics, "grpc.server.call.duration", "test.Relay/Say", "OK"), CLIENTS * CALLS * 3 / 4);
    assert_int_equal(count_of(metrics, "grpc.server.call.duration", "test.Relay/Say", "NOT_FOUND"),
                     CLIENTS * CALLS / 4);
    assert_int_equal(count_of(metrics, "grpc.server.call.duration", "test.Relay/Split", "OK"), CLIENTS * CALLS);
    assert_true(relay.interceptors.lines > 0);
    relay_stop(&relay);
}

/* Checklist, server 27. */
static void server_27_a_trace_goes_through_two_servers(void **state)
{
    struct relay back, front;
    relay_start(&back, NULL);
    struct mrpc_channel *next = channel_to(&back);
    relay_start(&front, next);
    struct mrpc_channel *channel = channel_to(&front);
    const struct mrpc_metadatum metadata[] = {
        {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 55}, {"tracestate", "a=1,b=2", 7}};
    struct mrpc_call_options options = {.struct_bytes = sizeof(options), .metadata = metadata, .metadata_count = 2};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text("hello");
    const ProtobufCMessage *response = mrpc_channel_unary(channel, &methods[2], &options, &request.base, &reply);
    assert_non_null(response);
    char front_own[56], front_from[56], front_state[16], back_own[56], back_from[56], back_state[16];
    assert_int_equal(sscanf(echo_value(response), "%55s %55s %15s | %55s %55s %15s", front_own, front_from, front_state,
                            back_own, back_from, back_state), 6);
    assert_string_equal(front_from, metadata[0].value);
    assert_string_equal(back_from, front_own);
    assert_memory_equal(back_own, metadata[0].value, 36);
    assert_string_not_equal(back_own, front_own);
    assert_string_equal(front_state, "a=1,b=2");
    assert_string_equal(back_state, "a=1,b=2");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    relay_stop(&front);
    mrpc_channel_free(next);
    relay_stop(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_share_interceptors_and_every_call_is_counted),
        cmocka_unit_test(server_27_a_trace_goes_through_two_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

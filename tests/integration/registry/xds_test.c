/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "fixture.h"
#include "registry/xds/message.h"
#include "registry/xds/resource.h"
#include "registry/xds/xds.h"

/* The state-of-the-world protocol, spoken by hand. That nothing was sent is shown by what comes next: responses of a
 * stream come in the order of what caused them. */

enum { DEADLINE_MS = 180000 };

#define ADS(name) envoy__service__discovery__v3__aggregated_discovery_service__stream_aggregated_resources__##name

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

static struct mrpc_client_call *open_stream(void)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = DEADLINE_MS};
    struct mrpc_client_call *stream;
    assert_int_equal(ADS(start)(fixture.channel, &options, NULL, NULL, &stream), 0);
    return stream;
}

static void close_stream(struct mrpc_client_call *stream)
{
    mrpc_client_call_cancel(stream);
    mrpc_client_call_free(stream);
}

static const struct xds_stats *stats(void)
{
    return registry_xds_stats(registry_xds(fixture.registry));
}

static uint64_t counted(enum xds_type type, enum xds_verdict verdict)
{
    return atomic_load(&stats()->requests[type][verdict]);
}

/* --- saying ------------------------------------------------------------------------------------------------------- */

static void send_request(struct mrpc_client_call *stream, enum xds_type type, const char *nonce, const char *refusal,
                         char **names, size_t count)
{
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    DISCOVERY(DiscoveryRequest) request;
    CORE(Node) node;
    envoy__service__discovery__v3__discovery_request__init(&request);
    envoy__config__core__v3__node__init(&node);
    node.id = (char *)"tester";
    request.node = &node;
    request.type_url = (char *)(uintptr_t)xds_type_url(type);
    request.response_nonce = (char *)(uintptr_t)nonce;
    request.n_resource_names = count;
    request.resource_names = names;
    status.code = MRPC_INVALID_ARGUMENT;
    status.message = (char *)(uintptr_t)refusal;
    request.error_detail = refusal ? &status : NULL;
    assert_int_equal(ADS(send)(stream, &request), 0);
}

static void subscribe(struct mrpc_client_call *stream, enum xds_type type, const char *name)
{
    char *names[] = {(char *)(uintptr_t)name};
    send_request(stream, type, "", NULL, names, 1);
}

/* --- hearing ------------------------------------------------------------------------------------------------------ */

/* A response of @type; its message lives until the next is received. */
static const DISCOVERY(DiscoveryResponse) * hear(struct mrpc_client_call *stream, enum xds_type type, char nonce[24])
{
    const DISCOVERY(DiscoveryResponse) *response = ADS(recv)(stream);
    assert_non_null(response);
    assert_string_equal(response->type_url, xds_type_url(type));
    assert_true(response->nonce[0] && response->version_info[0]);
    snprintf(nonce, 24, "%s", response->nonce);
    return response;
}

/* How many endpoints an assignment among the resources tells of, and the port of the first. */
static size_t endpoints_in(const DISCOVERY(DiscoveryResponse) * response, size_t at, uint32_t *port)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message = NULL;
    assert_true(at < response->n_resources);
    assert_int_equal(mrpc_decode(&envoy__config__endpoint__v3__cluster_load_assignment__info,
                                 response->resources[at]->value.data, response->resources[at]->value.len, NULL, arena,
                                 &message, NULL),
                     0);
    const ENDPOINT(ClusterLoadAssignment) *assignment = (const ENDPOINT(ClusterLoadAssignment) *)message;
    size_t count = 0;
    for (size_t i = 0; i < assignment->n_endpoints; i++)
        count += assignment->endpoints[i]->n_lb_endpoints;
    if (count && port)
        *port = assignment->endpoints[0]->lb_endpoints[0]->endpoint->address->socket_address->port_value;
    mrpc_arena_free(arena);
    return count;
}

static int64_t join(const char *service, const char *id, uint32_t port)
{
    struct sample sample;
    int64_t incarnation = 0;
    sample_init(&sample, service, id, port, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, &incarnation), MRPC_OK);
    return incarnation;
}

static void leave(const char *service, const char *id, int64_t incarnation)
{
    assert_int_equal(fixture_deregister(fixture.channel, service, id, incarnation), MRPC_OK);
}

/* --- the protocol ------------------------------------------------------------------------------------------------- */

static void names_are_answered_be_it_with_absence(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24];
    join("web", "a", 1);
    subscribe(stream, XDS_LISTENER, "nobody");
    assert_int_equal(hear(stream, XDS_LISTENER, nonce)->n_resources, 0);
    char *both[] = {(char *)"nobody", (char *)"web"};
    send_request(stream, XDS_LISTENER, nonce, NULL, both, 2);
    assert_int_equal(hear(stream, XDS_LISTENER, nonce)->n_resources, 1);
    subscribe(stream, XDS_ROUTE, "default/web");
    assert_int_equal(hear(stream, XDS_ROUTE, nonce)->n_resources, 1);
    subscribe(stream, XDS_CLUSTER, "default/web");
    assert_int_equal(hear(stream, XDS_CLUSTER, nonce)->n_resources, 1);
    subscribe(stream, XDS_CLUSTER, "web"); /* a cluster is named in full */
    assert_int_equal(hear(stream, XDS_CLUSTER, nonce)->n_resources, 0);
    subscribe(stream, XDS_ASSIGNMENT, "default/nobody");
    assert_int_equal(endpoints_in(hear(stream, XDS_ASSIGNMENT, nonce), 0, NULL), 0);
    close_stream(stream);
}

static void a_response_lists_every_name_and_a_change_sends_all(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24], *names[] = {(char *)"default/one", (char *)"default/two"};
    uint32_t port = 0;
    join("one", "a", 1);
    join("two", "a", 2);
    send_request(stream, XDS_ASSIGNMENT, "", NULL, names, 2);
    assert_int_equal(hear(stream, XDS_ASSIGNMENT, nonce)->n_resources, 2);
    send_request(stream, XDS_ASSIGNMENT, nonce, NULL, names, 2);
    join("two", "b", 3);
    const DISCOVERY(DiscoveryResponse) *response = hear(stream, XDS_ASSIGNMENT, nonce);
    assert_int_equal(response->n_resources, 2);
    assert_int_equal(endpoints_in(response, 0, &port), 1);
    assert_int_equal(port, 1);
    assert_int_equal(endpoints_in(response, 1, NULL), 2);
    close_stream(stream);
}

static void what_was_refused_is_not_sent_again_until_it_changes(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char first[24], nonce[24], *names[] = {(char *)"default/web"};
    join("web", "a", 1);
    send_request(stream, XDS_ASSIGNMENT, "", NULL, names, 1);
    hear(stream, XDS_ASSIGNMENT, first);
    send_request(stream, XDS_ASSIGNMENT, first, "I do not like it\nforged line", names, 1);
    subscribe(stream, XDS_CLUSTER, "default/web");
    hear(stream, XDS_CLUSTER, nonce); /* and not the assignment */
    assert_int_equal(counted(XDS_ASSIGNMENT, XDS_NACK), 1);
    join("other", "a", 2); /* nor when something else changes */
    subscribe(stream, XDS_ROUTE, "default/web");
    hear(stream, XDS_ROUTE, nonce);
    join("web", "b", 3);
    assert_int_equal(endpoints_in(hear(stream, XDS_ASSIGNMENT, nonce), 0, NULL), 2);
    send_request(stream, XDS_ASSIGNMENT, first, NULL, NULL, 0); /* stale: it does not unsubscribe */
    send_request(stream, XDS_ASSIGNMENT, nonce, NULL, names, 1);
    join("web", "c", 4);
    assert_int_equal(endpoints_in(hear(stream, XDS_ASSIGNMENT, nonce), 0, NULL), 3);
    assert_int_equal(counted(XDS_ASSIGNMENT, XDS_STALE), 1);
    assert_int_equal(counted(XDS_ASSIGNMENT, XDS_ACK), 1);
    close_stream(stream);
}

static void what_changes_nothing_is_not_told(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24];
    struct sample sample;
    join("web", "a", 1);
    subscribe(stream, XDS_ASSIGNMENT, "default/web");
    hear(stream, XDS_ASSIGNMENT, nonce);
    sample_init(&sample, "web", "a", 1, 60000);
    sample.instance.version = (char *)"2.0"; /* a new revision of the service, the same endpoints */
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    subscribe(stream, XDS_LISTENER, "web");
    hear(stream, XDS_LISTENER, nonce);
    close_stream(stream);
}

static void a_service_that_goes_loses_its_listener_before_its_cluster_and_comes_back(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24];
    int64_t incarnation = join("web", "a", 1);
    subscribe(stream, XDS_LISTENER, "web");
    hear(stream, XDS_LISTENER, nonce);
    subscribe(stream, XDS_CLUSTER, "default/web");
    const DISCOVERY(DiscoveryResponse) *response = hear(stream, XDS_CLUSTER, nonce);
    uint8_t before[512];
    size_t bytes = response->resources[0]->value.len;
    assert_true(bytes <= sizeof before);
    memcpy(before, response->resources[0]->value.data, bytes);
    leave("web", "a", incarnation);
    assert_int_equal(hear(stream, XDS_LISTENER, nonce)->n_resources, 0);
    assert_int_equal(hear(stream, XDS_CLUSTER, nonce)->n_resources, 0);
    join("web", "a", 1);
    response = hear(stream, XDS_CLUSTER, nonce);
    assert_int_equal(response->n_resources, 1); /* a new life is told from the last (grpc-js-xds) */
    assert_false(response->resources[0]->value.len == bytes &&
                 memcmp(before, response->resources[0]->value.data, bytes) == 0);
    assert_int_equal(hear(stream, XDS_LISTENER, nonce)->n_resources, 1);
    close_stream(stream);
}

static void an_empty_nonce_begins_a_type_anew(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24];
    join("web", "a", 1);
    subscribe(stream, XDS_ASSIGNMENT, "default/web");
    hear(stream, XDS_ASSIGNMENT, nonce);
    subscribe(stream, XDS_ASSIGNMENT, "default/web"); /* a client that has forgotten the type asks again */
    assert_int_equal(endpoints_in(hear(stream, XDS_ASSIGNMENT, nonce), 0, NULL), 1);
    close_stream(stream);
}

static void unknown_types_are_passed_over(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    DISCOVERY(DiscoveryRequest) request;
    char nonce[24];
    envoy__service__discovery__v3__discovery_request__init(&request);
    request.type_url = (char *)"type.googleapis.com/envoy.config.listener.v9.Listener";
    assert_int_equal(ADS(send)(stream, &request), 0);
    subscribe(stream, XDS_LISTENER, "nobody");
    hear(stream, XDS_LISTENER, nonce);
    assert_int_equal(atomic_load(&stats()->unknown_type_requests), 1);
    close_stream(stream);
}

static void expect_end(struct mrpc_client_call *stream, int code)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    while (ADS(recv)(stream))
        ;
    assert_int_equal(mrpc_client_call_finish(stream, &reply), code);
    mrpc_client_call_free(stream);
    mrpc_reply_fini(&reply);
}

static void more_than_a_thousand_names_end_the_stream(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char *names[XDS_NAMES_MAX + 1];
    for (size_t i = 0; i <= XDS_NAMES_MAX; i++)
        names[i] = (char *)"x";
    send_request(stream, XDS_LISTENER, "", NULL, names, XDS_NAMES_MAX + 1);
    expect_end(stream, MRPC_RESOURCE_EXHAUSTED);
}

static void half_closing_ends_it_well(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24];
    subscribe(stream, XDS_LISTENER, "nobody");
    hear(stream, XDS_LISTENER, nonce);
    assert_int_equal(mrpc_client_call_half_close(stream), 0);
    expect_end(stream, MRPC_OK);
}

static void draining_ends_streams_with_unavailable(void **state)
{
    struct mrpc_client_call *stream = open_stream();
    char nonce[24];
    subscribe(stream, XDS_LISTENER, "nobody");
    hear(stream, XDS_LISTENER, nonce);
    registry_drain(fixture.registry);
    expect_end(stream, MRPC_UNAVAILABLE);
    expect_end(open_stream(), MRPC_UNAVAILABLE);
}

/* --- many and slow ones ------------------------------------------------------------------------------------------- */

static void an_assignment_is_packed_once_for_all_streams(void **state)
{
    enum { STREAMS = 50 };
    struct mrpc_client_call *streams[STREAMS];
    char nonce[24];
    struct registry_xds *xds = registry_xds(fixture.registry);
    join("web", "a", 1);
    for (size_t i = 0; i < STREAMS; i++) {
        streams[i] = open_stream();
        subscribe(streams[i], XDS_ASSIGNMENT, "default/web");
        hear(streams[i], XDS_ASSIGNMENT, nonce);
    }
    assert_int_equal(registry_xds_packed_count(xds), 1);
    join("web", "b", 2);
    for (size_t i = 0; i < STREAMS; i++)
        assert_int_equal(endpoints_in(hear(streams[i], XDS_ASSIGNMENT, nonce), 0, NULL), 2);
    assert_int_equal(registry_xds_packed_count(xds), 2);
    for (size_t i = 0; i < STREAMS; i++)
        close_stream(streams[i]);
}

/* It reads nothing while 300 changes of 40 kB each go by: it is sent a few of them, and at last the newest. */
static void a_slow_client_is_sent_the_newest_and_not_every_change(void **state)
{
    enum { MEMBERS = 1000, CHANGES = 300 };
    struct mrpc_client_call *stream = open_stream();
    char nonce[24], id[16];
    size_t told = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        snprintf(id, sizeof id, "m%zu", i);
        join("web", id, (uint32_t)(1 + i));
    }
    subscribe(stream, XDS_ASSIGNMENT, "default/web");
    assert_int_equal(endpoints_in(hear(stream, XDS_ASSIGNMENT, nonce), 0, NULL), MEMBERS);
    for (size_t i = 0; i < CHANGES; i++) {
        snprintf(id, sizeof id, "n%zu", i);
        join("web", id, (uint32_t)(2000 + i));
    }
    size_t responses = 0;
    while (told != MEMBERS + CHANGES) {
        size_t now = endpoints_in(hear(stream, XDS_ASSIGNMENT, nonce), 0, NULL);
        assert_true(now > told); /* never back */
        told = now;
        responses++;
    }
    assert_true(responses < CHANGES / 2);
    close_stream(stream);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(names_are_answered_be_it_with_absence),
        CASE(a_response_lists_every_name_and_a_change_sends_all),
        CASE(what_was_refused_is_not_sent_again_until_it_changes),
        CASE(what_changes_nothing_is_not_told),
        CASE(a_service_that_goes_loses_its_listener_before_its_cluster_and_comes_back),
        CASE(an_empty_nonce_begins_a_type_anew),
        CASE(unknown_types_are_passed_over),
        CASE(more_than_a_thousand_names_end_the_stream),
        CASE(half_closing_ends_it_well),
        CASE(draining_ends_streams_with_unavailable),
        CASE(an_assignment_is_packed_once_for_all_streams),
        CASE(a_slow_client_is_sent_the_newest_and_not_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

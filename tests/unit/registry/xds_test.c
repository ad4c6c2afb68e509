/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/xds/assignment.h"
#include "registry/xds/message.h"
#include "registry/xds/name.h"
#include "registry/xds/resource.h"
#include "registry/xds/subscription.h"
#include "sample.h"

/* --- names -------------------------------------------------------------------------------------------------------- */

static void targets_name_a_service_with_or_without_its_namespace(void **state)
{
    struct xds_name name;
    assert_true(xds_name_parse("orders", &name));
    assert_string_equal(name.cluster, "default/orders");
    assert_true(xds_name_parse("prod/orders", &name));
    assert_string_equal(name.namespace_name, "prod");
    assert_string_equal(name.service, "orders");
    assert_string_equal(name.cluster, "prod/orders");
}

static void what_can_be_no_service_is_none(void **state)
{
    static const char *const wrong[] = {"",      "/",   "/orders", "orders/", "a/b/c", "a b", "xdstp://x/y",
                                        "prod//orders", "\xc3\xa4"};
    struct xds_name name;
    char text[300];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(xds_name_parse(wrong[i], &name));
    for (size_t length = 127; length < 140; length++) {
        memset(text, 'a', length);
        text[length] = '\0';
        assert_int_equal(xds_name_parse(text, &name), length <= 128);
        strcpy(text + length, "/x");
        assert_int_equal(xds_name_parse(text, &name), length <= 128);
    }
}

/* --- subscriptions ------------------------------------------------------------------------------------------------ */

static void a_nonce_tells_taken_from_refused_from_stale(void **state)
{
    struct xds_subscription subscription = {.nonce = 0};
    assert_int_equal(xds_subscription_judge(&subscription, "", false), XDS_SUBSCRIBE);
    assert_int_equal(xds_subscription_judge(&subscription, "17", false), XDS_SUBSCRIBE); /* an earlier stream's */
    subscription.nonce = 7;
    assert_int_equal(xds_subscription_judge(&subscription, "7", false), XDS_ACK);
    assert_int_equal(xds_subscription_judge(&subscription, "7", true), XDS_NACK);
    assert_int_equal(xds_subscription_judge(&subscription, "6", false), XDS_STALE);
    assert_int_equal(xds_subscription_judge(&subscription, "6", true), XDS_STALE);
    assert_int_equal(xds_subscription_judge(&subscription, "07", false), XDS_STALE);
    assert_int_equal(xds_subscription_judge(&subscription, "", false), XDS_SUBSCRIBE);
}

static void names_are_a_set_that_remembers_what_was_sent(void **state)
{
    struct xds_subscription subscription = {.nonce = 1};
    char *first[] = {(char *)"b", (char *)"a", (char *)"b"}, *second[] = {(char *)"c", (char *)"b"};
    assert_int_equal(xds_subscription_set(&subscription, first, 3), MRPC_OK);
    assert_int_equal(subscription.count, 2);
    assert_string_equal(subscription.wanted[0].name, "a");
    assert_string_equal(subscription.wanted[1].name, "b");
    subscription.wanted[0].sent = 5;
    subscription.wanted[1].sent = 6;
    subscription.wanted[1].life = 2;
    assert_int_equal(xds_subscription_set(&subscription, second, 2), MRPC_OK);
    assert_int_equal(subscription.count, 2);
    assert_int_equal(subscription.wanted[0].sent, 6);
    assert_int_equal(subscription.wanted[0].life, 2);
    assert_int_equal(subscription.wanted[1].sent, XDS_NEVER_SENT);
    assert_int_equal(xds_subscription_set(&subscription, first, 3), MRPC_OK);
    assert_int_equal(subscription.wanted[0].sent, XDS_NEVER_SENT); /* "a" left in between */
    assert_int_equal(xds_subscription_set(&subscription, NULL, 0), MRPC_OK);
    assert_int_equal(subscription.count, 0);
    xds_subscription_fini(&subscription);
}

static void names_have_limits_and_failing_leaves_the_old_ones(void **state)
{
    struct xds_subscription subscription = {.nonce = 0};
    char *names[XDS_NAMES_MAX + 1], long_name[XDS_NAME_BYTES_MAX + 2];
    for (size_t i = 0; i <= XDS_NAMES_MAX; i++)
        names[i] = (char *)"x";
    assert_int_equal(xds_subscription_set(&subscription, names, XDS_NAMES_MAX), MRPC_OK);
    assert_int_equal(xds_subscription_set(&subscription, names, XDS_NAMES_MAX + 1), MRPC_RESOURCE_EXHAUSTED);
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    names[1] = long_name;
    assert_int_equal(xds_subscription_set(&subscription, names, 2), MRPC_INVALID_ARGUMENT);
    assert_int_equal(subscription.count, 1);
    assert_string_equal(subscription.wanted[0].name, "x");
    xds_subscription_fini(&subscription);
}

/* --- assignments -------------------------------------------------------------------------------------------------- */

enum { MEMBERS_MAX = 32 };

struct world {
    struct registry_cursors *cursors;
    struct registry_instance *members[MEMBERS_MAX];
    size_t count;
    struct registry_service_view *view;
    struct xds_packer packer;
    struct mrpc_arena *arena;
    const ENDPOINT(ClusterLoadAssignment) * told;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->cursors = registry_cursors_new();
    world->arena = mrpc_arena_new(0);
    xds_packer_init(&world->packer);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    registry_service_view_unref(world->view);
    for (size_t i = 0; i < world->count; i++)
        registry_instance_unref(world->members[i]);
    registry_cursors_unref(world->cursors);
    xds_packer_fini(&world->packer);
    mrpc_arena_free(world->arena);
    free(world);
    return 0;
}

struct member {
    const char *id, *address, *protocol, *zone;
    uint32_t port, weight;
    enum registry_health health;
    enum registry_operator_state operator_state;
    bool held;
};

/* Ids must come in order. */
static void join(struct world *world, struct member member)
{
    struct sample sample;
    struct registry_instance *draft;
    struct fault fault = FAULT_INIT;
    sample_init(&sample, "web", member.id, member.port ? member.port : 80);
    if (member.address)
        sample.endpoint.address = (char *)(uintptr_t)member.address;
    sample.endpoint.protocol = (char *)(uintptr_t)(member.protocol ? member.protocol : "grpc");
    sample.instance.zone = (char *)(uintptr_t)(member.zone ? member.zone : "");
    sample.instance.weight = member.weight;
    assert_int_equal(registry_definition_take(&sample.instance, "", &draft, &fault), MRPC_OK);
    struct registry_state status = {
        .health = member.health ? member.health : HEALTH_HEALTHY,
        .operator_state = member.operator_state ? member.operator_state : OPERATOR_ACTIVE,
        .cause = {REASON_REGISTERED, "test", "", 1},
        .incarnation = (int64_t)world->count + 1,
    };
    struct registry_instance *instance = sample_instance(draft, &status);
    instance->message->status->held = member.held; /* nobody else has it yet */
    world->members[world->count++] = instance;
}

static void pack(struct world *world)
{
    ProtobufCMessage *message = NULL;
    world->view = sample_view("web", world->cursors, world->members, world->count);
    const struct xds_assignment *assignment = xds_assignment_of(&world->packer, world->view);
    assert_non_null(assignment);
    assert_ptr_equal(xds_assignment_of(&world->packer, world->view), assignment);
    assert_int_equal(atomic_load(&world->packer.packed_count), 1);
    assert_int_equal(mrpc_decode(&envoy__config__endpoint__v3__cluster_load_assignment__info, assignment->bytes,
                                 assignment->size, NULL, world->arena, &message, NULL),
                     0);
    world->told = (const ENDPOINT(ClusterLoadAssignment) *)message;
    assert_string_equal(world->told->cluster_name, "default/web");
}

static const CORE(SocketAddress) * socket_of(const ENDPOINT(LbEndpoint) * endpoint)
{
    return endpoint->endpoint->address->socket_address;
}

static void a_locality_is_a_zone_and_weighs_what_is_in_it(void **state)
{
    struct world *world = *state;
    join(world, (struct member){.id = "a", .port = 1, .zone = "east", .weight = 100});
    join(world, (struct member){.id = "b", .port = 2, .zone = "west", .weight = 300});
    join(world, (struct member){.id = "c", .port = 3, .zone = "east", .weight = 100});
    pack(world);
    assert_int_equal(world->told->n_endpoints, 2);
    const ENDPOINT(LocalityLbEndpoints) *east = world->told->endpoints[0], *west = world->told->endpoints[1];
    assert_string_equal(east->locality->zone, "east");
    assert_string_equal(east->locality->sub_zone, "");
    assert_int_equal(east->load_balancing_weight->value, 200);
    assert_int_equal(east->n_lb_endpoints, 2);
    assert_string_equal(socket_of(east->lb_endpoints[0])->address, "192.0.2.1");
    assert_int_equal(socket_of(east->lb_endpoints[0])->port_value, 1);
    assert_int_equal(east->lb_endpoints[0]->load_balancing_weight->value, 100);
    assert_string_equal(west->locality->zone, "west");
    assert_int_equal(west->load_balancing_weight->value, 300);
}

static void a_zone_of_unequal_weights_is_told_as_one_locality_a_weight(void **state)
{
    struct world *world = *state;
    join(world, (struct member){.id = "a", .port = 1, .weight = 300});
    join(world, (struct member){.id = "b", .port = 2});
    join(world, (struct member){.id = "c", .port = 3, .weight = 100});
    pack(world);
    assert_int_equal(world->told->n_endpoints, 2);
    assert_string_equal(world->told->endpoints[0]->locality->sub_zone, "weight-100");
    assert_int_equal(world->told->endpoints[0]->load_balancing_weight->value, 200);
    assert_string_equal(world->told->endpoints[1]->locality->sub_zone, "weight-300");
    assert_int_equal(world->told->endpoints[1]->load_balancing_weight->value, 300);
}

static void a_zone_of_very_many_weights_stays_whole(void **state)
{
    struct world *world = *state;
    char ids[17][8];
    for (uint32_t i = 0; i < 17; i++) {
        snprintf(ids[i], sizeof ids[i], "m%02u", i);
        join(world, (struct member){.id = ids[i], .port = 1 + i, .weight = 1 + i});
    }
    pack(world);
    assert_int_equal(world->told->n_endpoints, 1);
    assert_int_equal(world->told->endpoints[0]->load_balancing_weight->value, 17 * 18 / 2);
}

static void health_is_what_discover_would_hand_out(void **state)
{
    static const CORE(HealthStatus) wanted[] = {
        ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__HEALTHY,   ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__UNHEALTHY,
        ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__UNHEALTHY, ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__DRAINING,
        ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__UNHEALTHY, ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__UNHEALTHY};
    struct world *world = *state;
    join(world, (struct member){.id = "a", .port = 1});
    join(world, (struct member){.id = "b", .port = 2, .health = HEALTH_UNHEALTHY});
    join(world, (struct member){.id = "c", .port = 3, .health = HEALTH_UNKNOWN});
    join(world, (struct member){.id = "d", .port = 4, .operator_state = OPERATOR_DRAINING});
    join(world, (struct member){.id = "e", .port = 5, .operator_state = OPERATOR_MAINTENANCE});
    join(world, (struct member){.id = "f", .port = 6, .health = HEALTH_UNHEALTHY, .held = true});
    pack(world);
    assert_int_equal(world->told->n_endpoints, 1);
    assert_int_equal(world->told->endpoints[0]->n_lb_endpoints, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(world->told->endpoints[0]->lb_endpoints[i]->health_status, wanted[i]);
    assert_int_equal(world->told->endpoints[0]->load_balancing_weight->value, 100); /* of who may be picked */
}

static void held_instances_are_of_use_when_nothing_better_is_there(void **state)
{
    struct world *world = *state;
    join(world, (struct member){.id = "a", .port = 1, .health = HEALTH_UNHEALTHY, .held = true});
    join(world, (struct member){.id = "b", .port = 2, .health = HEALTH_UNHEALTHY});
    pack(world);
    const ENDPOINT(LocalityLbEndpoints) *only = world->told->endpoints[0];
    assert_int_equal(only->lb_endpoints[0]->health_status, ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__HEALTHY);
    assert_int_equal(only->lb_endpoints[1]->health_status, ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__UNHEALTHY);
}

static void an_address_is_told_once_by_who_is_of_use_then_by_the_youngest(void **state)
{
    struct world *world = *state;
    join(world, (struct member){.id = "a", .address = "::1", .port = 1, .weight = 1});
    join(world, (struct member){.id = "b", .address = "0:0:0:0:0:0:0:1", .port = 1, .weight = 2});
    join(world, (struct member){.id = "c", .address = "::1", .port = 1, .weight = 3, .health = HEALTH_UNHEALTHY});
    join(world, (struct member){.id = "d", .address = "::1", .port = 2, .weight = 4});
    pack(world);
    assert_int_equal(world->told->n_endpoints, 2);
    const ENDPOINT(LbEndpoint) *first = world->told->endpoints[0]->lb_endpoints[0];
    assert_string_equal(socket_of(first)->address, "::1");
    assert_int_equal(socket_of(first)->port_value, 1);
    assert_int_equal(first->load_balancing_weight->value, 2);
    assert_int_equal(world->told->endpoints[1]->lb_endpoints[0]->load_balancing_weight->value, 4);
}

static void host_names_and_other_protocols_are_left_out(void **state)
{
    struct world *world = *state;
    join(world, (struct member){.id = "a", .address = "localhost"});
    join(world, (struct member){.id = "b", .protocol = "http"});
    pack(world);
    assert_int_equal(world->told->n_endpoints, 0);
    const struct xds_assignment *assignment = xds_assignment_of(&world->packer, world->view);
    assert_int_equal(assignment->endpoint_count, 0);
    assert_int_equal(assignment->left_out_count, 2);
}

/* --- resources ---------------------------------------------------------------------------------------------------- */

static void every_type_is_found_by_its_url(void **state)
{
    for (enum xds_type type = 0; type < XDS_TYPES; type++)
        assert_int_equal(xds_type_find(xds_type_url(type)), type);
    assert_int_equal(xds_type_find("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"), XDS_TYPES);
    assert_int_equal(xds_type_find(""), XDS_TYPES);
}

static void a_listener_ends_in_the_router_and_routes_to_its_cluster(void **state)
{
    struct world *world = *state;
    Google__Protobuf__Any any;
    ProtobufCMessage *message = NULL;
    assert_true(xds_resource_pack(XDS_LISTENER, "web", "default/web", 0, world->arena, &any));
    assert_string_equal(any.type_url, xds_type_url(XDS_LISTENER));
    assert_int_equal(mrpc_decode(&envoy__config__listener__v3__listener__info, any.value.data, any.value.len, NULL,
                                 world->arena, &message, NULL),
                     0);
    const LISTENER(Listener) *listener = (const LISTENER(Listener) *)message;
    assert_string_equal(listener->name, "web");
    const Google__Protobuf__Any *inner = listener->api_listener->api_listener;
    assert_int_equal(
        mrpc_decode(&envoy__extensions__filters__network__http_connection_manager__v3__http_connection_manager__info,
                    inner->value.data, inner->value.len, NULL, world->arena, &message, NULL),
        0);
    const MANAGER(HttpConnectionManager) *manager = (const MANAGER(HttpConnectionManager) *)message;
    assert_int_equal(manager->n_http_filters, 1);
    assert_string_equal(manager->http_filters[0]->typed_config->type_url,
                        "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router");
    const ROUTE(VirtualHost) *host = manager->route_config->virtual_hosts[0];
    assert_string_equal(host->domains[0], "*");
    assert_string_equal(host->routes[0]->match->prefix, "");
    assert_string_equal(host->routes[0]->route->cluster, "default/web");
}

int main(void)
{
#define WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_name_a_service_with_or_without_its_namespace),
        cmocka_unit_test(what_can_be_no_service_is_none),
        cmocka_unit_test(a_nonce_tells_taken_from_refused_from_stale),
        cmocka_unit_test(names_are_a_set_that_remembers_what_was_sent),
        cmocka_unit_test(names_have_limits_and_failing_leaves_the_old_ones),
        WORLD(a_locality_is_a_zone_and_weighs_what_is_in_it),
        WORLD(a_zone_of_unequal_weights_is_told_as_one_locality_a_weight),
        WORLD(a_zone_of_very_many_weights_stays_whole),
        WORLD(health_is_what_discover_would_hand_out),
        WORLD(held_instances_are_of_use_when_nothing_better_is_there),
        WORLD(an_address_is_told_once_by_who_is_of_use_then_by_the_youngest),
        WORLD(host_names_and_other_protocols_are_left_out),
        cmocka_unit_test(every_type_is_found_by_its_url),
        WORLD(a_listener_ends_in_the_router_and_routes_to_its_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/resource.h"

#include <string.h>

#include <mrpc/codec.h>

#define TYPE_URL(name) "type.googleapis.com/" name

static const struct {
    const char *url;
    const char *name;
} types[XDS_TYPES] = {
    [XDS_CLUSTER] = {TYPE_URL("envoy.config.cluster.v3.Cluster"), "cds"},
    [XDS_ASSIGNMENT] = {TYPE_URL("envoy.config.endpoint.v3.ClusterLoadAssignment"), "eds"},
    [XDS_LISTENER] = {TYPE_URL("envoy.config.listener.v3.Listener"), "lds"},
    [XDS_ROUTE] = {TYPE_URL("envoy.config.route.v3.RouteConfiguration"), "rds"},
};

const char *xds_type_url(enum xds_type type)
{
    return types[type].url;
}

const char *xds_type_name(enum xds_type type)
{
    return types[type].name;
}

enum xds_type xds_type_find(const char *url)
{
    enum xds_type type = 0;
    while (type < XDS_TYPES && strcmp(types[type].url, url) != 0)
        type++;
    return type;
}

static bool pack(const struct mrpc_message_info *info, const ProtobufCMessage *message, const char *url,
                 struct mrpc_arena *arena, Google__Protobuf__Any *any)
{
    size_t size;
    if (mrpc_encoded_size(info, message, &size, NULL))
        return false;
    uint8_t *bytes = mrpc_arena_alloc(arena, size);
    if (!bytes)
        return false;
    mrpc_encode(info, message, bytes);
    google__protobuf__any__init(any);
    any->type_url = (char *)(uintptr_t)url;
    any->value = (ProtobufCBinaryData){.data = bytes, .len = size};
    return true;
}

/* Every call of every host goes to the one cluster. What is nested lives as long as the caller's block. */
struct route {
    ROUTE(RouteMatch) match;
    ROUTE(RouteAction) action;
    ROUTE(Route) route, *routes[1];
    ROUTE(VirtualHost) host, *hosts[1];
    char *domains[1];
    ROUTE(RouteConfiguration) configuration;
};

static void make_route(struct route *route, const char *name, const char *cluster)
{
    envoy__config__route__v3__route_match__init(&route->match);
    route->match.path_specifier_case = ENVOY__CONFIG__ROUTE__V3__ROUTE_MATCH__PATH_SPECIFIER_PREFIX;
    route->match.prefix = (char *)"";
    envoy__config__route__v3__route_action__init(&route->action);
    route->action.cluster_specifier_case = ENVOY__CONFIG__ROUTE__V3__ROUTE_ACTION__CLUSTER_SPECIFIER_CLUSTER;
    route->action.cluster = (char *)(uintptr_t)cluster;
    envoy__config__route__v3__route__init(&route->route);
    route->route.match = &route->match;
    route->route.action_case = ENVOY__CONFIG__ROUTE__V3__ROUTE__ACTION_ROUTE;
    route->route.route = &route->action;
    route->routes[0] = &route->route;
    envoy__config__route__v3__virtual_host__init(&route->host);
    route->domains[0] = (char *)"*";
    route->host.name = (char *)(uintptr_t)cluster;
    route->host.n_domains = route->host.n_routes = 1;
    route->host.domains = route->domains;
    route->host.routes = route->routes;
    route->hosts[0] = &route->host;
    envoy__config__route__v3__route_configuration__init(&route->configuration);
    route->configuration.name = (char *)(uintptr_t)name;
    route->configuration.n_virtual_hosts = 1;
    route->configuration.virtual_hosts = route->hosts;
}

static bool pack_route(const char *name, const char *cluster, struct mrpc_arena *arena, Google__Protobuf__Any *any)
{
    struct route route;
    make_route(&route, name, cluster);
    return pack(&envoy__config__route__v3__route_configuration__info, &route.configuration.base,
                types[XDS_ROUTE].url, arena, any);
}

static bool pack_router_filter(struct mrpc_arena *arena, Google__Protobuf__Any *any)
{
    Envoy__Extensions__Filters__Http__Router__V3__Router router;
    envoy__extensions__filters__http__router__v3__router__init(&router);
    return pack(&envoy__extensions__filters__http__router__v3__router__info, &router.base,
                TYPE_URL("envoy.extensions.filters.http.router.v3.Router"), arena, any);
}

/* gRFC A27 has the route inline or by RDS: inline saves a round trip. A39 wants the router filter at the end. */
static bool pack_listener(const char *name, const char *cluster, uint32_t life, struct mrpc_arena *arena,
                          Google__Protobuf__Any *any)
{
    Google__Protobuf__Any filter_any, manager_any;
    char *prefix = mrpc_arena_printf(arena, "%s/%u", cluster, life);
    if (!prefix || !pack_router_filter(arena, &filter_any))
        return false;
    MANAGER(HttpFilter) filter, *filters[] = {&filter};
    envoy__extensions__filters__network__http_connection_manager__v3__http_filter__init(&filter);
    filter.name = (char *)"envoy.filters.http.router";
    filter.config_type_case =
        ENVOY__EXTENSIONS__FILTERS__NETWORK__HTTP_CONNECTION_MANAGER__V3__HTTP_FILTER__CONFIG_TYPE_TYPED_CONFIG;
    filter.typed_config = &filter_any;
    struct route route;
    make_route(&route, cluster, cluster);
    MANAGER(HttpConnectionManager) manager;
    envoy__extensions__filters__network__http_connection_manager__v3__http_connection_manager__init(&manager);
    manager.stat_prefix = prefix;
    manager.route_specifier_case =
        ENVOY__EXTENSIONS__FILTERS__NETWORK__HTTP_CONNECTION_MANAGER__V3__HTTP_CONNECTION_MANAGER__ROUTE_SPECIFIER_ROUTE_CONFIG;
    manager.route_config = &route.configuration;
    manager.n_http_filters = 1;
    manager.http_filters = filters;
    if (!pack(&envoy__extensions__filters__network__http_connection_manager__v3__http_connection_manager__info,
              &manager.base,
              TYPE_URL("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"), arena,
              &manager_any))
        return false;
    LISTENER(ApiListener) api_listener;
    envoy__config__listener__v3__api_listener__init(&api_listener);
    api_listener.api_listener = &manager_any;
    LISTENER(Listener) listener;
    envoy__config__listener__v3__listener__init(&listener);
    listener.name = (char *)(uintptr_t)name;
    listener.api_listener = &api_listener;
    return pack(&envoy__config__listener__v3__listener__info, &listener.base, types[XDS_LISTENER].url, arena, any);
}

static bool pack_cluster(const char *name, uint32_t life, struct mrpc_arena *arena, Google__Protobuf__Any *any)
{
    CORE(AggregatedConfigSource) ads;
    envoy__config__core__v3__aggregated_config_source__init(&ads);
    CORE(ConfigSource) source;
    envoy__config__core__v3__config_source__init(&source);
    source.config_source_specifier_case = ENVOY__CONFIG__CORE__V3__CONFIG_SOURCE__CONFIG_SOURCE_SPECIFIER_ADS;
    source.ads = &ads;
    source.resource_api_version = ENVOY__CONFIG__CORE__V3__API_VERSION__V3;
    CLUSTER(Cluster__EdsClusterConfig) eds;
    envoy__config__cluster__v3__cluster__eds_cluster_config__init(&eds);
    eds.eds_config = &source;
    /* Who discovers through us should not be held to gRPC's 1,024 calls at once. */
    Google__Protobuf__UInt32Value most;
    google__protobuf__uint32_value__init(&most);
    most.value = UINT32_MAX - life % 1000;
    CLUSTER(CircuitBreakers__Thresholds) threshold, *thresholds[] = {&threshold};
    envoy__config__cluster__v3__circuit_breakers__thresholds__init(&threshold);
    threshold.max_requests = &most;
    CLUSTER(CircuitBreakers) breakers;
    envoy__config__cluster__v3__circuit_breakers__init(&breakers);
    breakers.n_thresholds = 1;
    breakers.thresholds = thresholds;
    CLUSTER(Cluster) cluster;
    envoy__config__cluster__v3__cluster__init(&cluster);
    cluster.name = (char *)(uintptr_t)name;
    cluster.cluster_discovery_type_case = ENVOY__CONFIG__CLUSTER__V3__CLUSTER__CLUSTER_DISCOVERY_TYPE_TYPE;
    cluster.type = ENVOY__CONFIG__CLUSTER__V3__CLUSTER__DISCOVERY_TYPE__EDS;
    cluster.eds_cluster_config = &eds;
    cluster.circuit_breakers = &breakers;
    return pack(&envoy__config__cluster__v3__cluster__info, &cluster.base, types[XDS_CLUSTER].url, arena, any);
}

static bool pack_empty_assignment(const char *name, struct mrpc_arena *arena, Google__Protobuf__Any *any)
{
    ENDPOINT(ClusterLoadAssignment) assignment;
    envoy__config__endpoint__v3__cluster_load_assignment__init(&assignment);
    assignment.cluster_name = (char *)(uintptr_t)name;
    return pack(&envoy__config__endpoint__v3__cluster_load_assignment__info, &assignment.base,
                types[XDS_ASSIGNMENT].url, arena, any);
}

bool xds_resource_pack(enum xds_type type, const char *name, const char *cluster, uint32_t life,
                       struct mrpc_arena *arena, Google__Protobuf__Any *any)
{
    switch (type) {
    case XDS_CLUSTER:
        return pack_cluster(name, life, arena, any);
    case XDS_LISTENER:
        return pack_listener(name, cluster, life, arena, any);
    case XDS_ROUTE:
        return pack_route(name, cluster, arena, any);
    default:
        return pack_empty_assignment(name, arena, any);
    }
}

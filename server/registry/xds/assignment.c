/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/assignment.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/arena.h>
#include <mrpc/codec.h>

#include "registry/xds/message.h"

enum { WEIGHTS_A_ZONE = 16, WEIGHT_DEFAULT = 100 };

/* An instance that is told. */
struct told {
    const PB(Instance) * instance;
    char address[INET6_ADDRSTRLEN]; /* in its one normal form */
    uint32_t port;
    uint32_t weight;
    CORE(HealthStatus) health;
};

struct builder {
    struct mrpc_arena *arena;
    struct told *told; /* by address, then by zone and weight */
    size_t count;
    uint64_t weight_divisor;
    ENDPOINT(LocalityLbEndpoints) * *localities;
    size_t locality_count;
};

/* --- who is told -------------------------------------------------------------------------------------------------- */

static bool read_numeric(const char *text, char address[INET6_ADDRSTRLEN])
{
    struct in6_addr binary;
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    return inet_pton(family, text, &binary) == 1 && inet_ntop(family, &binary, address, INET6_ADDRSTRLEN);
}

static bool find_endpoint(const PB(Instance) * instance, struct told *told)
{
    for (size_t i = 0; i < instance->n_endpoints; i++) {
        const PB(Endpoint) *endpoint = instance->endpoints[i];
        bool speaks_grpc = !endpoint->protocol[0] || strcmp(endpoint->protocol, "grpc") == 0;
        if (!speaks_grpc || !read_numeric(endpoint->address, told->address))
            continue;
        told->port = endpoint->port;
        return true;
    }
    return false;
}

/* What Discover does not hand out is UNHEALTHY here: to a gRPC client UNKNOWN would mean "use it". */
static CORE(HealthStatus) health_of(const struct registry_instance *instance, bool nothing_better)
{
    if (registry_instance_operator_state(instance) == OPERATOR_DRAINING)
        return ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__DRAINING;
    bool held = registry_instance_is_held(instance);
    bool usable = registry_instance_health(instance) == HEALTH_HEALTHY || (held && nothing_better);
    return usable && registry_instance_in_service(instance) ? ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__HEALTHY
                                                            : ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__UNHEALTHY;
}

static bool is_usable(const struct told *told)
{
    return told->health == ENVOY__CONFIG__CORE__V3__HEALTH_STATUS__HEALTHY;
}

static int compare_addresses(const struct told *a, const struct told *b)
{
    int order = strcmp(a->address, b->address);
    return order ? order : (a->port > b->port) - (a->port < b->port);
}

static int by_address(const void *a, const void *b)
{
    const struct told *x = a, *y = b;
    int order = compare_addresses(x, y);
    if (order == 0)
        order = is_usable(y) - is_usable(x);
    return order ? order
                 : (x->instance->incarnation < y->instance->incarnation) -
                       (x->instance->incarnation > y->instance->incarnation);
}

static int by_locality(const void *a, const void *b)
{
    const struct told *x = a, *y = b;
    int order = strcmp(x->instance->zone, y->instance->zone);
    if (order == 0)
        order = (x->weight > y->weight) - (x->weight < y->weight);
    return order ? order : strcmp(x->instance->key->id, y->instance->key->id);
}

/* gRPC refuses a whole assignment that names an address twice. */
static void drop_doubles(struct builder *builder)
{
    size_t kept = 0;
    qsort(builder->told, builder->count, sizeof *builder->told, by_address);
    for (size_t i = 0; i < builder->count; i++)
        if (kept == 0 || compare_addresses(&builder->told[kept - 1], &builder->told[i]) != 0)
            builder->told[kept++] = builder->told[i];
    builder->count = kept;
}

static bool choose(struct builder *builder, const struct registry_service_view *service)
{
    builder->told = mrpc_arena_calloc(builder->arena, service->count + 1, sizeof *builder->told);
    if (!builder->told)
        return false;
    uint64_t total = 0;
    for (size_t i = 0; i < service->count; i++) {
        const PB(Instance) *instance = service->instances[i]->message;
        struct told *told = &builder->told[builder->count];
        if (!find_endpoint(instance, told))
            continue;
        told->instance = instance;
        told->weight = instance->weight ? instance->weight : WEIGHT_DEFAULT;
        told->health = health_of(service->instances[i], service->serving_count == 0);
        total += told->weight;
        builder->count++;
    }
    builder->weight_divisor = total / UINT32_MAX + 1; /* gRFC A42: the sums must fit 32 bits */
    if (builder->count == 0)
        return true;
    drop_doubles(builder);
    qsort(builder->told, builder->count, sizeof *builder->told, by_locality);
    return true;
}

/* --- what is told of them ----------------------------------------------------------------------------------------- */

static Google__Protobuf__UInt32Value *weight_value(const struct builder *builder, uint64_t weight)
{
    Google__Protobuf__UInt32Value *value = mrpc_arena_alloc(builder->arena, sizeof *value);
    if (!value)
        return NULL;
    google__protobuf__uint32_value__init(value);
    value->value = (uint32_t)(weight / builder->weight_divisor);
    if (value->value == 0)
        value->value = 1;
    return value;
}

/* One allocation an endpoint. */
struct endpoint_parts {
    CORE(SocketAddress) socket;
    CORE(Address) address;
    ENDPOINT(Endpoint) endpoint;
    ENDPOINT(LbEndpoint) lb;
};

static ENDPOINT(LbEndpoint) * make_endpoint(const struct builder *builder, const struct told *told)
{
    struct endpoint_parts *parts = mrpc_arena_alloc(builder->arena, sizeof *parts);
    if (!parts)
        return NULL;
    envoy__config__core__v3__socket_address__init(&parts->socket);
    parts->socket.address = (char *)(uintptr_t)told->address;
    parts->socket.port_specifier_case = ENVOY__CONFIG__CORE__V3__SOCKET_ADDRESS__PORT_SPECIFIER_PORT_VALUE;
    parts->socket.port_value = told->port;
    envoy__config__core__v3__address__init(&parts->address);
    parts->address.address_case = ENVOY__CONFIG__CORE__V3__ADDRESS__ADDRESS_SOCKET_ADDRESS;
    parts->address.socket_address = &parts->socket;
    envoy__config__endpoint__v3__endpoint__init(&parts->endpoint);
    parts->endpoint.address = &parts->address;
    envoy__config__endpoint__v3__lb_endpoint__init(&parts->lb);
    parts->lb.host_identifier_case = ENVOY__CONFIG__ENDPOINT__V3__LB_ENDPOINT__HOST_IDENTIFIER_ENDPOINT;
    parts->lb.endpoint = &parts->endpoint;
    parts->lb.health_status = told->health;
    parts->lb.load_balancing_weight = weight_value(builder, told->weight);
    return parts->lb.load_balancing_weight ? &parts->lb : NULL;
}

static CORE(Locality) * make_locality(const struct builder *builder, const struct told *first, bool split)
{
    CORE(Locality) *locality = mrpc_arena_alloc(builder->arena, sizeof *locality);
    if (!locality)
        return NULL;
    envoy__config__core__v3__locality__init(locality);
    locality->zone = first->instance->zone;
    if (split)
        locality->sub_zone = mrpc_arena_printf(builder->arena, "weight-%u", first->weight);
    return locality->sub_zone ? locality : NULL;
}

/* The weight of a locality is that of who may be picked in it: when one falls out, its share goes to all others. */
static bool add_locality(struct builder *builder, const struct told *told, size_t count, bool split)
{
    ENDPOINT(LocalityLbEndpoints) *made = mrpc_arena_alloc(builder->arena, sizeof *made);
    ENDPOINT(LbEndpoint) **endpoints = mrpc_arena_calloc(builder->arena, count, sizeof *endpoints);
    if (!made || !endpoints)
        return false;
    envoy__config__endpoint__v3__locality_lb_endpoints__init(made);
    uint64_t usable = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
        endpoints[i] = make_endpoint(builder, &told[i]);
        if (!endpoints[i])
            return false;
        all += told[i].weight;
        usable += is_usable(&told[i]) ? told[i].weight : 0;
    }
    made->locality = make_locality(builder, told, split);
    made->load_balancing_weight = weight_value(builder, usable ? usable : all);
    made->n_lb_endpoints = count;
    made->lb_endpoints = endpoints;
    builder->localities[builder->locality_count++] = made;
    return made->locality && made->load_balancing_weight;
}

static size_t same_zone(const struct builder *builder, size_t begin, size_t *weights)
{
    size_t end = begin + 1;
    *weights = 1;
    for (; end < builder->count; end++) {
        if (strcmp(builder->told[begin].instance->zone, builder->told[end].instance->zone) != 0)
            break;
        *weights += builder->told[end].weight != builder->told[end - 1].weight;
    }
    return end;
}

static bool add_zone(struct builder *builder, size_t begin, size_t end, bool split)
{
    while (begin < end) {
        size_t next = split ? begin + 1 : end;
        while (next < end && builder->told[next].weight == builder->told[begin].weight)
            next++;
        if (!add_locality(builder, &builder->told[begin], next - begin, split))
            return false;
        begin = next;
    }
    return true;
}

static bool make_localities(struct builder *builder)
{
    builder->localities = mrpc_arena_calloc(builder->arena, builder->count + 1, sizeof *builder->localities);
    if (!builder->localities)
        return false;
    for (size_t begin = 0; begin < builder->count;) {
        size_t weights, end = same_zone(builder, begin, &weights);
        if (!add_zone(builder, begin, end, weights > 1 && weights <= WEIGHTS_A_ZONE))
            return false;
        begin = end;
    }
    return true;
}

/* --- packing ------------------------------------------------------------------------------------------------------ */

/* FNV-1a: tells versions apart; nothing hangs on its being hard to collide with but news of one's own service. */
static uint64_t hash(const uint8_t *bytes, size_t size)
{
    uint64_t value = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        value = (value ^ bytes[i]) * UINT64_C(1099511628211);
    return value > 1 ? value : 2;
}

static struct xds_assignment *encode(const struct builder *builder, const struct registry_service_view *service)
{
    ENDPOINT(ClusterLoadAssignment) message;
    envoy__config__endpoint__v3__cluster_load_assignment__init(&message);
    message.cluster_name = mrpc_arena_printf(builder->arena, "%s/%s", service->namespace_name, service->name);
    message.n_endpoints = builder->locality_count;
    message.endpoints = builder->localities;
    const struct mrpc_message_info *info = &envoy__config__endpoint__v3__cluster_load_assignment__info;
    size_t size;
    if (!message.cluster_name || mrpc_encoded_size(info, &message.base, &size, NULL))
        return NULL;
    struct xds_assignment *assignment = malloc(sizeof *assignment + size);
    if (!assignment)
        return NULL;
    mrpc_encode(info, &message.base, assignment->bytes);
    assignment->size = size;
    assignment->hash = hash(assignment->bytes, size);
    assignment->endpoint_count = builder->count;
    assignment->left_out_count = service->count - builder->count;
    return assignment;
}

static struct xds_assignment *build(const struct registry_service_view *service)
{
    struct builder builder = {.arena = mrpc_arena_new(0)};
    struct xds_assignment *assignment = NULL;
    if (builder.arena && choose(&builder, service) && make_localities(&builder))
        assignment = encode(&builder, service);
    mrpc_arena_free(builder.arena);
    return assignment;
}

void xds_packer_init(struct xds_packer *packer)
{
    pthread_mutex_init(&packer->lock, NULL);
    atomic_init(&packer->packed_count, 0);
}

void xds_packer_fini(struct xds_packer *packer)
{
    pthread_mutex_destroy(&packer->lock);
}

const struct xds_assignment *xds_assignment_of(struct xds_packer *packer, struct registry_service_view *service)
{
    struct xds_assignment *assignment = atomic_load_explicit(&service->assignment, memory_order_acquire);
    if (assignment)
        return assignment;
    pthread_mutex_lock(&packer->lock);
    assignment = atomic_load_explicit(&service->assignment, memory_order_acquire);
    if (!assignment && (assignment = build(service))) {
        atomic_fetch_add_explicit(&packer->packed_count, 1, memory_order_relaxed);
        atomic_store_explicit(&service->assignment, assignment, memory_order_release);
    }
    pthread_mutex_unlock(&packer->lock);
    return assignment;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/definition.h"

#include <string.h>

/* UpdateInstance: the definition as it is with single fields replaced, then judged as a whole. */

enum { UPDATE_VERSION = 1, UPDATE_ENDPOINTS = 2, UPDATE_WEIGHT = 4, UPDATE_ZONE = 8, UPDATE_TAGS = 16,
       UPDATE_METADATA = 32, UPDATE_CHECKS = 64 };

static const struct {
    const char *path;
    uint32_t field;
} paths[] = {
    {"version", UPDATE_VERSION}, {"endpoints", UPDATE_ENDPOINTS}, {"weight", UPDATE_WEIGHT}, {"zone", UPDATE_ZONE},
    {"tags", UPDATE_TAGS},       {"metadata", UPDATE_METADATA},   {"checks", UPDATE_CHECKS},
};

static uint32_t field_of(const char *path)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(paths[i].path, path) == 0)
            return paths[i].field;
    return 0;
}

int registry_update_mask_take(const Google__Protobuf__FieldMask *mask, uint32_t *fields, struct fault *fault)
{
    uint32_t all = 0;
    if (!mask || mask->n_paths == 0)
        return fault_field(fault, "update_mask", "is required");
    for (size_t i = 0; i < mask->n_paths; i++) {
        uint32_t field = field_of(mask->paths[i]);
        if (!field)
            return fault_field(fault, "update_mask",
                               "\"%.64s\" is none of version, endpoints, weight, zone, tags, metadata, checks",
                               mask->paths[i]);
        all |= field;
    }
    *fields = all;
    return MRPC_OK;
}

/* --- checks that go where the first endpoint is ------------------------------------------------------------------- */

/* The copies that lose their target, so that it becomes the new first endpoint. */
struct following {
    PB(Check) checks[REGISTRY_CHECKS_MAX];
    PB(Check) * pointers[REGISTRY_CHECKS_MAX];
    PB(HttpCheck) http[REGISTRY_CHECKS_MAX];
    PB(GrpcCheck) grpc[REGISTRY_CHECKS_MAX];
    PB(TcpCheck) tcp[REGISTRY_CHECKS_MAX];
};

static bool same_endpoint(const PB(Endpoint) * a, const PB(Endpoint) * b)
{
    return a && a->port == b->port && strcmp(a->address, b->address) == 0 && strcmp(a->protocol, b->protocol) == 0;
}

static void follow_one(struct following *following, size_t at, const PB(Endpoint) * first)
{
    PB(Check) *check = &following->checks[at];
    switch (check->kind_case) {
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP:
        following->http[at] = *check->http;
        check->http = &following->http[at];
        if (same_endpoint(check->http->target, first))
            check->http->target = NULL;
        return;
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC:
        following->grpc[at] = *check->grpc;
        check->grpc = &following->grpc[at];
        if (same_endpoint(check->grpc->target, first))
            check->grpc->target = NULL;
        return;
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP:
        following->tcp[at] = *check->tcp;
        check->tcp = &following->tcp[at];
        if (same_endpoint(check->tcp->target, first))
            check->tcp->target = NULL;
        return;
    default:
        return;
    }
}

static void follow(struct following *following, PB(Instance) * merged, const PB(Endpoint) * first)
{
    for (size_t i = 0; i < merged->n_checks; i++) {
        following->checks[i] = *merged->checks[i];
        following->pointers[i] = &following->checks[i];
        follow_one(following, i, first);
    }
    merged->checks = following->pointers;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void replace(PB(Instance) * merged, const PB(Instance) * changes, uint32_t fields)
{
    if (fields & UPDATE_VERSION)
        merged->version = changes->version;
    if (fields & UPDATE_WEIGHT)
        merged->weight = changes->weight;
    if (fields & UPDATE_ZONE)
        merged->zone = changes->zone;
    if (fields & UPDATE_ENDPOINTS) {
        merged->endpoints = changes->endpoints;
        merged->n_endpoints = changes->n_endpoints;
    }
    if (fields & UPDATE_TAGS) {
        merged->tags = changes->tags;
        merged->n_tags = changes->n_tags;
    }
    if (fields & UPDATE_METADATA) {
        merged->metadata = changes->metadata;
        merged->n_metadata = changes->n_metadata;
    }
    if (fields & UPDATE_CHECKS) {
        merged->checks = changes->checks;
        merged->n_checks = changes->n_checks;
    }
}

int registry_definition_update(const struct registry_instance *before, const PB(Instance) * changes, uint32_t fields,
                               struct registry_instance **out, struct fault *fault)
{
    PB(Instance) merged = *before->message;
    struct following following;
    replace(&merged, changes, fields);
    if ((fields & UPDATE_ENDPOINTS) && !(fields & UPDATE_CHECKS))
        follow(&following, &merged, before->message->endpoints[0]);
    return registry_definition_take(&merged, before->peer, out, fault);
}

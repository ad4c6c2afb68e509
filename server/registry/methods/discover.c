/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/filter.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"
#include "registry/picks.h"

#include <string.h>
#include <sys/random.h>

/* Discover: answered on the connection loop, from the view. */

enum { LIMIT_MAX = 1000, HASH_KEY_MAX = 1024 };

static int check(const PB(DiscoverRequest) * request, struct fault *fault)
{
    if (!registry_identifier_valid(registry_namespace(request->namespace_), 128))
        return fault_field(fault, "namespace", "is not [A-Za-z0-9._-]{1,128}");
    if (!registry_identifier_valid(request->service, 128))
        return fault_field(fault, "service", request->service[0] ? "is not [A-Za-z0-9._-]{1,128}" : "is required");
    if (request->limit < -1 || request->limit > LIMIT_MAX)
        return fault_field(fault, "limit", "%d is not in -1..1000", request->limit);
    if (request->hash_key.len > HASH_KEY_MAX)
        return fault_field(fault, "hash_key", "has more than 1,024 bytes");
    if (request->prefer_zone[0] && !registry_identifier_valid(request->prefer_zone, 64))
        return fault_field(fault, "prefer_zone", "is not [A-Za-z0-9._-]{0,64}");
    return registry_filter_check(request->filter, fault);
}

static int read_policy(const PB(DiscoverRequest) * request, struct registry_pick *pick, struct fault *fault)
{
    switch ((int)request->policy) {
    case MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_UNSPECIFIED:
        pick->policy = POLICY_ROUND_ROBIN;
        return MRPC_OK;
    case POLICY_WEIGHTED_RANDOM:
        if (getrandom(&pick->random, sizeof pick->random, GRND_NONBLOCK) != sizeof pick->random)
            return fault_set(fault, MRPC_UNAVAILABLE, "no randomness");
        pick->policy = POLICY_WEIGHTED_RANDOM;
        return MRPC_OK;
    case POLICY_CONSISTENT_HASH:
        if (request->hash_key.len == 0)
            return fault_field(fault, "hash_key", "is required by CONSISTENT_HASH");
        pick->policy = POLICY_CONSISTENT_HASH;
        return MRPC_OK;
    case POLICY_ROUND_ROBIN:
    case POLICY_WEIGHTED_ROUND_ROBIN:
        pick->policy = (enum registry_policy)request->policy;
        return MRPC_OK;
    case MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_LEAST_REQUEST:
        return fault_set(fault, MRPC_UNIMPLEMENTED, "policy: LEAST_REQUEST is not there yet");
    default:
        return fault_field(fault, "policy", "%d is not a policy", (int)request->policy);
    }
}

static int fill(struct mrpc_call *call, const struct registry_service_view *service, const struct registry_pick *pick,
                size_t limit, PB(DiscoverResponse) * response, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_call_arena(call);
    size_t room = limit < service->count ? limit : service->count;
    struct registry_instance **scratch = mrpc_arena_alloc(arena, (service->count + room + 1) * sizeof *scratch);
    response->instances = mrpc_arena_calloc(arena, room + 1, sizeof *response->instances);
    if (!scratch || !response->instances)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
    struct registry_instance **chosen = scratch + service->count;
    size_t candidates;
    size_t count = registry_picks_choose(service, pick, scratch, chosen, room, &candidates);
    for (size_t i = 0; i < count; i++)
        response->instances[i] = chosen[i]->message;
    response->n_instances = count;
    response->candidate_count = (int32_t)candidates;
    if (count)
        return MRPC_OK;
    return fault_retry(fault, MRPC_UNAVAILABLE, 1000,
                       "none of the %zu instances of %s/%s is healthy and passes the filter", service->count,
                       service->namespace_name, service->name);
}

int registry_discover(void *self, struct mrpc_call *call, const PB(DiscoverRequest) * request,
                      PB(DiscoverResponse) * response)
{
    struct fault fault = FAULT_INIT;
    struct registry_pick pick = {
        .filter = request->filter,
        .prefer_zone = request->prefer_zone,
        .hash_key = request->hash_key.data,
        .hash_key_bytes = request->hash_key.len,
    };
    if (check(request, &fault) || read_policy(request, &pick, &fault))
        return fault_answer(call, &fault);
    const struct registry_view *view = registry_snapshot(self);
    registry_hold_view(call, view);
    const char *namespace_name = registry_namespace(request->namespace_);
    const struct registry_service_view *service = registry_view_find(view, namespace_name, request->service);
    if (!service)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "service %s/%s has no instances", namespace_name, request->service);
    size_t limit = request->limit == 0 ? 1 : request->limit < 0 ? LIMIT_MAX : (size_t)request->limit;
    if (fill(call, service, &pick, limit, response, &fault))
        return fault_answer(call, &fault);
    response->epoch = view->epoch;
    response->revision = view->revision;
    return MRPC_OK;
}

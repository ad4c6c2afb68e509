/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/filter.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"
#include "registry/picks.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* Discover: answered on the connection loop, from the view; only the first who needs a set of a large service, or a
 * table to hash by, that is not there yet waits until it is made elsewhere. */

enum { LIMIT_MAX = 1000, HASH_KEY_MAX = 1024, MAKE_HERE_MAX = 2000 };

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
    case POLICY_LEAST_REQUEST:
        if (getrandom(&pick->random, sizeof pick->random, GRND_NONBLOCK) != sizeof pick->random)
            return fault_set(fault, MRPC_UNAVAILABLE, "no randomness");
        pick->policy = (enum registry_policy)request->policy;
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
    default:
        return fault_field(fault, "policy", "%d is not a policy", (int)request->policy);
    }
}

/* One call's way from the set to the answer. */
struct discovery {
    struct domain_task task;
    struct mrpc_call *call;
    const struct registry_view *view; /* held by the call */
    const struct registry_service_view *service;
    const PB(InstanceFilter) * filter;
    const char *prefer_zone;
    struct pick_set *set;
    struct registry_pick pick;
    size_t limit;
    PB(DiscoverResponse) * response;
};

static int no_memory(const struct discovery *discovery)
{
    return mrpc_call_fail(discovery->call, MRPC_RESOURCE_EXHAUSTED, "no memory");
}

static int fill(const struct discovery *discovery)
{
    struct mrpc_arena *arena = mrpc_call_arena(discovery->call);
    PB(DiscoverResponse) *response = discovery->response;
    size_t room = discovery->limit < discovery->set->count ? discovery->limit : discovery->set->count;
    struct registry_instance **chosen = mrpc_arena_alloc(arena, (room + 1) * sizeof *chosen);
    response->instances = mrpc_arena_alloc(arena, (room + 1) * sizeof *response->instances);
    if (!chosen || !response->instances)
        return no_memory(discovery);
    size_t count = registry_picks_choose(discovery->service, discovery->set, &discovery->pick, chosen, room);
    for (size_t i = 0; i < count; i++)
        response->instances[i] = chosen[i]->message;
    response->n_instances = count;
    response->candidate_count = (int32_t)discovery->set->count;
    response->epoch = discovery->view->epoch;
    response->revision = discovery->view->revision;
    if (count)
        return MRPC_OK;
    return mrpc_call_fail_retry(discovery->call, MRPC_UNAVAILABLE, 1000,
                                "none of the %zu instances of %s/%s is healthy and passes the filter",
                                discovery->service->count, discovery->service->namespace_name,
                                discovery->service->name);
}

static bool hashes(const struct discovery *discovery)
{
    return discovery->pick.policy == POLICY_CONSISTENT_HASH && discovery->set->count > 0;
}

static int find_and_fill(struct discovery *discovery)
{
    bool own, too_large;
    discovery->set =
        pick_set_find(discovery->service, discovery->filter, discovery->prefer_zone, SIZE_MAX, &own, &too_large);
    if (!discovery->set)
        return no_memory(discovery);
    bool prepared = own || !hashes(discovery) || pick_set_prepare_hash(discovery->set);
    int code = prepared ? fill(discovery) : no_memory(discovery);
    if (own)
        pick_set_free(discovery->set);
    return code;
}

static void run_later(struct domain_task *task)
{
    struct discovery *discovery = (struct discovery *)((char *)task - offsetof(struct discovery, task));
    int code = find_and_fill(discovery);
    mrpc_call_finish(discovery->call, code, code ? NULL : &discovery->response->base);
}

static int fill_later(struct registry *registry, const struct discovery *discovery)
{
    struct discovery *later = mrpc_arena_memdup(mrpc_call_arena(discovery->call), discovery, sizeof *discovery);
    if (!later)
        return no_memory(discovery);
    later->task.run = run_later;
    if (domain_loop_post_task(registry_reading_loop(registry), &later->task))
        return mrpc_call_fail_retry(discovery->call, MRPC_UNAVAILABLE, 1000, "the registry is stopping");
    return MRPC_PENDING;
}

static int answer(struct registry *registry, struct discovery *discovery)
{
    bool own, too_large;
    discovery->set =
        pick_set_find(discovery->service, discovery->filter, discovery->prefer_zone, MAKE_HERE_MAX, &own, &too_large);
    if (too_large)
        return fill_later(registry, discovery);
    if (!discovery->set)
        return no_memory(discovery);
    if (hashes(discovery) && !own && !atomic_load_explicit(&discovery->set->table, memory_order_acquire))
        return fill_later(registry, discovery);
    int code = fill(discovery);
    if (own)
        pick_set_free(discovery->set);
    return code;
}

int registry_discover(void *self, struct mrpc_call *call, const PB(DiscoverRequest) * request,
                      PB(DiscoverResponse) * response)
{
    struct fault fault = FAULT_INIT;
    struct discovery discovery = {
        .call = call,
        .pick = {.hash_key = request->hash_key.data, .hash_key_bytes = request->hash_key.len},
        .filter = request->filter,
        .prefer_zone = request->prefer_zone,
        .limit = request->limit == 0 ? 1 : request->limit < 0 ? LIMIT_MAX : (size_t)request->limit,
        .response = response,
    };
    if (check(request, &fault) || read_policy(request, &discovery.pick, &fault))
        return fault_answer(call, &fault);
    discovery.view = registry_snapshot(self);
    registry_hold_view(call, discovery.view);
    const char *namespace_name = registry_namespace(request->namespace_);
    discovery.service = registry_view_find(discovery.view, namespace_name, request->service);
    if (!discovery.service)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "service %s/%s has no instances", namespace_name, request->service);
    discovery.pick.now_ms = domain_loop_now_ms(registry_loop(self));
    return answer(self, &discovery);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <event2/event.h>

#include "registry/checks/prober.h"
#include "registry/service_state.h"
#include "registry/watch.h"

/* What happens without being asked for: leases run out, checks say something new. */

enum { TICK_MS = 100, STALL_MS = 1000, EXPIRE_AGAIN_MS = 1000 };

void registry_remove(struct registry *registry, struct catalog_slot *slot, enum registry_reason reason,
                     const char *text)
{
    struct registry_cause cause = {reason, "lease", text, registry_wall_ns()};
    registry_commit(registry, catalog_remove(&registry->catalog, slot, &cause));
}

void registry_on_health(void *arg, struct catalog_slot *slot, enum registry_health state, const char *check,
                      const char *text)
{
    struct registry *registry = arg;
    char words[220];
    snprintf(words, sizeof words, "check %s: %s", check, text);
    struct registry_cause cause = {state == HEALTH_UNHEALTHY ? REASON_CHECK_FAILED : REASON_CHECK_PASSED, "checker",
                                   words, registry_wall_ns()};
    registry_commit(registry, catalog_set_health(&registry->catalog, slot, state, &cause));
}

static void expire(struct registry *registry, int64_t now_ms)
{
    struct lease *lease;
    while ((lease = lease_pop_due(&registry->leases, now_ms))) {
        struct catalog_slot *slot = (struct catalog_slot *)((char *)lease - offsetof(struct catalog_slot, lease));
        registry_remove(registry, slot, REASON_LEASE_EXPIRED, "lease expired");
        if (slot->latest &&
            !lease_set(&registry->leases, lease, now_ms, EXPIRE_AGAIN_MS)) /* no memory for the removal */
            log_error(registry->options.log, "registry", "%s/%s stays: no memory", slot->service->name, slot->id);
    }
}

void registry_judge_store(struct registry *registry)
{
    if (!under_way_judge(&registry->under_way, domain_loop_now_ms(registry->loop)))
        return;
    if (atomic_load(&registry->under_way.stalled))
        log_error(registry->options.log, "registry", "the store has not answered for %d s: changes are refused",
                  STORE_STALL_MS / 1000);
    else
        log_info(registry->options.log, "registry", "the store answers again");
}

static void on_lease_tick(evutil_socket_t fd, short what, void *arg)
{
    struct registry *registry = arg;
    int64_t now_ms = domain_loop_now_ms(registry->loop);
    int64_t stalled_ms = lease_heap_tick(&registry->leases, now_ms, STALL_MS);
    if (stalled_ms)
        log_warn(registry->options.log, "registry", "stalled ms=%lld: leases are prolonged, failed checks do not count",
                 (long long)stalled_ms);
    if (!registry_draining(registry)) /* heartbeats are refused by then; after the restart leases begin anew */
        expire(registry, now_ms);
    registry_judge_store(registry);
    if (now_ms - registry->watches_ticked_ms >= 1000) {
        registry->watches_ticked_ms = now_ms;
        registry_watches_tick(registry->watches, registry->catalog.committed_revision, now_ms);
    }
}

static void on_health_tick(evutil_socket_t fd, short what, void *arg)
{
    struct registry *registry = arg;
    int64_t now_ms = domain_loop_now_ms(registry->loop);
    bool stalled = registry->probed_ms && now_ms - registry->probed_ms > STALL_MS;
    registry->probed_ms = now_ms;
    prober_tick(registry->prober, now_ms, stalled);
}

/* --- the two loops --------------------------------------------------------------------------------------------------
 */

bool registry_make_ticks(struct registry *registry)
{
    struct event_base *base = domain_loop_base(registry->loop);
    registry->lease_tick = event_new(base, -1, EV_PERSIST, on_lease_tick, registry);
    registry->health_tick = event_new(base, -1, EV_PERSIST, on_health_tick, registry);
    return registry->lease_tick && registry->health_tick;
}

static const struct timeval tick = {.tv_usec = TICK_MS * 1000};

static void start_leases(void *arg)
{
    event_add(((struct registry *)arg)->lease_tick, &tick);
}

static void stop_leases(void *arg)
{
    event_del(((struct registry *)arg)->lease_tick);
}

static void start_health(void *arg)
{
    event_add(((struct registry *)arg)->health_tick, &tick);
}

static void stop_health(void *arg)
{
    event_del(((struct registry *)arg)->health_tick);
}

int registry_run_leases(struct registry *registry, bool run)
{
    return domain_loop_post(registry->loop, run ? start_leases : stop_leases, registry);
}

int registry_run_health(struct registry *registry, bool run)
{
    return domain_loop_post(registry->loop, run ? start_health : stop_health, registry);
}

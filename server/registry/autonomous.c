/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <event2/event.h>

#include "registry/checks/prober.h"
#include "registry/service_state.h"
#include "registry/watch.h"
#include "utf8/utf8.h"

/* What happens without being asked for: leases run out, checks say something new. */

enum { TICK_MS = 100, STALL_MS = 1000, EXPIRE_AGAIN_MS = 1000 };

void registry_remove(struct registry *registry, struct catalog_slot *slot, enum registry_reason reason,
                     const char *text)
{
    struct registry_cause cause = {reason, "lease", text, registry_wall_ns()};
    registry_commit(registry, catalog_remove(&registry->catalog, slot, &cause));
}

/* What the slot's standing is, with why it is held if it is. */
static void set_health(struct registry *registry, struct catalog_slot *slot, enum registry_health health,
                       enum registry_reason reason, const char *actor, const char *text)
{
    char words[257];
    bool held = slot->standing.is_held;
    snprintf(words, sizeof words, held ? "%.180s; held, because %s" : "%.256s", text, slot->service->protection.why);
    utf8_mend(words);
    struct registry_cause cause = {reason, actor, words, registry_wall_ns()};
    registry_commit(registry, catalog_set_health(&registry->catalog, slot, health, held, &cause));
}

/* --- who falls, and who stands up --------------------------------------------------------------------------------- */

/* The state stays what it is, only whether it is held changes; so does what is said about it. */
static void set_held(struct registry *registry, struct catalog_slot *slot, const char *text)
{
    const PB(InstanceStatus) *status = slot->latest->message->status;
    set_health(registry, slot, registry_instance_health(slot->latest), (enum registry_reason)status->reason,
               "protection", text ? text : status->text);
}

static void hold_if_fallen(void *arg, struct catalog_slot *slot)
{
    struct registry *registry = arg;
    if (!slot->latest || slot->standing.is_held ||
        !protection_fell_lately(&slot->standing, domain_loop_now_ms(registry->loop)))
        return;
    protection_take(&slot->service->protection, &slot->standing);
    set_held(registry, slot, NULL);
}

/* The list is held from now on; so are those that fell before the last one did. */
static void hold(struct registry *registry, struct catalog_service *service)
{
    log_warn(registry->options.log, "registry", "%s/%s: the list is held, because %s", service->namespace_name,
             service->name, service->protection.why);
    registry->holding_count++;
    catalog_service_each(service, hold_if_fallen, registry);
}

static void fall(struct registry *registry, struct catalog_slot *slot, enum registry_reason reason, const char *actor,
                 const char *text)
{
    struct catalog_service *service = slot->service;
    struct protection *protection = &service->protection;
    int64_t now_ms = domain_loop_now_ms(registry->loop);
    bool counts = !registry->options.without_protection && slot->latest &&
                  registry_instance_health(slot->latest) == HEALTH_HEALTHY &&
                  registry_instance_in_service(slot->latest);
    bool begins = counts && protection_fall(protection, &slot->standing, service->order.count, now_ms);
    if (protection->is_on && (counts || slot->standing.has_lapsed))
        protection_take(protection, &slot->standing);
    set_health(registry, slot, HEALTH_UNHEALTHY, reason, actor, text);
    if (begins)
        hold(registry, service);
}

static void let_go_of_one(void *arg, struct catalog_slot *slot)
{
    struct registry *registry = arg;
    if (!slot->latest || !slot->standing.is_held)
        return;
    bool has_lapsed = slot->standing.has_lapsed;
    protection_rise(&slot->service->protection, &slot->standing);
    if (has_lapsed)
        registry_remove(registry, slot, REASON_LEASE_EXPIRED, "lease expired");
    else
        set_held(registry, slot, "no longer held");
}

static void let_go(struct registry *registry, struct catalog_service *service)
{
    log_info(registry->options.log, "registry", "%s/%s: the list is no longer held", service->namespace_name,
             service->name);
    protection_end(&service->protection);
    catalog_service_each(service, let_go_of_one, registry);
}

static void let_go_of_all(struct registry *registry, int64_t now_ms)
{
    size_t holding = 0;
    for (size_t i = 0; registry->holding_count && i < registry->catalog.count; i++) {
        struct catalog_service *service = registry->catalog.services[i];
        if (protection_is_over(&service->protection, service->order.count, now_ms))
            let_go(registry, service);
        holding += service->protection.is_on;
    }
    registry->holding_count = holding;
}

void registry_revive(struct registry *registry, struct catalog_slot *slot)
{
    protection_rise(&slot->service->protection, &slot->standing);
    set_health(registry, slot, prober_health(slot, HEALTH_HEALTHY), REASON_LEASE_RENEWED, "lease",
               "a heartbeat came after the lease had run out");
}

void registry_restore_standing(struct registry *registry, struct catalog_slot *slot)
{
    const PB(InstanceStatus) *status = slot->committed->message->status;
    bool is_down = registry_instance_health(slot->committed) == HEALTH_UNHEALTHY;
    slot->standing.has_lapsed = is_down && status->reason == (PB(TransitionReason))REASON_LEASE_EXPIRED;
    if (!registry_instance_is_held(slot->committed))
        return;
    registry->holding_count += !slot->service->protection.is_on;
    protection_restore(&slot->service->protection, &slot->standing, domain_loop_now_ms(registry->loop));
}

/* --- checks and leases
 * ------------------------------------------------------------------------------------------------
 */

void registry_on_health(void *arg, struct catalog_slot *slot, enum registry_health health, const char *check,
                        const char *text)
{
    struct registry *registry = arg;
    char words[220];
    if (slot->standing.has_lapsed)
        return; /* what its checks say counts again when a heartbeat comes */
    snprintf(words, sizeof words, "check %s: %s", check, text);
    if (health == HEALTH_UNHEALTHY) {
        fall(registry, slot, REASON_CHECK_FAILED, "checker", words);
        return;
    }
    protection_rise(&slot->service->protection, &slot->standing);
    set_health(registry, slot, health, REASON_CHECK_PASSED, "checker", words);
}

/* In a service that is large enough to be protected an instance whose lease has run out is UNHEALTHY at once, and goes
 * when it is clear that the others have not gone with it. */
static void expire_one(struct registry *registry, struct catalog_slot *slot, int64_t now_ms)
{
    struct catalog_service *service = slot->service;
    bool has_lapsed = slot->standing.has_lapsed;
    bool stays = !registry->options.without_protection && slot->latest &&
                 (service->protection.is_on || (!has_lapsed && service->order.count >= PROTECTION_LEAST_COUNT));
    int64_t again_ms = stays ? PROTECTION_LINGER_MS : EXPIRE_AGAIN_MS;
    if (!stays) {
        registry_remove(registry, slot, REASON_LEASE_EXPIRED, "lease expired");
    } else if (!slot->standing.is_held || !has_lapsed) {
        slot->standing.has_lapsed = true;
        fall(registry, slot, REASON_LEASE_EXPIRED, "lease", "lease expired");
    }
    /* or no memory for the removal */
    if (slot->latest && !lease_set(&registry->leases, &slot->lease, now_ms, again_ms))
        log_error(registry->options.log, "registry", "%s/%s stays: no memory", service->name, slot->id);
}

static void expire(struct registry *registry, int64_t now_ms)
{
    struct lease *lease;
    while ((lease = lease_pop_due(&registry->leases, now_ms)))
        expire_one(registry, (struct catalog_slot *)((char *)lease - offsetof(struct catalog_slot, lease)), now_ms);
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

void registry_on_check(void *arg, bool passed, int64_t duration_us)
{
    registry_metrics_check(&((struct registry *)arg)->metrics, passed, duration_us);
}

/* What is read from outside of the loop. */
static void show_numbers(struct registry *registry)
{
    struct prober_stats checks;
    prober_stats(registry->prober, &checks);
    atomic_store_explicit(&registry->metrics.watchers, registry_watches_count(registry->watches), memory_order_relaxed);
    atomic_store_explicit(&registry->metrics.checks_configured, checks.configured, memory_order_relaxed);
    atomic_store_explicit(&registry->metrics.checks_in_flight, checks.in_flight, memory_order_relaxed);
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
        show_numbers(registry);
        let_go_of_all(registry, now_ms);
    }
}

void registry_begin_time(struct registry *registry)
{
    registry->probed_ms = domain_loop_now_ms(registry->loop);
    (void)lease_heap_tick(&registry->leases, registry->probed_ms, STALL_MS);
}

static void on_health_tick(evutil_socket_t fd, short what, void *arg)
{
    struct registry *registry = arg;
    int64_t now_ms = domain_loop_now_ms(registry->loop);
    bool stalled = registry->probed_ms && now_ms - registry->probed_ms > STALL_MS;
    registry->probed_ms = now_ms;
    prober_tick(registry->prober, now_ms, stalled);
}

/* --- the two loops ------------------------------------------------------------------------------------------------ */

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

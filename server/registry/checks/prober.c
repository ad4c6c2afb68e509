/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/prober.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/dns.h>
#include <event2/event.h>

#include "registry/checks/attempt.h"
#include "registry/health.h"

enum { SOON_MS = 1000, FIRST_MS = 250, RETRY_MS = 50, LATE_MS = 1000, TEXT_BYTES = 160 };

struct probe {
    struct lease due; /* first: the heap gives it back */
    struct probe_set *set;
    const PB(Check) * check;
    struct health_check health;
    struct attempt *attempt;
    int64_t started_ms;
    int64_t run_wall_ns; /* 0: never */
    int64_t run_duration_ms;
    char text[TEXT_BYTES];
};

struct probe_set {
    struct prober *prober;
    struct catalog_slot *slot;
    struct registry_instance *instance; /* whose checks they are */
    size_t count;
    struct probe probes[];
};

struct prober {
    struct prober_options options;
    struct evdns_base *dns;
    struct lease_heap due;
    struct prober_stats stats;
    int64_t now_ms;
    int64_t stalled_at_ms; /* what began before means nothing when it failed */
    uint64_t random;
};

static uint64_t next_random(struct prober *prober)
{
    prober->random ^= prober->random << 13; /* xorshift64: only spreads load */
    prober->random ^= prober->random >> 7;
    prober->random ^= prober->random << 17;
    return prober->random;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_ttl(const struct probe *probe)
{
    return probe->check->kind_case == MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
}

/* Renewing what is in the heap never fails; what was just taken out has room there. */
static void set_due(struct prober *prober, struct probe *probe, int64_t after_ms)
{
    if (!lease_set(&prober->due, &probe->due, prober->now_ms, after_ms))
        snprintf(probe->text, sizeof probe->text, "not scheduled: no memory");
}

static void set_next(struct prober *prober, struct probe *probe)
{
    int64_t interval_ms = registry_duration_ms(probe->check->interval);
    if (is_ttl(probe)) {
        set_due(prober, probe, interval_ms);
        return;
    }
    if (probe->health.pending_count && interval_ms > SOON_MS)
        interval_ms = SOON_MS;
    int64_t jitter_ms = interval_ms / 10;
    set_due(prober, probe, interval_ms - jitter_ms / 2 + (int64_t)(next_random(prober) % (uint64_t)(jitter_ms + 1)));
}

/* --- results -------------------------------------------------------------------------------------------------------
 */

static enum registry_health overall(const struct probe_set *set)
{
    struct health_check checks[16];
    size_t count = set->count < 16 ? set->count : 16;
    for (size_t i = 0; i < count; i++)
        checks[i] = set->probes[i].health;
    return health_overall(checks, count);
}

enum registry_health prober_health(const struct catalog_slot *slot, enum registry_health without)
{
    return slot->probes ? overall(slot->probes) : without;
}

static void tell(struct probe *probe)
{
    struct probe_set *set = probe->set;
    struct prober *prober = set->prober;
    prober->options.changed(prober->options.arg, set->slot, overall(set), probe->check->name, probe->text);
}

static void on_done(void *arg, bool passed, const char *text)
{
    struct probe *probe = arg;
    struct prober *prober = probe->set->prober;
    probe->attempt = NULL;
    prober->stats.in_flight--;
    prober->now_ms = clock_ms();
    probe->run_duration_ms = prober->now_ms - probe->started_ms;
    snprintf(probe->text, sizeof probe->text, "%s", text);
    bool counts = passed || probe->started_ms > prober->stalled_at_ms;
    struct health_thresholds thresholds = {probe->check->rise, probe->check->fall};
    bool changed = counts && health_take(&probe->health, &thresholds, passed);
    set_next(prober, probe);
    if (changed)
        tell(probe);
}

static void start(struct prober *prober, struct probe *probe)
{
    struct attempt_options options = {
        .base = prober->options.base,
        .dns = prober->dns,
        .policy = prober->options.policy,
        .check = probe->check,
        .peer = probe->set->instance->peer,
        .done = on_done,
        .arg = probe,
    };
    probe->attempt = attempt_start(&options);
    if (!probe->attempt) {
        set_due(prober, probe, SOON_MS);
        return;
    }
    probe->started_ms = prober->now_ms;
    probe->run_wall_ns = wall_ns();
    prober->stats.in_flight++;
    prober->stats.started++;
}

/* No report came in time. */
static void ttl_missed(struct prober *prober, struct probe *probe)
{
    set_next(prober, probe);
    if (probe->health.state == HEALTH_UNHEALTHY)
        return;
    probe->health = (struct health_check){HEALTH_UNHEALTHY, 0};
    snprintf(probe->text, sizeof probe->text, "no report in time");
    tell(probe);
}

void prober_tick(struct prober *prober, int64_t now_ms, bool stalled)
{
    prober->now_ms = now_ms;
    if (stalled)
        prober->stalled_at_ms = now_ms;
    struct lease *due;
    while ((due = lease_pop_due(&prober->due, now_ms))) {
        struct probe *probe = (struct probe *)due;
        if (is_ttl(probe)) {
            if (stalled)
                set_next(prober, probe);
            else
                ttl_missed(prober, probe);
        } else if (prober->stats.in_flight < PROBER_IN_FLIGHT_MAX) {
            prober->stats.late += now_ms - due->due_ms > LATE_MS;
            start(prober, probe);
        } else {
            set_due(prober, probe, RETRY_MS);
        }
    }
}

bool prober_report(struct prober *prober, struct catalog_slot *slot, const char *name, bool passing, const char *text,
                   int64_t now_ms)
{
    prober->now_ms = now_ms;
    for (size_t i = 0; slot->probes && i < slot->probes->count; i++) {
        struct probe *probe = &slot->probes->probes[i];
        if (!is_ttl(probe) || strcmp(probe->check->name, name) != 0)
            continue;
        enum registry_health said = passing ? HEALTH_HEALTHY : HEALTH_UNHEALTHY;
        bool changed = probe->health.state != said;
        probe->health = (struct health_check){said, 0};
        probe->run_wall_ns = wall_ns();
        snprintf(probe->text, sizeof probe->text, "%s",
                 text[0]   ? text
                 : passing ? "reported passing"
                           : "reported failing");
        set_next(prober, probe);
        if (changed)
            tell(probe);
        return true;
    }
    return false;
}

/* --- sets ----------------------------------------------------------------------------------------------------------
 */

static uint64_t hash_of(const struct catalog_slot *slot, size_t index)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + index;
    for (const char *at = slot->service->name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    for (const char *at = slot->id; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

void prober_drop(struct prober *prober, struct catalog_slot *slot)
{
    struct probe_set *set = slot->probes;
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        lease_clear(&prober->due, &set->probes[i].due);
        prober->stats.in_flight -= set->probes[i].attempt != NULL;
        attempt_cancel(set->probes[i].attempt);
    }
    prober->stats.configured -= set->count;
    registry_instance_unref(set->instance);
    free(set);
    slot->probes = NULL;
}

static void schedule_first(struct prober *prober, struct probe *probe, size_t index)
{
    int64_t interval_ms = registry_duration_ms(probe->check->interval);
    int64_t within_ms = probe->health.state == HEALTH_UNKNOWN ? FIRST_MS : interval_ms;
    uint64_t hash = hash_of(probe->set->slot, index);
    set_due(prober, probe, is_ttl(probe) ? interval_ms : (int64_t)(hash % (uint64_t)within_ms));
}

bool prober_update(struct prober *prober, struct catalog_slot *slot, int64_t now_ms)
{
    struct registry_instance *instance = slot->committed;
    prober->now_ms = now_ms;
    if (slot->probes && registry_instance_same_checks(slot->probes->instance, instance))
        return true;
    prober_drop(prober, slot);
    size_t count = instance->message->n_checks;
    if (count == 0)
        return true;
    struct probe_set *set = calloc(1, sizeof *set + count * sizeof set->probes[0]);
    if (!set)
        return false;
    set->prober = prober;
    set->slot = slot;
    set->instance = registry_instance_ref(instance);
    set->count = count;
    slot->probes = set;
    prober->stats.configured += count;
    for (size_t i = 0; i < count; i++) {
        set->probes[i].set = set;
        set->probes[i].check = instance->message->checks[i];
        set->probes[i].health.state = registry_instance_health(instance);
        schedule_first(prober, &set->probes[i], i);
    }
    return true;
}

static bool describe(const struct probe *probe, struct mrpc_arena *arena, PB(CheckStatus) * status)
{
    mltrainer__registry__v1__check_status__init(status);
    status->name = mrpc_arena_strdup(arena, probe->check->name);
    status->text = mrpc_arena_strdup(arena, probe->text);
    status->state = (PB(HealthState))probe->health.state;
    status->pending_count = probe->health.pending_count;
    if (probe->run_wall_ns) {
        Google__Protobuf__Timestamp *time = mrpc_arena_alloc(arena, sizeof *time);
        Google__Protobuf__Duration *duration = mrpc_arena_alloc(arena, sizeof *duration);
        if (!time || !duration)
            return false;
        google__protobuf__timestamp__init(time);
        google__protobuf__duration__init(duration);
        time->seconds = probe->run_wall_ns / 1000000000;
        time->nanos = (int32_t)(probe->run_wall_ns % 1000000000);
        duration->seconds = probe->run_duration_ms / 1000;
        duration->nanos = (int32_t)(probe->run_duration_ms % 1000) * 1000000;
        status->last_run_time = time;
        status->last_duration = duration;
    }
    return status->name && status->text;
}

bool prober_describe(const struct catalog_slot *slot, struct mrpc_arena *arena, PB(InstanceStatus) * status)
{
    const struct probe_set *set = slot->probes;
    if (!set)
        return true;
    PB(CheckStatus) **checks = mrpc_arena_calloc(arena, set->count, sizeof *checks);
    for (size_t i = 0; checks && i < set->count; i++) {
        checks[i] = mrpc_arena_alloc(arena, sizeof *checks[i]);
        if (!checks[i] || !describe(&set->probes[i], arena, checks[i]))
            return false;
    }
    if (!checks)
        return false;
    status->checks = checks;
    status->n_checks = set->count;
    return true;
}

/* --- life ----------------------------------------------------------------------------------------------------------
 */

int prober_new(const struct prober_options *options, struct prober **out)
{
    struct prober *prober = calloc(1, sizeof *prober);
    if (!prober)
        return -1;
    prober->options = *options;
    prober->random = (uint64_t)wall_ns() | 1;
    int flags = EVDNS_BASE_DISABLE_WHEN_INACTIVE | (options->nameserver ? 0 : EVDNS_BASE_INITIALIZE_NAMESERVERS);
    prober->dns = evdns_base_new(options->base, flags);
    if (!prober->dns) /* no resolv.conf: numeric addresses and /etc/hosts still work */
        prober->dns = evdns_base_new(options->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!prober->dns || (options->nameserver && evdns_base_nameserver_ip_add(prober->dns, options->nameserver))) {
        prober_free(prober);
        return -1;
    }
    *out = prober;
    return 0;
}

void prober_free(struct prober *prober)
{
    if (!prober)
        return;
    if (prober->dns)
        evdns_base_free(prober->dns, 0);
    lease_heap_fini(&prober->due);
    free(prober);
}

void prober_stats(const struct prober *prober, struct prober_stats *out)
{
    *out = prober->stats;
}

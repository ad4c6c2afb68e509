/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/dns.h>

#include "registry/checks/schedule.h"

struct prober {
    struct prober_options options;
    struct evdns_base *dns;
    struct places *places;
    struct lease_heap due;
    struct prober_stats stats;
    size_t hurried_count;
    TAILQ_HEAD(, prober_waiter) waiters;
    size_t waiter_count;
    int64_t now_ms;
    int64_t ticked_ms;
    int64_t stalled_us; /* what began before means nothing when it failed */
    uint64_t random;
};

static uint64_t next_random(struct prober *prober)
{
    prober->random ^= prober->random << 13; /* xorshift64: only spreads load */
    prober->random ^= prober->random >> 7;
    prober->random ^= prober->random << 17;
    return prober->random;
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool is_ttl(const struct probe *probe)
{
    return probe->place == NULL;
}

/* --- when --------------------------------------------------------------------------------------------------------- */

static void set_hurried(struct probe *probe, bool is_hurried)
{
    probe->set->prober->hurried_count += is_hurried;
    probe->set->prober->hurried_count -= probe->is_hurried;
    probe->is_hurried = is_hurried;
}

/* Renewing what is in the heap never fails; what was just taken out has room there. */
static void set_due(struct probe *probe, int64_t after_ms)
{
    struct prober *prober = probe->set->prober;
    probe->wanted_ms = prober->now_ms + after_ms;
    if (!lease_set(&prober->due, &probe->due, prober->now_ms, after_ms))
        set_hurried(probe, false); /* no memory: its state stays what it is until the instance changes */
}

/* At its turn, @least_ms away at least. */
static void set_regular(struct probe *probe, int64_t least_ms)
{
    struct prober *prober = probe->set->prober;
    int64_t interval_ms = registry_duration_ms(probe->check->interval);
    set_hurried(probe, false);
    set_due(probe, schedule_regular_ms(probe->phase, interval_ms, prober->now_ms, least_ms, next_random(prober)));
}

/* A run that is wanted soon, or at its turn when all the others are wanted soon too. */
static void set_due_within(struct probe *probe, int64_t wanted_ms)
{
    struct prober *prober = probe->set->prober;
    int64_t interval_ms = registry_duration_ms(probe->check->interval);
    int64_t after_ms = schedule_hurried_ms(wanted_ms, interval_ms, prober->hurried_count, next_random(prober));
    if (!after_ms) {
        set_regular(probe, schedule_apart_ms(interval_ms));
        return;
    }
    set_hurried(probe, true);
    set_due(probe, after_ms);
}

static void set_next(struct probe *probe)
{
    int64_t interval_ms = registry_duration_ms(probe->check->interval);
    if (is_ttl(probe)) {
        set_due(probe, interval_ms);
        return;
    }
    if (probe->health.pending_count) {
        set_due_within(probe, SCHEDULE_SOON_MS);
        return;
    }
    set_regular(probe, schedule_apart_ms(interval_ms));
}

/* --- results ------------------------------------------------------------------------------------------------------ */

static void write_down(struct probe *probe, const char *text)
{
    struct board_result result = {
        .state = probe->health.state,
        .pending_count = probe->health.pending_count,
        .run_wall_ns = probe->run_wall_ns,
        .run_us = probe->run_us,
    };
    snprintf(result.text, sizeof result.text, "%s", text);
    board_write(probe->set->board, (size_t)(probe - probe->set->probes), &result);
}

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

static void tell(struct probe *probe, const char *text)
{
    struct probe_set *set = probe->set;
    struct prober *prober = set->prober;
    prober->options.changed(prober->options.arg, set->slot, overall(set), probe->check->name, text);
}

/* Those that wait for @set; NULL: all. */
static void tell_waiters(struct prober *prober, const struct probe_set *set, bool in_vain)
{
    struct prober_waiter *waiter = TAILQ_FIRST(&prober->waiters), *next;
    for (; waiter; waiter = next) {
        next = TAILQ_NEXT(waiter, entry);
        if (set && waiter->set != set)
            continue;
        TAILQ_REMOVE(&prober->waiters, waiter, entry);
        prober->waiter_count--;
        waiter->done(waiter, in_vain);
    }
}

void prober_end_waiting(struct prober *prober)
{
    tell_waiters(prober, NULL, true);
}

static void stop_waiting_for(struct probe *probe)
{
    struct probe_set *set = probe->set;
    if (!probe->is_waited_for)
        return;
    probe->is_waited_for = false;
    if (--set->waited_for_count == 0)
        tell_waiters(set->prober, set, false);
}

/* True when the state changed. @text is what there is to say, BOARD_TEXT_BYTES. */
static bool count_result(struct probe *probe, bool passed, char *text)
{
    int64_t now_ms = probe->set->prober->now_ms;
    int64_t damped_ms = flapping_left_ms(&probe->flapping, now_ms);
    if (passed && damped_ms && probe->health.state == HEALTH_UNHEALTHY) {
        size_t length = strnlen(text, BOARD_TEXT_BYTES / 2);
        snprintf(text + length, BOARD_TEXT_BYTES - length, "; flapping, does not count for another %lld s",
                 (long long)(damped_ms + 999) / 1000);
        probe->health.pending_count = 0;
        return false;
    }
    struct health_thresholds thresholds = {probe->check->rise, probe->check->fall};
    bool was_healthy = probe->health.state == HEALTH_HEALTHY;
    bool changed = health_take(&probe->health, &thresholds, passed);
    if (changed && was_healthy)
        flapping_fall(&probe->flapping, now_ms);
    return changed;
}

static void on_done(void *arg, bool passed, const char *words)
{
    struct probe *probe = arg;
    struct prober *prober = probe->set->prober;
    char text[BOARD_TEXT_BYTES];
    int64_t now_us = clock_us(CLOCK_MONOTONIC);
    prober->now_ms = now_us / 1000;
    if (prober->ticked_ms && prober->now_ms - prober->ticked_ms > PROBER_STALL_MS)
        prober->stalled_us = now_us;
    probe->attempt = NULL;
    probe->run_us = now_us - probe->started_us;
    if (prober->options.ran)
        prober->options.ran(prober->options.arg, passed, probe->run_us);
    snprintf(text, sizeof text, "%s", words);
    bool counts = passed || probe->started_us > prober->stalled_us;
    bool changed = counts && count_result(probe, passed, text);
    write_down(probe, text);
    set_next(probe);
    place_leave(probe->place);
    if (changed)
        tell(probe, text);
    stop_waiting_for(probe);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* The server told another state, or the connection is gone. While a run is under way, that one finds out. */
static void on_watch_changed(void *arg)
{
    struct probe *probe = arg;
    if (!probe->attempt && !probe->turn.waits_in)
        set_due_within(probe, SCHEDULE_FIRST_MS);
}

static void start(struct probe *probe)
{
    struct prober *prober = probe->set->prober;
    const struct attempt_options options = {
        .place = probe->place,
        .check = probe->check,
        .peer = probe->set->instance->peer,
        .watch = &probe->watch,
        .watch_changed = on_watch_changed,
        .done = on_done,
        .arg = probe,
    };
    prober->stats.late += prober->now_ms - probe->wanted_ms > PROBER_STALL_MS;
    prober->stats.started++;
    probe->started_us = clock_us(CLOCK_MONOTONIC);
    probe->run_wall_ns = clock_us(CLOCK_REALTIME) * 1000;
    probe->attempt = attempt_start(&options);
    if (probe->attempt)
        return;
    set_due_within(probe, SCHEDULE_SOON_MS);
    place_leave(probe->place);
    stop_waiting_for(probe);
}

static void on_admitted(struct place_turn *turn)
{
    start((struct probe *)((char *)turn - offsetof(struct probe, turn)));
}

static void run(struct probe *probe)
{
    lease_clear(&probe->set->prober->due, &probe->due);
    set_hurried(probe, false);
    probe->turn.admitted = on_admitted;
    if (place_enter(probe->place, &probe->turn))
        start(probe);
}

/* No report came in time. */
static void ttl_missed(struct probe *probe)
{
    static const char text[] = "no report in time";
    if (probe->health.state == HEALTH_UNHEALTHY)
        return;
    probe->health = (struct health_check){HEALTH_UNHEALTHY, 0};
    write_down(probe, text);
    tell(probe, text);
}

void prober_tick(struct prober *prober, int64_t now_ms, bool stalled)
{
    prober->now_ms = prober->ticked_ms = now_ms;
    if (stalled)
        prober->stalled_us = clock_us(CLOCK_MONOTONIC);
    struct lease *due;
    while ((due = lease_pop_due(&prober->due, now_ms))) {
        struct probe *probe = (struct probe *)due;
        if (!is_ttl(probe)) {
            run(probe);
            continue;
        }
        set_next(probe);
        if (!stalled)
            ttl_missed(probe);
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
        probe->run_wall_ns = clock_us(CLOCK_REALTIME) * 1000;
        const char *words = text[0] ? text : passing ? "reported passing" : "reported failing";
        write_down(probe, words);
        set_next(probe);
        if (changed)
            tell(probe, words);
        return true;
    }
    return false;
}

int prober_check_now(struct prober *prober, struct catalog_slot *slot, struct prober_waiter *waiter, int64_t now_ms)
{
    struct probe_set *set = slot->probes;
    size_t active_count = 0;
    prober->now_ms = now_ms;
    for (size_t i = 0; set && i < set->count; i++)
        active_count += !is_ttl(&set->probes[i]);
    if (!active_count)
        return MRPC_FAILED_PRECONDITION;
    if (prober->waiter_count == PROBER_WAITERS_MAX)
        return MRPC_RESOURCE_EXHAUSTED;
    waiter->set = set;
    TAILQ_INSERT_TAIL(&prober->waiters, waiter, entry);
    prober->waiter_count++;
    for (size_t i = 0; i < set->count; i++) {
        struct probe *probe = &set->probes[i];
        if (is_ttl(probe) || probe->is_waited_for)
            continue;
        probe->is_waited_for = true;
        set->waited_for_count++;
        if (!probe->attempt && !probe->turn.waits_in)
            set_due(probe, 0);
    }
    return MRPC_OK;
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct catalog_slot *slot, size_t index)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + index;
    for (const char *at = slot->service->name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    for (const char *at = slot->id; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    hash ^= hash >> 33; /* finish as MurmurHash3 does: names that differ in a digit differ in every bit */
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

static void drop_probe(struct prober *prober, struct probe *probe)
{
    lease_clear(&prober->due, &probe->due);
    set_hurried(probe, false);
    if (!probe->place)
        return;
    place_give_up(&probe->turn);
    if (probe->attempt) {
        attempt_cancel(probe->attempt);
        place_leave(probe->place);
    }
    grpc_watch_free(probe->watch);
    place_unref(probe->place);
}

static void free_set(struct probe_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        drop_probe(set->prober, &set->probes[i]);
    tell_waiters(set->prober, set, true);
    set->prober->stats.configured -= set->count;
    board_unref(set->board);
    registry_instance_unref(set->instance);
    free(set);
}

void prober_drop(struct prober *prober, struct catalog_slot *slot)
{
    struct probe_set *set = slot->probes;
    slot->probes = NULL;
    if (set)
        free_set(set);
}

static bool make_probe(struct probe_set *set, size_t at)
{
    struct probe *probe = &set->probes[at];
    probe->set = set;
    probe->check = set->instance->message->checks[at];
    probe->health.state = registry_instance_health(set->instance);
    probe->phase = hash_of(set->slot, at);
    if (probe->check->kind_case == MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL)
        return true;
    probe->place = attempt_place(set->prober->places, probe->check);
    return probe->place != NULL;
}

static struct probe_set *make_set(struct prober *prober, struct catalog_slot *slot)
{
    size_t count = slot->committed->message->n_checks;
    struct probe_set *set = calloc(1, sizeof *set + count * sizeof set->probes[0]);
    if (!set)
        return NULL;
    set->prober = prober;
    set->slot = slot;
    set->instance = registry_instance_ref(slot->committed);
    set->board = board_new(count);
    bool complete = set->board != NULL;
    while (complete && set->count < count)
        complete = make_probe(set, set->count++);
    prober->stats.configured += set->count;
    if (complete)
        return set;
    free_set(set);
    return NULL;
}

/* What has a state from before keeps it and its turn; what has none is run soon. */
static void schedule_first(struct probe *probe)
{
    write_down(probe, "");
    if (is_ttl(probe))
        set_next(probe);
    else if (probe->health.state == HEALTH_UNKNOWN)
        set_due_within(probe, SCHEDULE_FIRST_MS);
    else
        set_regular(probe, 0);
}

/* So that whoever holds the instance can read what its checks find; it is not shared yet. */
static void give_board(struct registry_instance *instance, const struct probe_set *set)
{
    if (!instance->board)
        instance->board = board_ref(set->board);
}

bool prober_update(struct prober *prober, struct catalog_slot *slot, int64_t now_ms)
{
    struct registry_instance *instance = slot->committed;
    prober->now_ms = now_ms;
    if (slot->probes && registry_instance_same_checks(slot->probes->instance, instance)) {
        give_board(instance, slot->probes);
        return true;
    }
    prober_drop(prober, slot);
    if (instance->message->n_checks == 0)
        return true;
    slot->probes = make_set(prober, slot);
    if (!slot->probes)
        return false;
    give_board(instance, slot->probes);
    for (size_t i = 0; i < slot->probes->count; i++)
        schedule_first(&slot->probes->probes[i]);
    return true;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int prober_new(const struct prober_options *options, struct prober **out)
{
    struct prober *prober = calloc(1, sizeof *prober);
    if (!prober)
        return -1;
    prober->options = *options;
    TAILQ_INIT(&prober->waiters);
    prober->random = (uint64_t)clock_us(CLOCK_REALTIME) | 1;
    int flags = EVDNS_BASE_DISABLE_WHEN_INACTIVE | (options->nameserver ? 0 : EVDNS_BASE_INITIALIZE_NAMESERVERS);
    prober->dns = evdns_base_new(options->base, flags);
    if (!prober->dns) /* no resolv.conf: numeric addresses and /etc/hosts still work */
        prober->dns = evdns_base_new(options->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (prober->dns && (!options->nameserver || evdns_base_nameserver_ip_add(prober->dns, options->nameserver) == 0))
        prober->places = places_new(&(struct places_options){options->base, prober->dns, options->policy, 0, 0});
    if (!prober->places) {
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
    places_free(prober->places);
    if (prober->dns)
        evdns_base_free(prober->dns, 0);
    lease_heap_fini(&prober->due);
    free(prober);
}

void prober_stats(const struct prober *prober, struct prober_stats *out)
{
    *out = prober->stats;
    out->in_flight = places_active(prober->places);
}

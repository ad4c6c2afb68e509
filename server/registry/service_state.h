/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SERVICE_STATE_H
#define REGISTRY_SERVICE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "events/scene_changed.h"
#include "registry/metrics.h"
#include "target/own_ports.h"
#include "registry/service.h"
#include "registry/under_way.h"

/* The inside of the registry, for service.c (the pipeline) and autonomous.c (what happens by itself). */

enum { NETWORKS_MAX = 64 };

struct event;
struct prober;
struct transaction;

struct registry {
    struct registry_options options;
    struct domain_loop *loop;
    struct domain_loop *reading_loop;
    uint64_t epoch;
    struct snapshot_cell view;
    _Atomic bool draining;
    struct under_way under_way;

    /* The domain loop's. */
    struct catalog catalog;
    struct lease_heap leases;
    struct prober *prober;
    struct registry_watches *watches;
    struct registry_xds *xds;
    struct http_sd *http_sd;
    struct registry_metrics metrics; /* read by anybody */
    struct heartbeat_stream *heartbeat_streams;
    uint64_t last_stream; /* the number of the newest of them */
    struct event *lease_tick, *health_tick; /* the two autonomous loops */
    int64_t probed_ms;
    struct scene_notifier *scene; /* told with every new view */
    int64_t watches_ticked_ms;
    size_t holding_count; /* services whose list is held */
    struct target_policy policy;
    struct target_network networks[NETWORKS_MAX];
    struct own_ports own_ports;
    bool listens; /* there, and no longer only according to the configuration */

    /* What the commit thread hands back. */
    pthread_mutex_t settled_lock;
    struct transaction *settled;
    struct transaction **settled_tail;
    bool settle_posted;
    struct domain_task settle_task;
};

/** Make @change, the registry's own doing, durable, then settle it; it holds in any case. NULL: nothing to do. */
void registry_commit(struct registry *registry, struct catalog_change *change);

/** From now on a gap in time is noticed, also one before the first tick. At the start. */
void registry_begin_time(struct registry *registry);
/** Does the store still answer? Asked when it does, and every tick. */
void registry_judge_store(struct registry *registry);

/** The timers of the two loops; they rest. False when out of memory. */
bool registry_make_ticks(struct registry *registry);
/** A heartbeat came for a slot that has lapsed: it is what its checks say again. */
void registry_revive(struct registry *registry, struct catalog_slot *slot);
/** At the start: what the store held of slot->committed tells how it stands. */
void registry_restore_standing(struct registry *registry, struct catalog_slot *slot);
/** The prober's: @slot's checks say something new. */
void registry_on_health(void *arg, struct catalog_slot *slot, enum registry_health state, const char *check,
                        const char *text);

/** The prober's: a check has run. */
void registry_on_check(void *arg, bool passed, int64_t duration_us);

#endif

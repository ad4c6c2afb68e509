/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_PROBER_H
#define REGISTRY_CHECKS_PROBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "registry/catalog.h"
#include "target/target.h"

/* Runs the checks of all instances, on the domain loop: when (schedule.h), how many at once (place.h), what a result
 * means (health.h, flapping.h), and where everybody can read it (board.h). */

struct event_base;
struct prober;

struct prober_options {
    struct event_base *base;
    const struct target_policy *policy; /* borrowed; read at each check */
    const char *nameserver;             /* "ADDR:PORT"; NULL: as the system says */
    /** The checks of @slot say something new all together. On the domain loop. */
    void (*changed)(void *arg, struct catalog_slot *slot, enum registry_health state, const char *check,
                    const char *text);
    /** A check has run; not those of kind ttl. May be NULL. On the domain loop. */
    void (*ran)(void *arg, bool passed, int64_t duration_us);
    void *arg;
};

/** A gap between two ticks (or between a tick and a result) over which nothing was heard of anybody. */
enum { PROBER_STALL_MS = 1000 };

int prober_new(const struct prober_options *options, struct prober **out) MRPC_MUST_USE;
/** Every slot must have been dropped. */
void prober_free(struct prober *prober);

/** slot->committed is new or has changed: begin its checks, keeping what is known where they are the same, and give it
 * its board. False when out of memory. */
bool prober_update(struct prober *prober, struct catalog_slot *slot, int64_t now_ms) MRPC_MUST_USE;
/** It is gone: no callback any more. Those who wait for it are told so. */
void prober_drop(struct prober *prober, struct catalog_slot *slot);

/** A report for a ttl check. False when there is none of that name. */
bool prober_report(struct prober *prober, struct catalog_slot *slot, const char *name, bool passing, const char *text,
                   int64_t now_ms);

/** What its checks say all together, also while that does not count; @without for an instance that has none. */
enum registry_health prober_health(const struct catalog_slot *slot, enum registry_health without);

/** Who waits for the checks of a slot to have run; its owner embeds it. */
struct prober_waiter {
    /** Once, never from inside prober_check_now(). @in_vain: the slot, or its checks, are gone, or the server ends. */
    void (*done)(struct prober_waiter *waiter, bool in_vain);
    TAILQ_ENTRY(prober_waiter) entry;
    struct probe_set *set;
};

enum { PROBER_WAITERS_MAX = 1024 };

/** Run the checks of @slot (but ttl) now; those that run already count. Returns MRPC_OK, RESOURCE_EXHAUSTED when
 *  PROBER_WAITERS_MAX wait already; FAILED_PRECONDITION: there are none to run. */
int prober_check_now(struct prober *prober, struct catalog_slot *slot, struct prober_waiter *waiter,
                     int64_t now_ms) MRPC_MUST_USE;

/** Let nobody wait any more. */
void prober_end_waiting(struct prober *prober);

/** Start what is due. @stalled: the loop itself was held up, so failures now mean nothing and are not counted. */
void prober_tick(struct prober *prober, int64_t now_ms, bool stalled);

struct prober_stats {
    uint64_t configured;
    uint64_t in_flight;
    uint64_t started;
    uint64_t late; /* by more than a second, because too many were in flight */
};
void prober_stats(const struct prober *prober, struct prober_stats *out);

#endif

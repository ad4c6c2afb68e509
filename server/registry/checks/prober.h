/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_PROBER_H
#define REGISTRY_CHECKS_PROBER_H

#include <stdbool.h>
#include <stdint.h>

#include "registry/catalog.h"
#include "registry/checks/target.h"

/* Runs the checks of all instances, on the domain loop: each at its interval with 10 % jitter, its phase taken from a
 * hash of the instance (so that a restart does not bunch them), at most 512 at once. After a first result that speaks
 * against the state the next comes within a second. */

struct event_base;
struct prober;

struct prober_options {
    struct event_base *base;
    const struct target_policy *policy; /* borrowed; read at each check */
    const char *nameserver;             /* "ADDR:PORT"; NULL: as the system says */
    /** The checks of @slot say something new all together. On the domain loop. */
    void (*changed)(void *arg, struct catalog_slot *slot, enum registry_health state, const char *check,
                    const char *text);
    void *arg;
};

enum { PROBER_IN_FLIGHT_MAX = 512 };

int prober_new(const struct prober_options *options, struct prober **out) MRPC_MUST_USE;
/** Every slot must have been dropped. */
void prober_free(struct prober *prober);

/** slot->committed is new or has changed: begin its checks, keeping what is known where they are the same. False when
 * out of memory. */
bool prober_update(struct prober *prober, struct catalog_slot *slot, int64_t now_ms) MRPC_MUST_USE;
/** It is gone: no callback any more. */
void prober_drop(struct prober *prober, struct catalog_slot *slot);

/** A report for a ttl check. False when there is none of that name. */
bool prober_report(struct prober *prober, struct catalog_slot *slot, const char *name, bool passing, const char *text,
                   int64_t now_ms);

/** What its checks say all together, also while that does not count; @without for an instance that has none. */
enum registry_health prober_health(const struct catalog_slot *slot, enum registry_health without);

/** Start what is due. @stalled: the loop itself was held up, so failures now mean nothing and are not counted. */
void prober_tick(struct prober *prober, int64_t now_ms, bool stalled);

/** Fill in the state of each check, in @arena. False when out of memory. */
bool prober_describe(const struct catalog_slot *slot, struct mrpc_arena *arena, PB(InstanceStatus) * status);

struct prober_stats {
    uint64_t configured;
    uint64_t in_flight;
    uint64_t started;
    uint64_t late; /* by more than a second, because too many were in flight */
};
void prober_stats(const struct prober *prober, struct prober_stats *out);

#endif

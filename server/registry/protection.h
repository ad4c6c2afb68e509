/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PROTECTION_H
#define REGISTRY_PROTECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When much of a service falls within seconds, it is more likely that the registry has lost sight of it (a network that
 * is cut, a check that went bad with a release) than that all of it is dead; to hand out the rest, or nobody, would
 * finish it off. So the list is held: who falls stays in it, UNHEALTHY and held, and is handed out when nobody better
 * is there. Only checks and leases count; who deregisters or whose stream breaks is gone. Pure: times are given, in ms
 * of CLOCK_MONOTONIC. (ADR-025)
 *
 *     more than half of at least five fall within 10 s  ─►  held  ─►  at most a third is down, or 10 minutes are over
 */

enum {
    PROTECTION_LEAST_COUNT = 5,
    PROTECTION_WINDOW_S = 10,
    PROTECTION_LINGER_MS = PROTECTION_WINDOW_S * 1000, /* so long an expired lease waits for the others */
    PROTECTION_MOST_MS = 600000,
};

/** Of a service; zeroed at first. */
struct protection {
    bool is_on;
    int64_t since_ms;
    uint32_t held_count;                 /* members that are held */
    int64_t newest_s;                    /* second of the last bucket */
    uint32_t fallen[PROTECTION_WINDOW_S]; /* by the second in which they fell; they are down still */
    char why[64];                        /* "6 of 10 instances failed within 10 s" */
};

/** Of an instance; zeroed at first. */
struct protection_member {
    int64_t fell_ms; /* 0: it stands, or has been down for long */
    bool is_held;
    bool has_lapsed; /* its lease ran out and it is kept: until it is renewed or removed */
};

/** @member, which was handed out until now, has fallen; of @live_count in the service. True when that makes the list
 *  held: then protection_take() everybody who has fallen lately. */
bool protection_fall(struct protection *protection, struct protection_member *member, size_t live_count,
                     int64_t now_ms);
/** @member is held from now on. Only while the list is. */
void protection_take(struct protection *protection, struct protection_member *member);
/** It stands again, or is gone. */
void protection_rise(struct protection *protection, struct protection_member *member);

/** Has it fallen within the window? */
bool protection_fell_lately(const struct protection_member *member, int64_t now_ms);
/** Is there no more reason to hold the list? */
bool protection_is_over(const struct protection *protection, size_t live_count, int64_t now_ms);
/** Hold it no longer. Who is held is let go by protection_rise(). */
void protection_end(struct protection *protection);
/** At the start: the list was held when the server ended, and @member was. */
void protection_restore(struct protection *protection, struct protection_member *member, int64_t now_ms);

#endif

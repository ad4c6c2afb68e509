/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_PLACE_H
#define REGISTRY_CHECKS_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "target/target.h"
#include "registry/checks/terms.h"

/* The places that checks go to, ADDR:PORT each, shared by all checks that name it: how many may be there at once, and
 * the connections that are kept open between two checks. Held by the domain loop alone. */

enum { PLACES_ACTIVE_MAX = 512, PLACE_ACTIVE_MAX = 8 };

struct event_base;
struct evdns_base;
struct place;
struct places;
struct ssl_ctx_st;

struct places_options {
    struct event_base *base;
    struct evdns_base *dns;
    const struct target_policy *policy; /* borrowed; read at each use of a connection */
    size_t active_max; /* checks at once; 0: PLACES_ACTIVE_MAX, fewer where the process may open few files */
    size_t kept_max;   /* connections kept open between checks; 0: what the checks at once leave of two thirds of the
                          files that the process may open, at most 16,384. When that many are kept, a check that ends
                          closes its own. */
};

/** NULL when out of memory. */
struct places *places_new(const struct places_options *options);
/** No place may be held any more. */
void places_free(struct places *places);
const struct places_options *places_options(const struct places *places);
/** The one context of all TLS links; made on first use. NULL when out of memory. */
struct ssl_ctx_st *places_tls(struct places *places);
size_t places_active(const struct places *places);

/** A reference on the place. @address as configured, copied. NULL when out of memory. */
struct place *place_get(struct places *places, const char *address, uint16_t port);
/** With the last one go its kept connections. */
void place_unref(struct place *place);
struct places *place_owner(const struct place *place);
const char *place_address(const struct place *place);
uint16_t place_port(const struct place *place);
/** "ADDR:PORT". */
const char *place_authority(const struct place *place);

/* --- whose turn it is --------------------------------------------------------------------------------------------- */

/** Somebody who wants in; zeroed at first. */
struct place_turn {
    TAILQ_ENTRY(place_turn) entry;
    struct place *place;
    /** It is in now. Called from place_leave() of somebody else. */
    void (*admitted)(struct place_turn *turn);
    struct turn_queue *waits_in; /* NULL: it does not wait */
};
TAILQ_HEAD(turn_queue, place_turn);

/** True: it is in. False: admitted() comes later, in the order of asking. */
bool place_enter(struct place *place, struct place_turn *turn);
/** One that was in is done. */
void place_leave(struct place *place);
/** Wait no longer. */
void place_give_up(struct place_turn *turn);

/* --- connections kept between checks
 * ----------------------------------------------------------------------------------
 */

/** Its owner embeds it. */
struct kept {
    LIST_ENTRY(kept) entry;
    int kind; /* enum link_kind */
    struct terms_mark terms;
    /** The place goes: close it, which calls place_unkeep(). */
    void (*close)(struct kept *kept);
};

/** False when as many are kept as may be. */
bool place_keep(struct place *place, struct kept *kept);
void place_unkeep(struct place *place, struct kept *kept);
/** The first of a LIST. */
struct kept *place_kept(struct place *place);

#endif

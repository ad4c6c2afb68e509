/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CATALOG_H
#define REGISTRY_CATALOG_H

#include "caller/caller.h"
#include "registry/instance.h"
#include "registry/lease.h"
#include "registry/order.h"
#include "registry/protection.h"
#include "registry/shelf.h"
#include "registry/view.h"

/* Who is registered: the rules, without threads, clocks, sockets or disk. Held by the domain loop alone.
 *
 * A command looks at `latest` (what is there, with everything that is on its way to the disk), decides, and gives a
 * change:
 *
 *     command -> change (latest moves) -> store -> settle (committed moves, or latest goes back) -> view
 *
 * Readers see `committed` only. Records are whole, so that a change that commits after one that failed is right by
 * itself.
 */

struct catalog_service;

struct catalog_slot {
    struct catalog_service *service;
    struct catalog_shelf *shelf;
    struct registry_instance *committed; /* NULL: not there */
    struct registry_instance *latest;
    uint32_t pending;      /* changes on their way */
    uint32_t failed_count; /* of changes that could not be written */
    uint32_t transition_count;
    int64_t gone_revision;           /* when committed is NULL */
    struct catalog_slot *gone_older; /* among those that are gone, by gone_revision */
    struct catalog_slot *gone_newer;
    bool gone_listed;
    bool maintenance; /* when it went the machine was in maintenance: it comes back in it */
    struct lease lease;
    uint64_t stream;          /* the number of the heartbeat stream whose breaking it goes with; 0: none */
    struct probe_set *probes; /* the prober's */
    struct protection_member standing;
    char id[];
};

struct catalog_service {
    char *namespace_name;
    char *name;
    struct catalog_shelves shelves; /* of slots, those that are gone among them */
    struct catalog_order order;     /* of what is committed */
    int64_t revision;
    struct protection protection;
    struct registry_cursors *cursors;
    struct registry_service_view *view; /* NULL: none yet, or out of date */
};

struct catalog_limits {
    size_t instances;          /* 0: 200,000 */
    size_t instances_an_owner; /* 0: 100,000 */
    size_t gone_kept;          /* 0: 10,000 */
};

struct catalog {
    struct catalog_limits limits;
    struct catalog_service **services; /* by namespace, name */
    size_t count;
    size_t capacity;
    struct catalog_owner *owners;
    size_t owner_count;
    size_t instance_count; /* latest */
    int64_t revision;      /* of the last change, committed or not */
    int64_t committed_revision;
    struct catalog_slot *gone_oldest;
    struct catalog_slot *gone_newest;
    size_t gone_count;
    struct registry_parts *parts; /* what instances share; NULL before the first */
};

/** One change on its way. Owned by whoever asked for it until catalog_settle(). */
struct catalog_change {
    struct catalog_slot *slot;
    struct registry_instance *before;   /* committed when it was settled; NULL: not there */
    struct registry_instance *instance; /* the new state; of a removal the last contents, its status says why */
    bool removal;
    bool created; /* a new incarnation began */
    int64_t revision;
    uint32_t transition_at; /* which transition of the slot this is, from 0 */
};

void catalog_init(struct catalog *catalog, const struct catalog_limits *limits);
/** No change may be on its way. */
void catalog_fini(struct catalog *catalog);

/** The slot of a key (namespace defaulted), also of one that is gone; NULL if unknown. */
struct catalog_slot *catalog_find(const struct catalog *catalog, const PB(InstanceKey) * key);

/** Register @draft (a reference that passes over, also on failure; not shared yet). *@out is NULL when nothing would
 *  change; *@slot is where it is. @expected: NULL, or the revision that it must have, 0 for none.
 *  Errors: PERMISSION_DENIED, ABORTED, RESOURCE_EXHAUSTED. */
int catalog_register(struct catalog *catalog, struct registry_instance *draft, const struct caller *caller,
                     const int64_t *expected, int64_t wall_ns, struct catalog_slot **slot, struct catalog_change **out,
                     struct fault *fault) MRPC_MUST_USE;

/** The slot of an instance that is there, if @caller may change it. Errors: NOT_FOUND, PERMISSION_DENIED. */
int catalog_touch(const struct catalog *catalog, const PB(InstanceKey) * key, const struct caller *caller,
                  struct catalog_slot **slot, struct fault *fault) MRPC_MUST_USE;

/** Replace the definition of a slot from catalog_touch() by @draft (passes over, also on failure; of the same key).
 *  *@out is NULL when nothing would change. Errors: ABORTED, RESOURCE_EXHAUSTED. */
int catalog_update(struct catalog *catalog, struct catalog_slot *slot, struct registry_instance *draft,
                   const struct caller *caller, const int64_t *expected, int64_t wall_ns,
                   struct catalog_change **out, struct fault *fault) MRPC_MUST_USE;

/** What the operator decided about a slot from catalog_touch(); @health is what it has from then on. *@out is NULL when
 *  nothing would change. Errors: RESOURCE_EXHAUSTED. */
int catalog_set_operator_state(struct catalog *catalog, struct catalog_slot *slot, enum registry_operator_state state,
                               enum registry_health health, const struct registry_cause *cause,
                               struct catalog_change **out, struct fault *fault) MRPC_MUST_USE;

/** Remove one. *@out is NULL when that incarnation is gone already; *@gone_revision says since when.
 *  Errors: NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED. */
int catalog_deregister(struct catalog *catalog, const PB(InstanceKey) * key, int64_t incarnation,
                       const struct caller *caller, const char *reason, int64_t wall_ns,
                       struct catalog_change **out, int64_t *gone_revision, struct fault *fault) MRPC_MUST_USE;

/** May @caller send heartbeats for that incarnation (0: any)? Errors: NOT_FOUND, PERMISSION_DENIED. */
int catalog_heartbeat(const struct catalog *catalog, const PB(InstanceKey) * key, int64_t incarnation,
                      const struct caller *caller, struct catalog_slot **slot,
                      struct fault *fault) MRPC_MUST_USE;

/** What happens by itself: expiry, and health with whether it is held (which stay as they are in maintenance). NULL
 * when there is nothing to change or no memory for it. */
struct catalog_change *catalog_remove(struct catalog *catalog, struct catalog_slot *slot,
                                      const struct registry_cause *cause);
struct catalog_change *catalog_set_health(struct catalog *catalog, struct catalog_slot *slot,
                                          enum registry_health health, bool held, const struct registry_cause *cause);

/** The store has answered; changes are settled in the order in which they were made. @applied: it holds from now on.
 *  change->before is set. The change is then still the caller's, for catalog_change_free(). */
void catalog_settle(struct catalog *catalog, struct catalog_change *change, bool applied);
void catalog_change_free(struct catalog_change *change);

/** The oldest slot that is gone beyond the limit, taken out and to be freed with catalog_slot_free(); NULL: none. */
struct catalog_slot *catalog_take_forgettable(struct catalog *catalog);
void catalog_slot_free(struct catalog *catalog, struct catalog_slot *slot);

/** An instance with that definition, which is copied. NULL when out of memory. */
struct registry_instance *catalog_make_instance(struct catalog *catalog, const PB(Instance) * definition,
                                                const char *owner, const char *peer,
                                                const struct registry_state *state);

/** At the start: what the store held. @instance passes over. */
int catalog_restore(struct catalog *catalog, struct registry_instance *instance, uint32_t transition_count,
                    struct catalog_slot **slot) MRPC_MUST_USE;
int catalog_restore_gone(struct catalog *catalog, const PB(InstanceKey) * key, uint32_t transition_count,
                         int64_t revision, bool maintenance) MRPC_MUST_USE;

/** Call @visit for each slot (of @service), those that are gone among them; it may not add or remove any. */
void catalog_service_each(struct catalog_service *service, void (*visit)(void *arg, struct catalog_slot *slot),
                          void *arg);
void catalog_each(struct catalog *catalog, void (*visit)(void *arg, struct catalog_slot *slot), void *arg);

/** A view of what is committed. NULL when out of memory. */
struct registry_view *catalog_view(struct catalog *catalog, uint64_t epoch);

#endif

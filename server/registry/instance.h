/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_INSTANCE_H
#define REGISTRY_INSTANCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mrpc/arena.h>

#include "fault/fault.h"
#include "registry/body.h"

struct board;

/* One state of one instance. Built by one thread, immutable once it is shared, then held by the catalog, by views and
 * by watch messages alike; a change makes a new one, which shares the body with the one before.
 *
 * A draft is one that a client sent and nobody else has yet: it has an arena and no state. */
struct registry_instance {
    _Atomic uint32_t references;
    struct mrpc_arena *arena;   /* a draft's */
    struct registry_body *body; /* NULL: a draft */
    PB(Instance) * message;
    const char *peer; /* the numeric address that registered it; "" when unknown */
    struct board *board; /* what its checks find, set before it is shared; NULL: it has none */
};

/** A copy of @source as a draft with one reference, the caller's. NULL when out of memory. */
struct registry_instance *registry_instance_draft(const PB(Instance) * source, const char *peer);
struct registry_instance *registry_instance_ref(struct registry_instance *instance);
void registry_instance_unref(struct registry_instance *instance);

/** Who, why, when. Times: @wall_ns since 1970. */
struct registry_cause {
    enum registry_reason reason;
    const char *actor;
    const char *text;
    int64_t wall_ns;
};

/** What changes from state to state. */
struct registry_state {
    enum registry_health health;
    enum registry_operator_state operator_state;
    bool held;                   /* kept although it has fallen: see protection.h */
    struct registry_cause cause; /* of this state, and since when */
    int64_t incarnation;
    int64_t revision;
    int64_t create_ns;
    int64_t update_ns;
};

/** An instance of that body (a reference that passes over, also on failure) and state. NULL when out of memory. */
struct registry_instance *registry_instance_new(struct registry_body *body, const struct registry_state *state);
/** The state of @instance, its texts borrowed. */
struct registry_state registry_instance_state(const struct registry_instance *instance);

/** True when both say the same apart from what the registry itself adds. */
bool registry_instance_same_definition(const struct registry_instance *a, const struct registry_instance *b);

/** True when what the checks talk to, and how, is the same, so that what they found still holds. */
bool registry_instance_same_checks(const struct registry_instance *a, const struct registry_instance *b);

enum registry_health registry_instance_health(const struct registry_instance *instance);
enum registry_operator_state registry_instance_operator_state(const struct registry_instance *instance);
bool registry_instance_is_held(const struct registry_instance *instance);
/** May it get new work? Draining instances and those in maintenance may not, whatever their health. */
bool registry_instance_in_service(const struct registry_instance *instance);
/** 0: no lease. */
int64_t registry_instance_lease_ms(const struct registry_instance *instance);
/** Duration in ms, rounded up; -1 for NULL. */
int64_t registry_duration_ms(const Google__Protobuf__Duration *duration);

#endif

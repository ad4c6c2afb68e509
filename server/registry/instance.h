/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_INSTANCE_H
#define REGISTRY_INSTANCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mrpc/arena.h>

#include "fault/fault.h"
#include "registry/message.h"

struct board;

/* One state of one instance. Built by one thread, immutable once it is shared, then held by the catalog, by views and
 * by watch messages alike; a change makes a new one. */
struct registry_instance {
    _Atomic uint32_t references;
    struct mrpc_arena *arena;
    PB(Instance) * message;
    const char *peer; /* the numeric address that registered it; "" when unknown */
    struct board *board; /* what its checks find, set before it is shared; NULL: it has none */
};

/** A copy of @source with one reference, the caller's. NULL when out of memory. */
struct registry_instance *registry_instance_copy(const PB(Instance) * source, const char *peer);
struct registry_instance *registry_instance_ref(struct registry_instance *instance);
void registry_instance_unref(struct registry_instance *instance);

/** Who, why, when. Times: @wall_ns since 1970. While it is not shared. Returns 0 or RESOURCE_EXHAUSTED. */
struct registry_cause {
    enum registry_reason reason;
    const char *actor;
    const char *text;
    int64_t wall_ns;
};
/** What the operator decided stays as it is; ACTIVE at first. */
int registry_instance_set_status(struct registry_instance *instance, enum registry_health state,
                                 const struct registry_cause *cause) MRPC_MUST_USE;
/** Behind set_status, while it is not shared. */
void registry_instance_set_operator_state(struct registry_instance *instance, enum registry_operator_state state);
/** Set create_time (0: keep it) and update_time. */
int registry_instance_set_times(struct registry_instance *instance, int64_t create_ns, int64_t update_ns) MRPC_MUST_USE;

/** True when both say the same apart from what the registry itself adds. -1 when out of memory. */
int registry_instance_same_definition(const struct registry_instance *a, const struct registry_instance *b);

/** True when what the checks talk to, and how, is the same, so that what they found still holds. */
bool registry_instance_same_checks(const struct registry_instance *a, const struct registry_instance *b);

enum registry_health registry_instance_health(const struct registry_instance *instance);
enum registry_operator_state registry_instance_operator_state(const struct registry_instance *instance);
/** May it get new work? Draining instances and those in maintenance may not, whatever their health. */
bool registry_instance_in_service(const struct registry_instance *instance);
/** 0: no lease. */
int64_t registry_instance_lease_ms(const struct registry_instance *instance);
/** Duration in ms, rounded up; -1 for NULL. */
int64_t registry_duration_ms(const Google__Protobuf__Duration *duration);

#endif

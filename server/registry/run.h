/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_RUN_H
#define REGISTRY_RUN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Neighbours of a service, by id, with a reference on each: what successive views share of each other, so that a new
 * view touches the instances of the shelf that changed and no others. Immutable. */

struct registry_instance;

struct registry_health_counts {
    size_t serving; /* healthy, and in service */
    size_t healthy;
    size_t unhealthy;
    size_t unknown;
};

struct registry_run {
    _Atomic uint32_t references;
    uint32_t count;
    struct registry_health_counts health;
    struct registry_instance *instances[];
};

/** NULL when out of memory. */
struct registry_run *registry_run_new(struct registry_instance *const *instances, size_t count);
struct registry_run *registry_run_ref(struct registry_run *run);
void registry_run_unref(struct registry_run *run);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/run.h"

#include <stdlib.h>

#include "registry/instance.h"

static void count(struct registry_health_counts *counts, const struct registry_instance *instance)
{
    switch (registry_instance_health(instance)) {
    case HEALTH_HEALTHY:
        counts->healthy++;
        counts->serving += registry_instance_in_service(instance);
        break;
    case HEALTH_UNHEALTHY:
        counts->unhealthy++;
        break;
    default:
        counts->unknown++;
    }
}

struct registry_run *registry_run_new(struct registry_instance *const *instances, size_t instance_count)
{
    struct registry_run *run = malloc(sizeof *run + instance_count * sizeof *run->instances);
    if (!run)
        return NULL;
    atomic_init(&run->references, 1);
    run->count = (uint32_t)instance_count;
    run->health = (struct registry_health_counts){0};
    for (size_t i = 0; i < instance_count; i++) {
        run->instances[i] = registry_instance_ref(instances[i]);
        count(&run->health, instances[i]);
    }
    return run;
}

struct registry_run *registry_run_ref(struct registry_run *run)
{
    atomic_fetch_add_explicit(&run->references, 1, memory_order_relaxed);
    return run;
}

void registry_run_unref(struct registry_run *run)
{
    if (!run || atomic_fetch_sub_explicit(&run->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < run->count; i++)
        registry_instance_unref(run->instances[i]);
    free(run);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"
#include "registry/service.h"

/* The registry's two autonomous loops as components of their own: timers on its domain loop, which begin after it and
 * end before it. */

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    *out = dependencies[0];
    return 0;
}

static int start_leases(void *instance, struct fault *fault)
{
    return registry_run_leases(instance, true) ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "lease loop") : 0;
}

static void stop_leases(void *instance)
{
    if (registry_run_leases(instance, false))
        log_warn(registry_log(instance), "registry", "the lease loop ends with the service");
}

static int start_health(void *instance, struct fault *fault)
{
    return registry_run_health(instance, true) ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "health loop") : 0;
}

static void stop_health(void *instance)
{
    if (registry_run_health(instance, false))
        log_warn(registry_log(instance), "registry", "the health loop ends with the service");
}

static const char *const dependencies[] = {"registry", NULL};

const struct component lease_loop_component = {
    .name = "lease_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start_leases,
    .stop = stop_leases,
};

const struct component health_loop_component = {
    .name = "health_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start_health,
    .stop = stop_health,
};

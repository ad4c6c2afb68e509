/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct admin *admin;
    if (admin_new(dependencies[0], dependencies[1], dependencies[2], dependencies[3], dependencies[4], dependencies[5],
                  dependencies[6], &admin) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *out = admin;
    return 0;
}

static void destroy(void *instance)
{
    admin_free(instance);
}

static const char *const dependencies[] = {"log", "config", "control", "store", "thread_pool", "access",
                                           "watchdog", NULL};

const struct component admin_component = {
    .name = "admin",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};

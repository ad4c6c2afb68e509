/* SPDX-License-Identifier: Apache-2.0 */
#include "api/server.h"

/* In the order of the names below. */
enum dependency {
    CONFIG,
    LOG,
    REGISTRY,
    ADMIN,
    EXECUTION,
    DIAGRAM,
    POOL,
};

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct api_services services = {.pool = dependencies[POOL], .registry = dependencies[REGISTRY], .admin = dependencies[ADMIN],
                                          .execution = dependencies[EXECUTION],
                                          .diagram = dependencies[DIAGRAM],
    };
    struct api *api;
    int code = api_new(dependencies[CONFIG], dependencies[LOG], &services, &api, fault);
    if (code)
        return code;
    *out = api;
    return 0;
}

static int start(void *instance, struct fault *fault)
{
    return api_start(instance, fault);
}

static void stop(void *instance)
{
    api_stop(instance);
}

static void destroy(void *instance)
{
    api_free(instance);
}

static const char *const dependencies[] = {"config", "log", "registry", "admin",
                                           "execution",
                                           "diagram", "thread_pool",
                                           NULL};

const struct component api_component = {
    .name = "api",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

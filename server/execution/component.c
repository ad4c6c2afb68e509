/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct execution_parts parts = {
        .config = dependencies[0],
        .log = dependencies[1],
        .bus = dependencies[2],
        .store = dependencies[3],
        .threads = dependencies[4],
        .processes = dependencies[5],
    };
    struct execution *execution;
    int code = execution_new(&parts, &execution, fault);
    if (code)
        return code;
    *out = execution;
    return 0;
}

static int start(void *instance, struct fault *fault)
{
    return execution_start(instance, fault);
}

static void stop(void *instance)
{
    execution_stop(instance);
}

static void destroy(void *instance)
{
    execution_free(instance);
}

static const char *const dependencies[] = {"config", "log", "bus", "store", "thread_pool", "process_pool", NULL};

const struct component execution_component = {
    .name = "execution",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

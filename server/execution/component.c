/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/reloadable.h"
#include "execution/engine.h"
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
        .operations = dependencies[6],
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

static const char *const dependencies[] = {"config",      "log",          "bus",       "store",
                                           "thread_pool", "process_pool", "operation", NULL};

const struct component execution_component = {
    .name = "execution",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

static int reload(void *self, const char **done, struct fault *fault)
{
    *done = "configurations and plugins read again";
    return execution_reload(self, fault);
}

static int create_reload(void *const *needs, void **out, struct fault *fault)
{
    struct reloadable *part = malloc(sizeof *part);
    if (!part)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *part = (struct reloadable){.name = "models", .reload = reload, .self = needs[0]};
    *out = part;
    return 0;
}

static const char *const reload_dependencies[] = {"execution", NULL};

const struct component models_reload_component = {
    .name = "models_reload",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = reload_dependencies,
    .create = create_reload,
    .destroy = free,
    .provides = "reloadable",
    .key = "models",
};

static int give_execution(void *const *needs, void **out, struct fault *fault)
{
    *out = ((struct execution *)needs[0])->loop;
    return 0;
}

static const char *const watched_needs[] = {"execution", NULL};

const struct component execution_watched_component = {
    .name = "execution_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = watched_needs,
    .create = give_execution,
    .provides = "loop",
    .key = "execution",
};

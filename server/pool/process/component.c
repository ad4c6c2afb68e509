/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include <stdio.h>

#include "config/paths.h"
#include "pool/component.h"
#include "pool/process/process_pool.h"

static int find(const struct config *config, const char *key, const char *const *candidates, char out[PATHS_BYTES],
                struct fault *fault)
{
    const char *configured = config_text(config, key);
    if (configured && snprintf(out, PATHS_BYTES, "%s", configured) < PATHS_BYTES)
        return 0;
    if (paths_find(candidates, out) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: there is no %s; say where it is", key, out);
    return 0;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct config *config = dependencies[0];
    char worker[PATHS_BYTES], plugins[PATHS_BYTES];
    int code = find(config, "execution.worker", paths_worker, worker, fault);
    if (!code)
        code = find(config, "execution.plugins_dir", paths_plugins, plugins, fault);
    if (code)
        return code;
    const char *const folders[] = {plugins, NULL};
    const struct process_pool_options options = {
        .worker_path = worker,
        .plugin_folders = folders,
        .workers = (unsigned)config_number(config, "execution.workers"),
        .log = dependencies[1],
    };
    struct process_pool *pool;
    code = process_pool_new(&options, &pool, fault);
    if (code)
        return code;
    *out = pool;
    return 0;
}

static int start(void *instance, struct fault *fault)
{
    return process_pool_start(instance, fault);
}

static void stop(void *instance)
{
    process_pool_stop(instance);
}

static void destroy(void *instance)
{
    process_pool_free(instance);
}

static const char *const dependencies[] = {"config", "log", NULL};

const struct component process_pool_component = {
    .name = "process_pool",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/paths.h"
#include "pool/component.h"
#include "pool/process/pool_state.h"
#include "pool/process/process_pool.h"

/* What the configuration says, made absolute, else what lies beside the executable. */
static int find(const struct config *config, const char *key, const char *const *beside, char out[PATHS_BYTES],
                struct fault *fault)
{
    const char *configured = config_text(config, key);
    char *real = configured ? realpath(configured, NULL) : NULL;
    int found = configured ? real != NULL : paths_find(beside, out) == 0;

    if (real)
        snprintf(out, PATHS_BYTES, "%s", real);
    free(real);
    if (!found)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: \"%.300s\" is not there", key,
                         configured ? configured : out);
    return 0;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct config *config = dependencies[0];
    char worker[PATHS_BYTES], plugins[PATHS_BYTES];
    const char *const folders[] = {plugins, NULL};
    struct process_pool_options options = {
        .worker_path = worker,
        .plugin_folders = folders,
        .workers = (unsigned)config_number(config, "execution.workers"),
        .poll_us = (unsigned)config_number(config, "execution.worker_poll_us"),
        .log = dependencies[1],
        .bus = dependencies[2],
    };
    struct process_pool *pool;
    int code;

    if ((code = find(config, "execution.worker", paths_worker, worker, fault)) ||
        (code = find(config, "execution.plugins_dir", paths_plugins, plugins, fault)) ||
        (code = process_pool_new(&options, &pool, fault)))
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

static const char *const dependencies[] = {"config", "log", "bus", NULL};

const struct component process_pool_component = {
    .name = "process_pool",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

static int give_pool(void *const *needs, void **out, struct fault *fault)
{
    *out = ((struct process_pool *)needs[0])->loop;
    return 0;
}

static const char *const watched_needs[] = {"process_pool", NULL};

const struct component process_pool_watched_component = {
    .name = "pool_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = watched_needs,
    .create = give_pool,
    .provides = "loop",
    .key = "pool",
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "pool/component.h"
#include "pool/thread/thread_pool.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct config *config = dependencies[0];
    struct thread_pool_options options = {.name = "io",
                                          .threads = (unsigned)config_number(config, "execution.threads")};
    struct thread_pool *pool;

    if (thread_pool_new(&options, &pool) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for the thread pool");
    *out = pool;
    return 0;
}

static int start(void *instance, struct fault *fault)
{
    return thread_pool_start(instance) == 0 ? 0
                                            : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "a thread cannot be started");
}

static void stop(void *instance)
{
    thread_pool_stop(instance);
}

static void destroy(void *instance)
{
    thread_pool_free(instance);
}

static const char *const dependencies[] = {"config", NULL};

const struct component thread_pool_component = {
    .name = "thread_pool",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

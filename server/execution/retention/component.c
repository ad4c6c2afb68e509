/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/engine.h"
#include "execution/retention/retention.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    *out = dependencies[0];
    return 0;
}

static void begin(void *engine)
{
    retention_start(engine);
}

static void end(void *engine)
{
    retention_stop(engine);
}

static int start(void *instance, struct fault *fault)
{
    struct execution *engine = instance;
    return domain_loop_post(engine->loop, begin, engine) ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "retention loop")
                                                         : 0;
}

static void stop(void *instance)
{
    struct execution *engine = instance;
    if (domain_loop_post(engine->loop, end, engine))
        log_warn(engine->log, "execution", "the retention loop ends with the service");
}

static const char *const dependencies[] = {"execution", NULL};

const struct component retention_loop_component = {
    .name = "retention_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
};

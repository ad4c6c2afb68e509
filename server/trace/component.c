/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/component.h"

#include "config/config.h"
#include "trace/trace.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct trace_ring *ring;
    if (trace_ring_new((size_t)config_number(dependencies[0], "traces.kept"), &ring))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for traces.kept");
    *out = ring;
    return 0;
}

static void destroy(void *instance)
{
    trace_ring_free(instance);
}

static const char *const dependencies[] = {"config", NULL};

const struct component traces_component = {
    .name = "traces",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "events/component.h"

#include "events/bus.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct bus *bus;
    if (bus_new(&bus) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *out = bus;
    return 0;
}

static void destroy(void *instance)
{
    bus_free(instance);
}

const struct component bus_component = {
    .name = "bus",
    .lifetime = COMPONENT_SINGLETON,
    .create = create,
    .destroy = destroy,
};

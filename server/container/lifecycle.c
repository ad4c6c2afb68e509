/* SPDX-License-Identifier: Apache-2.0 */
#include "container/graph.h"

static int create_all(struct container *container, struct fault *fault)
{
    for (size_t i = 0; i < container->count; i++) {
        struct container_entry *entry = &container->entries[container->order[i]];
        if (!entry->component || entry->component->lifetime != COMPONENT_SINGLETON)
            continue;
        void *unused;
        int code = container_resolve(container, entry, NULL, &container->made, &unused, fault);
        if (code)
            return code;
    }
    return 0;
}

static int start_all(struct container *container, struct fault *fault)
{
    for (size_t i = 0; i < container->count; i++) {
        struct container_entry *entry = &container->entries[container->order[i]];
        if (!entry->object || !entry->component || !entry->component->start)
            continue;
        if (entry->component->start(entry->object, fault) != 0)
            return fault_prefix(fault, "%s", entry->name);
        entry->started = true;
    }
    return 0;
}

int container_start(struct container *container, struct fault *fault)
{
    if (container->running)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "the container already runs");
    int code = container_validate(container, fault);
    if (code)
        return code;
    container->running = true;
    code = create_all(container, fault);
    if (!code)
        code = start_all(container, fault);
    if (code)
        container_stop(container);
    return code;
}

void container_stop(struct container *container)
{
    for (size_t i = container->count; container->running && i-- > 0;) {
        struct container_entry *entry = &container->entries[container->order[i]];
        if (entry->started && entry->component->stop)
            entry->component->stop(entry->object);
        entry->started = false;
    }
    container_dispose(&container->made);
    container->running = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#include "container/graph.h"

int container_new(struct container **out)
{
    struct container *container = calloc(1, sizeof *container);
    if (!container)
        return MRPC_ERR_NOMEM;
    *out = container;
    return 0;
}

void container_free(struct container *container)
{
    if (!container)
        return;
    container_stop(container);
    free(container);
}

struct container_entry *container_find(const struct container *container, const char *name)
{
    for (size_t i = 0; i < container->count; i++)
        if (strcmp(container->entries[i].name, name) == 0)
            return (struct container_entry *)&container->entries[i];
    return NULL;
}

static int add_entry(struct container *container, const char *name, struct container_entry **out, struct fault *fault)
{
    if (container->running)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s: the container already runs", name);
    if (container_find(container, name))
        return fault_set(fault, MRPC_ALREADY_EXISTS, "component %s is provided twice", name);
    if (container->count == CONTAINER_ENTRIES)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "more than %d components", CONTAINER_ENTRIES);
    *out = &container->entries[container->count++];
    **out = (struct container_entry){.name = name};
    return 0;
}

int container_add(struct container *container, const struct component *component, struct fault *fault)
{
    struct container_entry *entry;
    int code = add_entry(container, component->name, &entry, fault);
    if (code)
        return code;
    entry->component = component;
    return 0;
}

int container_add_value(struct container *container, const char *name, void *value, struct fault *fault)
{
    struct container_entry *entry;
    int code = add_entry(container, name, &entry, fault);
    if (code)
        return code;
    entry->object = value;
    return 0;
}

int container_override(struct container *container, const struct component *component, struct fault *fault)
{
    struct container_entry *entry = container_find(container, component->name);
    if (!entry)
        return fault_set(fault, MRPC_NOT_FOUND, "there is no component %s to override", component->name);
    if (container->running)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s: the container already runs", component->name);
    *entry = (struct container_entry){.name = component->name, .component = component};
    return 0;
}

struct container_entry *container_outermost(struct container_entry *entry)
{
    while (entry->outer)
        entry = entry->outer;
    return entry;
}

void *container_get(const struct container *container, const char *name)
{
    struct container_entry *entry = container_find(container, name);
    if (!entry)
        return NULL;
    bool factory = entry->component && entry->component->lifetime == COMPONENT_FACTORY;
    return factory ? &entry->factory : container_outermost(entry)->object;
}

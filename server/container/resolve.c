/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "container/graph.h"

static int out_of_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* The instances that @entry's create gets, in the order of its declaration. */
static int resolve_arguments(struct container *container, struct container_entry *entry, struct container_scope *scope,
                             struct container_made **made, void ***out, struct fault *fault)
{
    void **arguments = calloc(entry->dependency_count + 1, sizeof *arguments);
    if (!arguments)
        return out_of_memory(fault);
    for (size_t i = 0; i < entry->dependency_count; i++) {
        struct container_entry *dependency = &container->entries[entry->dependencies[i]];
        int code = container_resolve(container, dependency, scope, made, &arguments[i], fault);
        if (code) {
            free(arguments);
            return code;
        }
    }
    *out = arguments;
    return 0;
}

static int make(struct container *container, struct container_entry *entry, struct container_scope *scope,
                struct container_made **made, void **out, struct fault *fault)
{
    void **arguments = NULL;
    int code = resolve_arguments(container, entry, scope, made, &arguments, fault);
    if (code)
        return code;
    struct container_made *record = calloc(1, sizeof *record);
    if (!record) {
        free(arguments);
        return out_of_memory(fault);
    }
    *record = (struct container_made){.entry = entry, .arguments = arguments};
    if (entry->component->lifetime == COMPONENT_FACTORY) {
        entry->factory = (struct component_factory){entry->component, arguments};
    } else {
        code = entry->component->create(arguments, &record->object, fault);
        if (code) {
            free(arguments);
            free(record);
            return fault_prefix(fault, "%s", entry->name);
        }
    }
    record->older = *made;
    *made = record;
    *out = record->object;
    return 0;
}

static struct container_made *find_scoped(struct container_scope *scope, const struct container_entry *entry)
{
    for (struct container_made *made = scope->made; made; made = made->older)
        if (made->entry == entry)
            return made;
    return NULL;
}

static int resolve_factory(struct container *container, struct container_entry *entry, struct container_made **made,
                           void **out, struct fault *fault)
{
    void *unused;
    int code = entry->factory.component ? 0 : make(container, entry, NULL, made, &unused, fault);
    if (!code)
        *out = &entry->factory;
    return code;
}

int container_resolve(struct container *container, struct container_entry *entry, struct container_scope *scope,
                      struct container_made **made, void **out, struct fault *fault)
{
    if (!entry->component || entry->object) {
        *out = entry->object;
        return 0;
    }
    switch (entry->component->lifetime) {
    case COMPONENT_SINGLETON: {
        int code = make(container, entry, NULL, made, &entry->object, fault);
        *out = entry->object;
        return code;
    }
    case COMPONENT_FACTORY:
        return resolve_factory(container, entry, made, out, fault);
    case COMPONENT_SCOPED: {
        if (!scope)
            return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s exists only in a scope", entry->name);
        struct container_made *found = find_scoped(scope, entry);
        if (!found)
            return make(container, entry, scope, made, out, fault);
        *out = found->object;
        return 0;
    }
    case COMPONENT_TRANSIENT:
        return make(container, entry, scope, made, out, fault);
    }
    return fault_set(fault, MRPC_INTERNAL, "%s has no lifetime", entry->name);
}

void container_dispose(struct container_made **made)
{
    while (*made) {
        struct container_made *record = *made;
        *made = record->older;
        struct container_entry *entry = record->entry;
        if (entry->component->destroy && record->object)
            entry->component->destroy(record->object);
        if (entry->component->lifetime == COMPONENT_SINGLETON)
            entry->object = NULL;
        if (entry->component->lifetime == COMPONENT_FACTORY)
            entry->factory = (struct component_factory){NULL, NULL};
        free(record->arguments);
        free(record);
    }
}

int component_factory_make(const struct component_factory *factory, void **out, struct fault *fault)
{
    int code = factory->component->create(factory->dependencies, out, fault);
    return code ? fault_prefix(fault, "%s", factory->component->name) : 0;
}

void component_factory_destroy(const struct component_factory *factory, void *instance)
{
    if (instance && factory->component->destroy)
        factory->component->destroy(instance);
}

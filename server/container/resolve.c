/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "container/graph.h"

static int out_of_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* Where the arguments of one create lie: a pointer a need, then the lists, then what is in the lists. */
static void **arguments_new(const struct container_entry *entry)
{
    size_t lists = 0, listed = 0;
    for (size_t i = 0; i < entry->need_count; i++) {
        lists += entry->needs[i].list;
        listed += entry->needs[i].list ? entry->needs[i].count : 0;
    }
    return calloc(1, (entry->need_count + 1 + listed) * sizeof(void *) + lists * sizeof(struct component_list));
}

/* What @entry's create gets, in the order of its declaration. */
static int fill_arguments(struct container *container, struct container_entry *entry, struct container_scope *scope,
                          struct container_made **made, void **arguments, struct fault *fault)
{
    struct component_list *list = (struct component_list *)(void *)(arguments + entry->need_count + 1);
    size_t lists = 0;
    for (size_t i = 0; i < entry->need_count; i++)
        lists += entry->needs[i].list;
    void **next_listed = (void **)(void *)(list + lists);
    for (size_t i = 0; i < entry->need_count; i++) {
        const struct container_need *need = &entry->needs[i];
        void **objects = need->list ? next_listed : &arguments[i];
        for (size_t j = 0; j < need->count; j++) {
            struct container_entry *dependency = &container->entries[container->links[need->first + j]];
            int code = container_resolve(container, dependency, scope, made, &objects[j], fault);
            if (code)
                return code;
        }
        if (need->list) {
            *list = (struct component_list){need->count, objects};
            next_listed += need->count;
            arguments[i] = list++;
        }
    }
    return 0;
}

int container_make(struct container *container, struct container_entry *entry, struct container_scope *scope,
                   struct container_made **made, void **out, struct fault *fault)
{
    struct container_made *record = calloc(1, sizeof *record);
    void **arguments = arguments_new(entry);
    int code =
        record && arguments ? fill_arguments(container, entry, scope, made, arguments, fault) : out_of_memory(fault);
    if (code == 0) {
        *record = (struct container_made){.entry = entry, .arguments = arguments};
        code = entry->component->create(arguments, &record->object, fault);
        if (code)
            fault_prefix(fault, "%s", entry->name);
    }
    if (code) {
        free(arguments);
        free(record);
        return code;
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

int container_resolve(struct container *container, struct container_entry *entry, struct container_scope *scope,
                      struct container_made **made, void **out, struct fault *fault)
{
    if (!entry->component || entry->object) {
        *out = entry->object;
        return 0;
    }
    switch (entry->component->lifetime) {
    case COMPONENT_SINGLETON: {
        int code = container_make(container, entry, NULL, made, &entry->object, fault);
        *out = entry->object;
        return code;
    }
    case COMPONENT_FACTORY:
        *out = &entry->factory;
        return 0;
    case COMPONENT_SCOPED: {
        if (!scope)
            return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s exists only in a scope", entry->name);
        struct container_made *found = find_scoped(scope, entry);
        if (!found)
            return container_make(container, entry, scope, made, out, fault);
        *out = found->object;
        return 0;
    }
    case COMPONENT_TRANSIENT:
        return container_make(container, entry, scope, made, out, fault);
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
        free(record->arguments);
        free(record);
    }
}

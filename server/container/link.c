/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "container/graph.h"

/* From what components say that they need to the entries that they are given. */

/* What a dependency asks for: "interface", "interface:key" or "interface[]". */
struct wanted {
    const char *interface;
    size_t interface_length;
    const char *key; /* NULL: none */
    bool list;
};

static struct wanted parse(const char *text)
{
    size_t length = strlen(text);
    const char *colon = strchr(text, ':');
    if (length > 2 && strcmp(text + length - 2, "[]") == 0)
        return (struct wanted){text, length - 2, NULL, true};
    if (colon)
        return (struct wanted){text, (size_t)(colon - text), colon + 1, false};
    return (struct wanted){text, length, NULL, false};
}

static bool provides(const struct container_entry *entry, const struct wanted *wanted)
{
    const struct component *component = entry->component;
    return component && component->provides && strlen(component->provides) == wanted->interface_length &&
           memcmp(component->provides, wanted->interface, wanted->interface_length) == 0 &&
           (!wanted->key || (component->key && strcmp(component->key, wanted->key) == 0));
}

static int add_link(struct container *container, struct container_need *need, struct container_entry *entry,
                    struct fault *fault)
{
    if (container->link_count == CONTAINER_LINKS)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "more than %d dependencies", CONTAINER_LINKS);
    container->links[container->link_count++] = (size_t)(entry - container->entries);
    need->count++;
    return 0;
}

static int link_providers(struct container *container, const struct wanted *wanted, struct container_need *need,
                          struct fault *fault)
{
    for (size_t i = 0; i < container->count; i++) {
        if (!provides(&container->entries[i], wanted))
            continue;
        int code = add_link(container, need, container_outermost(&container->entries[i]), fault);
        if (code)
            return code;
    }
    return 0;
}

static int complain_of_count(const struct container *container, const struct container_entry *entry, const char *text,
                             const struct container_need *need, struct fault *fault)
{
    if (need->count == 0)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s needs %s, which nobody provides", entry->name, text);
    return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s needs %s, which %s and %s provide: say which", entry->name,
                     text, container->entries[container->links[need->first]].name,
                     container->entries[container->links[need->first + 1]].name);
}

static int link_need(struct container *container, struct container_entry *entry, const char *text, struct fault *fault)
{
    if (entry->need_count == CONTAINER_NEEDS)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "%s has more than %d dependencies", entry->name,
                         CONTAINER_NEEDS);
    struct container_need *need = &entry->needs[entry->need_count++];
    struct wanted wanted = parse(text);
    *need = (struct container_need){.first = container->link_count, .list = wanted.list};
    if (entry->inner && strcmp(text, entry->component->decorates) == 0)
        return add_link(container, need, entry->inner, fault);
    struct container_entry *named = wanted.list || wanted.key ? NULL : container_find(container, text);
    if (named)
        return add_link(container, need, container_outermost(named), fault);
    int code = link_providers(container, &wanted, need, fault);
    if (code || wanted.list || need->count == 1)
        return code;
    return complain_of_count(container, entry, text, need, fault);
}

/* Put a decorator around what it decorates, outside of those that were added before it. */
static int wrap(struct container *container, struct container_entry *entry, struct fault *fault)
{
    const char *name = entry->component->decorates;
    struct container_entry *inner = container_find(container, name);
    if (!inner || inner == entry)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s decorates %s, which nobody provides", entry->name, name);
    if (!inner->component || inner->component->lifetime != entry->component->lifetime ||
        entry->component->lifetime == COMPONENT_FACTORY)
        return fault_set(fault, MRPC_FAILED_PRECONDITION,
                         "%s cannot decorate %s: their lifetimes differ, or it is a factory", entry->name, name);
    inner = container_outermost(inner);
    inner->outer = entry;
    entry->inner = inner;
    return 0;
}

static int link_needs(struct container *container, struct container_entry *entry, struct fault *fault)
{
    int code = 0;
    for (const char *const *text = entry->component->dependencies; text && *text && code == 0; text++)
        code = link_need(container, entry, *text, fault);
    return code;
}

int container_link(struct container *container, struct fault *fault)
{
    int code = 0;
    container->link_count = 0;
    for (size_t i = 0; i < container->count; i++) {
        struct container_entry *entry = &container->entries[i];
        entry->inner = entry->outer = NULL;
        entry->need_count = 0;
        entry->factory = (struct component_factory){container, entry};
    }
    for (size_t i = 0; i < container->count && code == 0; i++)
        if (container->entries[i].component && container->entries[i].component->decorates)
            code = wrap(container, &container->entries[i], fault);
    for (size_t i = 0; i < container->count && code == 0; i++)
        if (container->entries[i].component)
            code = link_needs(container, &container->entries[i], fault);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "container/graph.h"

/* A depth-first walk; `path` is where it stands, so that a fault can tell the whole way. */
struct walk {
    struct container *container;
    struct fault *fault;
    size_t path[CONTAINER_ENTRIES];
    size_t depth;
    enum { UNSEEN, OPEN, DONE } marks[CONTAINER_ENTRIES];
    size_t ordered;
};

static void write_path(const struct walk *walk, size_t from, size_t last, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = from; i < walk->depth && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s -> ", walk->container->entries[walk->path[i]].name);
    if (used < size)
        snprintf(text + used, size - used, "%s", walk->container->entries[last].name);
}

static int cycle(const struct walk *walk, size_t again)
{
    size_t from = 0;
    while (walk->path[from] != again)
        from++;
    char text[300];
    write_path(walk, from, again, text, sizeof text);
    return fault_set(walk->fault, MRPC_FAILED_PRECONDITION, "dependency cycle: %s", text);
}

static int link_dependencies(struct walk *walk, struct container_entry *entry)
{
    entry->dependency_count = 0;
    if (!entry->component || !entry->component->dependencies)
        return 0;
    for (const char *const *name = entry->component->dependencies; *name; name++) {
        const struct container_entry *found = container_find(walk->container, *name);
        if (!found)
            return fault_set(walk->fault, MRPC_FAILED_PRECONDITION, "%s needs %s, which nobody provides", entry->name,
                             *name);
        if (entry->dependency_count == CONTAINER_ENTRIES)
            return fault_set(walk->fault, MRPC_RESOURCE_EXHAUSTED, "%s has too many dependencies", entry->name);
        entry->dependencies[entry->dependency_count++] = (size_t)(found - walk->container->entries);
    }
    return 0;
}

static int visit(struct walk *walk, size_t index)
{
    if (walk->marks[index] == DONE)
        return 0;
    if (walk->marks[index] == OPEN)
        return cycle(walk, index);
    struct container_entry *entry = &walk->container->entries[index];
    walk->marks[index] = OPEN;
    walk->path[walk->depth++] = index;
    int code = link_dependencies(walk, entry);
    for (size_t i = 0; i < entry->dependency_count && !code; i++)
        code = visit(walk, entry->dependencies[i]);
    walk->depth--;
    walk->marks[index] = DONE;
    walk->container->order[walk->ordered++] = index;
    return code;
}

static bool lives_long(const struct container_entry *entry)
{
    return entry->component && (entry->component->lifetime == COMPONENT_SINGLETON ||
                                entry->component->lifetime == COMPONENT_FACTORY);
}

/* A long-lived component must not reach a scoped one, not even through transients: it would outlive it. */
static int find_captive(struct walk *walk, size_t root, size_t index)
{
    const struct container_entry *entry = &walk->container->entries[index];
    if (entry->component && entry->component->lifetime == COMPONENT_SCOPED) {
        char text[300];
        write_path(walk, 0, index, text, sizeof text);
        return fault_set(walk->fault, MRPC_FAILED_PRECONDITION, "singleton %s captures scoped %s: %s",
                         walk->container->entries[root].name, entry->name, text);
    }
    if (index != root && lives_long(entry))
        return 0;
    walk->path[walk->depth++] = index;
    int code = 0;
    for (size_t i = 0; i < entry->dependency_count && !code; i++)
        code = find_captive(walk, root, entry->dependencies[i]);
    walk->depth--;
    return code;
}

int container_validate(struct container *container, struct fault *fault)
{
    struct walk walk = {.container = container, .fault = fault};
    int code = 0;
    for (size_t i = 0; i < container->count && !code; i++)
        code = visit(&walk, i);
    walk.depth = 0;
    for (size_t i = 0; i < container->count && !code; i++)
        if (lives_long(&container->entries[i]))
            code = find_captive(&walk, i, i);
    return code;
}

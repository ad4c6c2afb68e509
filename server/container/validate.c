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

static int visit(struct walk *walk, size_t index)
{
    if (walk->marks[index] == DONE)
        return 0;
    if (walk->marks[index] == OPEN)
        return cycle(walk, index);
    struct container_entry *entry = &walk->container->entries[index];
    walk->marks[index] = OPEN;
    walk->path[walk->depth++] = index;
    int code = 0;
    for (size_t i = 0; i < entry->need_count && !code; i++)
        for (size_t j = 0; j < entry->needs[i].count && !code; j++)
            code = visit(walk, walk->container->links[entry->needs[i].first + j]);
    walk->depth--;
    walk->marks[index] = DONE;
    walk->container->order[walk->ordered++] = index;
    return code;
}

static bool has_lifetime(const struct container_entry *entry, enum component_lifetime lifetime)
{
    return entry->component && entry->component->lifetime == lifetime;
}

/* A singleton must not reach a scoped component, not even through transients: it would outlive it. Through a factory it
 * may, for that opens a scope each time. */
static int find_captive(struct walk *walk, size_t root, size_t index)
{
    const struct container_entry *entry = &walk->container->entries[index];
    if (has_lifetime(entry, COMPONENT_SCOPED)) {
        char text[300];
        write_path(walk, 0, index, text, sizeof text);
        return fault_set(walk->fault, MRPC_FAILED_PRECONDITION, "singleton %s captures scoped %s: %s",
                         walk->container->entries[root].name, entry->name, text);
    }
    if (index != root && (has_lifetime(entry, COMPONENT_SINGLETON) || has_lifetime(entry, COMPONENT_FACTORY)))
        return 0;
    walk->path[walk->depth++] = index;
    int code = 0;
    for (size_t i = 0; i < entry->need_count && !code; i++)
        for (size_t j = 0; j < entry->needs[i].count && !code; j++)
            code = find_captive(walk, root, walk->container->links[entry->needs[i].first + j]);
    walk->depth--;
    return code;
}

int container_validate(struct container *container, struct fault *fault)
{
    struct walk walk = {.container = container, .fault = fault};
    int code = container_link(container, fault);
    for (size_t i = 0; i < container->count && !code; i++)
        code = visit(&walk, i);
    walk.depth = 0;
    for (size_t i = 0; i < container->count && !code; i++)
        if (has_lifetime(&container->entries[i], COMPONENT_SINGLETON))
            code = find_captive(&walk, i, i);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONTAINER_GRAPH_H
#define MLT_CONTAINER_GRAPH_H

#include "container/container.h"

/* What the container's own files share: the entries, and where what was made is kept until it is disposed of. */

enum { CONTAINER_ENTRIES = 128 };

struct container_entry {
    const char *name;
    const struct component *component;      /* NULL for a value */
    void *object;                           /* singleton or value */
    struct component_factory factory;
    size_t dependencies[CONTAINER_ENTRIES]; /* indexes, known after validation */
    size_t dependency_count;
    bool started;
};

/* A thing that was made; the newest first, so that walking the list disposes in reverse. */
struct container_made {
    struct container_entry *entry;
    void *object;
    void **arguments;
    struct container_made *older;
};

struct container {
    struct container_entry entries[CONTAINER_ENTRIES];
    size_t count;
    size_t order[CONTAINER_ENTRIES]; /* entry indexes, dependencies first; after validation */
    struct container_made *made;
    bool running;
};

struct container_entry *container_find(const struct container *container, const char *name);

/** Give the object that @entry stands for within @scope (NULL: at the container itself), making it if its lifetime
 *  says so; what is made goes on *@made. */
int container_resolve(struct container *container, struct container_entry *entry, struct container_scope *scope,
                      struct container_made **made, void **out, struct fault *fault) MRPC_MUST_USE;
void container_dispose(struct container_made **made);

struct container_scope {
    struct container *container;
    struct container_made *made;
};

#endif

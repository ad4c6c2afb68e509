/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONTAINER_GRAPH_H
#define MLT_CONTAINER_GRAPH_H

#include "container/container.h"

/* What the container's own files share: the entries, and where what was made is kept until it is disposed of. */

enum { CONTAINER_ENTRIES = 128, CONTAINER_NEEDS = 32, CONTAINER_LINKS = 1024 };

struct component_factory {
    struct container *container;
    struct container_entry *entry;
};

/* What one dependency of a component stands for: container->links[first], count of them. */
struct container_need {
    size_t first;
    size_t count;
    bool list;
};

struct container_entry {
    const char *name;
    const struct component *component; /* NULL for a value */
    void *object;                      /* singleton or value */
    struct component_factory factory;
    struct container_need needs[CONTAINER_NEEDS]; /* known after validation, as are the next two */
    size_t need_count;
    struct container_entry *inner, *outer; /* what it decorates, and what decorates it */
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
    size_t links[CONTAINER_LINKS];   /* entry indexes, what needs point to; after validation */
    size_t link_count;
    struct container_made *made;
    bool running;
};

struct container_entry *container_find(const struct container *container, const char *name);
struct container_entry *container_outermost(struct container_entry *entry);

/** Find what every dependency of every component stands for. Errors: as container_validate(). */
int container_link(struct container *container, struct fault *fault) MRPC_MUST_USE;

/** Give the object that @entry stands for within @scope (NULL: at the container itself), making it if its lifetime
 *  says so; what is made goes on *@made. */
int container_resolve(struct container *container, struct container_entry *entry, struct container_scope *scope,
                      struct container_made **made, void **out, struct fault *fault) MRPC_MUST_USE;
/** Make a new object of @entry, whatever its lifetime. */
int container_make(struct container *container, struct container_entry *entry, struct container_scope *scope,
                   struct container_made **made, void **out, struct fault *fault) MRPC_MUST_USE;
/** End what was made, the newest first. */
void container_dispose(struct container_made **made);

struct container_scope {
    struct container *container;
    struct container_made *made;
};

#endif

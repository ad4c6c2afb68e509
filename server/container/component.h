/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_COMPONENT_H
#define MLT_COMPONENT_H

#include <stddef.h>

#include "fault/fault.h"

/* What a module tells the container about itself: a constant table entry, `const struct component store_component`,
 * in the module's component.c. A component gets what it needs as arguments of create; there is no way to ask the
 * container for anything from inside. */

enum component_lifetime {
    COMPONENT_SINGLETON,  /* one, made at the start, ended with the container */
    COMPONENT_TRANSIENT,  /* a new one for each that depends on it, ended with that one */
    COMPONENT_SCOPED,     /* one a scope (a call, a job), ended with the scope */
    COMPONENT_FACTORY,    /* who depends on it gets a struct component_factory and makes as many as it likes, each in a
                             scope of its own */
};

/* What a dependency may say:
 *
 *     "store"          the component of that name; else the only one that provides the interface "store"
 *     "store:sqlite"   the one that provides the interface "store" under the key "sqlite"
 *     "scene_source[]" all that provide the interface, as a struct component_list, in the order of adding; may be none
 */
struct component_list {
    size_t count;
    void *const *objects;
};

struct component {
    const char *name;                 /* "registry" */
    enum component_lifetime lifetime;
    const char *const *dependencies;  /* what it needs, as above, NULL-terminated; NULL: none */
    /** Make an instance. @dependencies holds the instances in the order of the names; borrowed, they outlive it.
     *  Errors: a code, @fault filled; nothing is left behind then. */
    int (*create)(void *const *dependencies, void **out, struct fault *fault);
    /** Begin to work (threads, sockets), after everything it depends on has started. NULL: nothing to do.
     *  Singletons only. */
    int (*start)(void *instance, struct fault *fault);
    /** Cease, before anything it depends on stops. Called only after a start that succeeded. NULL: nothing to do. */
    void (*stop)(void *instance);
    void (*destroy)(void *instance);  /* NULL: nothing to release */
    const char *provides; /* the interface that it implements; several components may. NULL: none but its name */
    const char *key;      /* tells it from others of the same interface; NULL: none */
    /** The component that it wraps: it gets that one as a dependency of this name, and all others get it in the other's
     *  place. Several stack up in the order of adding. It has the lifetime of what it wraps. NULL: none. */
    const char *decorates;
};

/** Given to who depends on a COMPONENT_FACTORY component. */
struct component_factory;
struct container_scope;

/** Make one in a scope of its own: the scoped and transient components that it needs are made for it alone. *@out lives
 *  until container_scope_free(*@scope), which ends it and then what was made for it, in reverse. Thread: any.
 *  Errors: what a create says; everything that had been made for it is ended then. */
int component_factory_make(const struct component_factory *factory, struct container_scope **scope, void **out,
                           struct fault *fault) MRPC_MUST_USE;
/** End a scope. Takes NULL. Thread: one at a time, before the container stops. */
void container_scope_free(struct container_scope *scope);

#endif

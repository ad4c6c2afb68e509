/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_COMPONENT_H
#define MLT_COMPONENT_H

#include "fault/fault.h"

/* What a module tells the container about itself: a constant table entry, `const struct component store_component`,
 * in the module's component.c. A component gets what it needs as arguments of create; there is no way to ask the
 * container for anything from inside. */

enum component_lifetime {
    COMPONENT_SINGLETON,  /* one, made at the start, ended with the container */
    COMPONENT_TRANSIENT,  /* a new one for each that depends on it, ended with that one */
    COMPONENT_SCOPED,     /* one a scope (a call, a job), ended with the scope */
    COMPONENT_FACTORY,    /* who depends on it gets a struct component_factory and makes as many as it likes */
};

struct component {
    const char *name;                 /* "registry" */
    enum component_lifetime lifetime;
    const char *const *dependencies;  /* names, NULL-terminated; NULL: none */
    /** Make an instance. @dependencies holds the instances in the order of the names; borrowed, they outlive it.
     *  Errors: a code, @fault filled; nothing is left behind then. */
    int (*create)(void *const *dependencies, void **out, struct fault *fault);
    /** Begin to work (threads, sockets), after everything it depends on has started. NULL: nothing to do.
     *  Singletons only. */
    int (*start)(void *instance, struct fault *fault);
    /** Cease, before anything it depends on stops. Called only after a start that succeeded. NULL: nothing to do. */
    void (*stop)(void *instance);
    void (*destroy)(void *instance);  /* NULL: nothing to release */
};

/** Given to who depends on a COMPONENT_FACTORY component. Thread: any. */
struct component_factory {
    const struct component *component;
    void *const *dependencies;
};
/** Ownership: *@out is the caller's, ended by component_factory_destroy(). */
int component_factory_make(const struct component_factory *factory, void **out, struct fault *fault) MRPC_MUST_USE;
void component_factory_destroy(const struct component_factory *factory, void *instance);

#endif

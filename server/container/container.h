/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONTAINER_H
#define MLT_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "container/component.h"

/* Dependency injection: components in, a validated and running program out.
 *
 *     add*, override* -> validate -> start -> (scopes come and go) -> stop -> free
 *
 * Everything is validated before anything is created. Singletons are made and started in the order of their
 * dependencies (ties: in the order they were added), stopped and destroyed in reverse; a failure half-way undoes what
 * was done. Thread: add to start and stop to free belong to one thread; scopes may be made by any while it runs. */

struct container;
struct container_scope;

int container_new(struct container **out) MRPC_MUST_USE;
/** Stops first if it still runs. Takes NULL. */
void container_free(struct container *container);

/** Add a component; the table entry is borrowed for good. Errors: MRPC_ALREADY_EXISTS, MRPC_RESOURCE_EXHAUSTED,
 *  MRPC_FAILED_PRECONDITION after the start. */
int container_add(struct container *container, const struct component *component, struct fault *fault) MRPC_MUST_USE;
/** Add something that exists already (the configuration) under a name; it is borrowed and outlives the container. */
int container_add_value(struct container *container, const char *name, void *value, struct fault *fault) MRPC_MUST_USE;
/** Put @component in the place of the one of the same name: for tests. Errors: MRPC_NOT_FOUND. */
int container_override(struct container *container, const struct component *component, struct fault *fault)
    MRPC_MUST_USE;

/** Check the whole graph. Errors: MRPC_FAILED_PRECONDITION with "a needs b, which nobody provides",
 *  "dependency cycle: a -> b -> a", "singleton a captures scoped c: a -> b -> c", "a needs store, which sqlite and
 *  memory provide: say which", "metered decorates store, which nobody provides". */
int container_validate(struct container *container, struct fault *fault) MRPC_MUST_USE;

/** Validate, create and start everything. The fault names the component that failed. */
int container_start(struct container *container, struct fault *fault) MRPC_MUST_USE;
/** Stop all in reverse order, then destroy all in reverse order. Idempotent. */
void container_stop(struct container *container);

/** A running singleton (its outermost decorator), a factory or a value by name, NULL if there is none. For the
 *  composition root alone. */
void *container_get(const struct container *container, const char *name);

/** A scope: a call or a job. Its scoped and transient components end with it, in reverse order; singletons are shared.
 *  Thread: any may make one, one at a time uses it. Modules open scopes by a COMPONENT_FACTORY; this is for the
 *  root. */
int container_scope_new(struct container *container, struct container_scope **out) MRPC_MUST_USE;
int container_scope_get(struct container_scope *scope, const char *name, void **out, struct fault *fault)
    MRPC_MUST_USE;

/** One component of the graph. @dependencies are the names of those that it is really given. */
struct container_node {
    const char *name;
    const char *lifetime; /* "singleton", "transient", "scoped", "factory", "value" */
    const char *provides, *key, *decorates; /* NULL: none */
    const char *const *dependencies;
    size_t dependency_count;
};

/** The graph as it is, in the order of adding. Thread: any after start; known after validation. */
void container_visit(const struct container *container, void (*visit)(void *arg, const struct container_node *node),
                     void *arg);
void container_print_dot(const struct container *container, FILE *out);
void container_print_json(const struct container *container, FILE *out);

#endif

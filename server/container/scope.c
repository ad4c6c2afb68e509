/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <mrpc/error.h>

#include "container/graph.h"

int container_scope_new(struct container *container, struct container_scope **out)
{
    struct container_scope *scope = calloc(1, sizeof *scope);
    if (!scope)
        return MRPC_ERR_NOMEM;
    scope->container = container;
    *out = scope;
    return 0;
}

int container_scope_get(struct container_scope *scope, const char *name, void **out, struct fault *fault)
{
    struct container_entry *entry = container_find(scope->container, name);
    if (!entry)
        return fault_set(fault, MRPC_NOT_FOUND, "there is no component %s", name);
    if (!scope->container->running)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "the container does not run");
    return container_resolve(scope->container, container_outermost(entry), scope, &scope->made, out, fault);
}

void container_scope_free(struct container_scope *scope)
{
    if (!scope)
        return;
    container_dispose(&scope->made);
    free(scope);
}

/* After the start singletons exist and entries do not change, so that scopes need no lock. */
int component_factory_make(const struct component_factory *factory, struct container_scope **scope, void **out,
                           struct fault *fault)
{
    struct container_scope *own;
    if (container_scope_new(factory->container, &own) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = container_make(factory->container, factory->entry, own, &own->made, out, fault);
    if (code) {
        container_scope_free(own);
        return code;
    }
    *scope = own;
    return 0;
}

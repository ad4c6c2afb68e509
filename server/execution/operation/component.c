/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/component.h"

#include "execution/operation/operation.h"

enum { ARENA_BYTES = 256 * 1024 * 1024 };

static int create_arena(void *const *dependencies, void **out, struct fault *fault)
{
    *out = mrpc_arena_new(ARENA_BYTES);
    return *out ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void destroy_arena(void *instance)
{
    mrpc_arena_free(instance);
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    *out = operation_make(dependencies[0]);
    return *out ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void destroy(void *instance)
{
    operation_release(instance);
}

static const char *const dependencies[] = {"operation_arena", NULL};

const struct component operation_arena_component = {
    .name = "operation_arena",
    .lifetime = COMPONENT_SCOPED,
    .create = create_arena,
    .destroy = destroy_arena,
};

const struct component operation_component = {
    .name = "operation",
    .lifetime = COMPONENT_FACTORY,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "access/access.h"

#include <stdlib.h>

#include "config/reloadable.h"

static int create(void *const *needs, void **out, struct fault *fault)
{
    struct access *access;
    int code = access_new(needs[0], needs[1], needs[2], needs[3], &access, fault);
    if (code)
        return code;
    *out = access;
    return 0;
}

static void destroy(void *instance)
{
    access_free(instance);
}

static const char *const needs[] = {"config", "log", "store", "audit", NULL};

const struct component access_component = {
    .name = "access",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = needs,
    .create = create,
    .destroy = destroy,
};

static int reload(void *self, const char **done, struct fault *fault)
{
    return access_reload(self, done, fault);
}

static int create_reload(void *const *given, void **out, struct fault *fault)
{
    struct reloadable *part = malloc(sizeof *part);
    if (!part)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *part = (struct reloadable){.name = "policy", .reload = reload, .self = given[0]};
    *out = part;
    return 0;
}

static const char *const reload_needs[] = {"access", NULL};

const struct component policy_reload_component = {
    .name = "policy_reload",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = reload_needs,
    .create = create_reload,
    .destroy = free,
    .provides = "reloadable",
    .key = "policy",
};

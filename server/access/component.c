/* SPDX-License-Identifier: Apache-2.0 */
#include "access/access.h"

static int create(void *const *needs, void **out, struct fault *fault)
{
    struct access *access;
    int code = access_new(needs[0], needs[1], needs[2], &access, fault);
    if (code)
        return code;
    *out = access;
    return 0;
}

static void destroy(void *instance)
{
    access_free(instance);
}

static const char *const needs[] = {"config", "log", "store", NULL};

const struct component access_component = {
    .name = "access",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = needs,
    .create = create,
    .destroy = destroy,
};

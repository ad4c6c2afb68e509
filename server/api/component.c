/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "api/server.h"
#include "config/reloadable.h"

/* In the order of the names below. */
enum dependency {
    CONFIG,
    LOG,
    REGISTRY,
    ADMIN,
    EXECUTION,
    DIAGRAM,
    POOL,
    TRACES,
    OTLP,
    STORE,
    ACCESS,
    WATCHDOG,
};

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct api_services services = {
        .registry = dependencies[REGISTRY],
        .admin = dependencies[ADMIN],
        .execution = dependencies[EXECUTION],
        .diagram = dependencies[DIAGRAM],
        .pool = dependencies[POOL],
        .traces = dependencies[TRACES],
        .otlp = dependencies[OTLP],
        .store = dependencies[STORE],
        .access = dependencies[ACCESS],
        .watchdog = dependencies[WATCHDOG],
    };
    struct api *api;
    int code = api_new(dependencies[CONFIG], dependencies[LOG], &services, &api, fault);
    if (code)
        return code;
    *out = api;
    return 0;
}

static int start(void *instance, struct fault *fault)
{
    return api_start(instance, fault);
}

static void stop(void *instance)
{
    api_stop(instance);
}

static void destroy(void *instance)
{
    api_free(instance);
}

static const char *const dependencies[] = {"config",  "log",         "registry", "admin", "execution",
                                           "diagram", "thread_pool", "traces",   "otlp",  "store",
                                           "access",  "watchdog",    NULL};

const struct component api_component = {
    .name = "api",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

static int reload_tls(void *self, const char **done, struct fault *fault)
{
    char why[200] = "";
    int outcome = api_reload_tls(self, why, sizeof why);
    *done = outcome > 0 ? "certificates read again" : "there is no TLS, nothing to read";
    return outcome >= 0 ? 0 : fault_set(fault, MRPC_FAILED_PRECONDITION, "%s", why);
}

static int create_reload(void *const *needs, void **out, struct fault *fault)
{
    struct reloadable *part = malloc(sizeof *part);
    if (!part)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *part = (struct reloadable){.name = "tls", .reload = reload_tls, .self = needs[0]};
    *out = part;
    return 0;
}

static const char *const reload_dependencies[] = {"api", NULL};

const struct component tls_reload_component = {
    .name = "tls_reload",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = reload_dependencies,
    .create = create_reload,
    .destroy = free,
    .provides = "reloadable",
    .key = "tls",
};

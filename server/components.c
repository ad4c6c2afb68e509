/* SPDX-License-Identifier: Apache-2.0 */
#include "components.h"

#include <stdio.h>

#include "admin/admin.h"
#include "api/api.h"
#include "diagram/diagram.h"
#include "events/component.h"
#include "execution/execution.h"
#include "pool/component.h"
#include "registry/registry.h"
#include "store/component.h"
#include "views.h"

static const struct component *const components[] = {
    &bus_component,
    &store_component,
    &thread_pool_component,
    &process_pool_component,
    &registry_component,
    &lease_loop_component,
    &health_loop_component,
    &execution_component,
    &schedule_loop_component,
    &retention_loop_component,
    &views_component,
    &diagram_component,
    &admin_component,
    &api_component,
};

int components_add(struct container *container, struct fault *fault)
{
    for (size_t i = 0; i < sizeof components / sizeof *components; i++) {
        int code = container_add(container, components[i], fault);
        if (code)
            return code;
    }
    return 0;
}

static void reload_tls(struct container *container, struct admin_reload_result *result)
{
    char why[200] = "";
    int outcome = api_reload_tls(container_get(container, "api"), why, sizeof why);
    *result = (struct admin_reload_result){.name = "tls", .applied = outcome >= 0};
    snprintf(result->message, sizeof result->message, "%s",
             outcome > 0 ? "certificates read again" : outcome == 0 ? "there is no TLS, nothing to read" : why);
}

static void reload_models(struct container *container, struct admin_reload_result *result)
{
    struct fault fault = FAULT_INIT;
    bool applied = execution_reload(container_get(container, "execution"), &fault) == 0;
    *result = (struct admin_reload_result){.name = "models", .applied = applied};
    snprintf(result->message, sizeof result->message, "%.250s", applied ? "configurations and plugins read again" : fault.text);
}

size_t components_reload(struct container *container, struct admin_reload_result *results, size_t capacity)
{
    size_t count = 0;
    if (count < capacity)
        reload_tls(container, &results[count++]);
    if (count < capacity)
        reload_models(container, &results[count++]);
    return count;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "components.h"

#include <stdio.h>

#include "admin/admin.h"
#include "api/api.h"
#ifdef MLT_HAVE_DIAGRAM
#include "diagram/diagram.h"
#include "views.h"
#endif
#include "events/component.h"
#ifdef MLT_HAVE_EXECUTION
#include "execution/execution.h"
#endif
#include "pool/component.h"
#include "registry/registry.h"
#include "store/component.h"

static const struct component *const components[] = {
    &bus_component,
    &store_component,
    &thread_pool_component,
    &process_pool_component,
    &registry_component,
#ifdef MLT_HAVE_EXECUTION
    &execution_component,
#endif
#ifdef MLT_HAVE_DIAGRAM
    &views_component,
    &diagram_component,
#endif
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
    *result = (struct admin_reload_result){.name = "tls", .applied = outcome > 0};
    snprintf(result->message, sizeof result->message, "%s",
             outcome > 0 ? "certificates read again" : outcome == 0 ? "there is no TLS" : why);
}

size_t components_reload(struct container *container, struct admin_reload_result *results, size_t capacity)
{
    size_t count = 0;
    if (count < capacity)
        reload_tls(container, &results[count++]);
    return count;
}

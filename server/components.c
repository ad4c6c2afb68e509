/* SPDX-License-Identifier: Apache-2.0 */
#include "components.h"

#include <stdio.h>

#include "access/access.h"
#include "admin/admin.h"
#include "api/api.h"
#include "audit/audit.h"
#include "config/reloadable.h"
#include "container/container_scene.h"
#include "diagram/diagram.h"
#include "events/component.h"
#include "execution/execution.h"
#include "execution/execution_scene.h"
#include "execution/operation/component.h"
#include "otlp/component.h"
#include "pool/component.h"
#include "registry/registry.h"
#include "registry/registry_scene.h"
#include "store/component.h"
#include "trace/component.h"
#include "views.h"
#include "watched.h"

/* What can be read again, as the composition root gets it. */
static int collect_reloads(void *const *dependencies, void **out, struct fault *fault)
{
    *out = dependencies[0];
    return 0;
}

static const char *const reloads_needs[] = {"reloadable[]", NULL};

static const struct component reloads_component = {
    .name = "reloads",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = reloads_needs,
    .create = collect_reloads,
};

static const struct component *const components[] = {
    &traces_component, /* first: ended last, behind everybody who works for a call */
    &otlp_component,
    &watchdog_component,
    &bus_component,
    &call_news_component,
    &store_component,
    &thread_pool_component,
    &process_pool_component,
    &process_pool_watched_component,
    &registry_component,
    &registry_watched_component,
    &registry_read_watched_component,
    &lease_loop_component,
    &health_loop_component,
    &self_registration_component,
    &operation_arena_component,
    &operation_component,
    &execution_component,
    &execution_watched_component,
    &schedule_loop_component,
    &retention_loop_component,
    &container_scene_component,
    &call_scene_component,
    &calls_scene_component,
    &registry_scene_component,
    &execution_scene_component,
    &pipeline_scene_component,
    &views_component,
    &diagram_component,
    &diagram_watched_component,
    &watched_loops_component,
    &audit_component,
    &access_component,
    &admin_component,
    &api_component,
    &tls_reload_component,
    &policy_reload_component,
    &audit_reload_component,
    &models_reload_component,
    &reloads_component,
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

size_t components_reload(struct container *container, struct admin_reload_result *results, size_t capacity)
{
    const struct component_list *list = container_get(container, "reloads");
    size_t count = 0;
    for (; list && count < list->count && count < capacity; count++) {
        const struct reloadable *part = list->objects[count];
        struct fault fault = FAULT_INIT;
        const char *done = "";
        bool applied = part->reload(part->self, &done, &fault) == 0;
        results[count] = (struct admin_reload_result){.name = part->name, .applied = applied};
        snprintf(results[count].message, sizeof results[count].message, "%.250s", applied ? done : fault.text);
    }
    return count;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/text_check.h"

/* What declared views call a service and an instance: NAMESPACE/SERVICE, NAMESPACE/SERVICE/ID
 * (docs/internals/diagram.md). */
struct key_text {
    char text[3 * SCENE_MAX_ID_BYTES + 3];
};

enum { MAX_INSTANCE_CARDS = 200, MAX_SERVICE_CARDS = 2000, ID_BYTES = SCENE_MAX_ID_BYTES + 1 };

/* Ids must be unique over all namespaces, stable, and no longer than a scene allows: a readable beginning and a hash of
 * the whole key. */
static void make_id(char out[ID_BYTES], const char *readable, const char *namespace_name, const char *service,
                    const char *instance)
{
    const char *const parts[] = {namespace_name, service, instance};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *at = parts[i];
        do
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        while (*at++); /* the NUL too, so that no two keys run together */
    }
    snprintf(out, ID_BYTES, "%.100s-%016llx", readable, (unsigned long long)hash);
}

static struct key_text service_key(const struct registry_service_view *service)
{
    struct key_text key;
    snprintf(key.text, sizeof key.text, "%s/%s", service->namespace_name, service->name);
    return key;
}

static struct key_text instance_key(const struct registry_service_view *service, const char *id)
{
    struct key_text key;
    snprintf(key.text, sizeof key.text, "%s/%s/%s", service->namespace_name, service->name, id);
    return key;
}

static enum scene_health service_health(const struct registry_service_view *service)
{
    if (service->unknown_count == service->count)
        return SCENE_HEALTH_UNKNOWN;
    return scene_health_of((int)service->serving_count, (int)service->count);
}

/* What an operator took out of service on purpose is neither well nor broken. */
static enum scene_health instance_health(const struct registry_instance *instance)
{
    if (registry_instance_operator_state(instance) == OPERATOR_MAINTENANCE)
        return SCENE_HEALTH_UNKNOWN;
    if (registry_instance_operator_state(instance) == OPERATOR_DRAINING)
        return SCENE_HEALTH_DEGRADED;
    switch (registry_instance_health(instance)) {
    case HEALTH_HEALTHY:
        return SCENE_HEALTH_HEALTHY;
    case HEALTH_UNHEALTHY:
        return SCENE_HEALTH_DOWN;
    default:
        return SCENE_HEALTH_UNKNOWN;
    }
}

static void count_text(const struct registry_service_view *service, char *out, size_t size)
{
    snprintf(out, size, "%zu/%zu instance%s", service->serving_count, service->count, service->count == 1 ? "" : "s");
}

/* "10.0.0.9:80, draining" */
static void detail_text(const struct registry_instance *instance, char *out, size_t size)
{
    static const char *const operator_texts[] = {"", "", ", draining", ", maintenance"};
    const PB(Instance) *message = instance->message;
    if (message->n_endpoints == 0)
        return;
    snprintf(out, size, strchr(message->endpoints[0]->address, ':') ? "[%s]:%u%s" : "%s:%u%s",
             message->endpoints[0]->address, message->endpoints[0]->port,
             operator_texts[registry_instance_operator_state(instance)]);
}

/* The server's own registrations: nobody has to declare them. */
static bool is_own(const char *namespace_name)
{
    return strcmp(namespace_name, REGISTRY_SELF_NAMESPACE) == 0;
}

static const char *kind_of(const char *namespace_name)
{
    if (is_own(namespace_name))
        return SCENE_KIND_OWN;
    return strcmp(namespace_name, "default") == 0 ? "" : namespace_name;
}

static void add_instance(struct scene_builder *b, const struct registry_service_view *service, const char *group,
                         const struct registry_instance *instance)
{
    const PB(Instance) *message = instance->message;
    char id[ID_BYTES], detail[320] = "";
    make_id(id, message->key->id, service->namespace_name, service->name, message->key->id);
    detail_text(instance, detail, sizeof detail);
    /* Text that no picture can hold must not cost the whole picture. */
    if (scene_text_fault(detail, SCENE_MAX_LABEL_BYTES))
        detail[0] = '\0';
    scene_builder_node(b, &(struct scene_item_spec){.id = id,
                                                    .parent = group,
                                                    .title = message->key->id,
                                                    .detail = detail,
                                                    .kind = is_own(service->namespace_name) ? SCENE_KIND_OWN : "",
                                                    .key = instance_key(service, message->key->id).text,
                                                    .health = instance_health(instance)});
}

static void add_service_with_instances(struct scene_builder *b, const struct registry_service_view *service)
{
    char id[ID_BYTES], detail[64];
    make_id(id, service->name, service->namespace_name, service->name, "");
    count_text(service, detail, sizeof detail);
    scene_builder_group(b, &(struct scene_item_spec){.id = id,
                                                     .title = service->name,
                                                     .detail = detail,
                                                     .kind = kind_of(service->namespace_name),
                                                     .key = service_key(service).text,
                                                     .health = service_health(service)});
    for (size_t i = 0; i < service->count; i++)
        add_instance(b, service, id, service->instances[i]);
}

static void add_service_card(struct scene_builder *b, const struct registry_service_view *service, const char *group)
{
    char id[ID_BYTES], detail[64];
    make_id(id, service->name, service->namespace_name, service->name, "");
    count_text(service, detail, sizeof detail);
    scene_builder_node(b, &(struct scene_item_spec){.id = id,
                                                    .parent = group,
                                                    .title = service->name,
                                                    .detail = detail,
                                                    .kind = is_own(service->namespace_name) ? SCENE_KIND_OWN : "",
                                                    .key = service_key(service).text,
                                                    .health = service_health(service)});
}

/* Services are ordered by namespace, so a change of namespace begins a group. */
static void add_service_cards(struct scene_builder *b, const struct registry_view *view)
{
    char group[ID_BYTES] = "", more[64];
    const char *current = NULL;
    size_t shown = view->service_count < MAX_SERVICE_CARDS ? view->service_count : MAX_SERVICE_CARDS;
    for (size_t i = 0; i < shown; i++) {
        const struct registry_service_view *service = view->services[i];
        if (!current || strcmp(current, service->namespace_name) != 0) {
            current = service->namespace_name;
            make_id(group, current, current, "", "");
            scene_builder_group(b, &(struct scene_item_spec){.id = group,
                                                             .title = current,
                                                             .kind = is_own(current) ? SCENE_KIND_OWN : "namespace"});
        }
        add_service_card(b, service, group);
    }
    if (shown == view->service_count)
        return;
    snprintf(more, sizeof more, "and %zu services more", view->service_count - shown);
    scene_builder_node(b, &(struct scene_item_spec){.id = "more", .title = more});
}

int registry_scene(const struct registry_view *view, struct scene **out, struct fault *fault)
{
    struct scene_builder *b = scene_builder_new("Service registry");
    char subtitle[160];
    size_t services = view ? view->service_count : 0, instances = view ? view->instance_count : 0;
    snprintf(subtitle, sizeof subtitle, "Live view of %zu service%s with %zu instance%s", services,
             services == 1 ? "" : "s", instances, instances == 1 ? "" : "s");
    scene_builder_describe(b, subtitle, "The services that are registered, their instances and their health.");
    if (view && instances <= MAX_INSTANCE_CARDS && services <= MAX_INSTANCE_CARDS)
        for (size_t i = 0; i < services; i++)
            add_service_with_instances(b, view->services[i]);
    else if (view)
        add_service_cards(b, view);
    return scene_builder_finish(b, out, fault);
}

static int snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    const struct registry_view *view = registry_snapshot(self);
    int code = registry_scene(view, out, fault);
    if (view)
        registry_snapshot_release(view);
    return code;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct scene_source source = {
        .name = "registry",
        .title = "Service registry",
        .description = "The services that are registered, their instances and their health, live.",
        .argument = "",
        .live = 1,
        .snapshot = snapshot,
        .self = dependencies[0],
    };
    return scene_source_new(source, out, fault);
}

static const char *const dependencies[] = {"registry", NULL};

const struct component registry_scene_component = {
    .name = "registry_scene",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = free,
    .provides = "scene_source",
    .key = "registry",
};

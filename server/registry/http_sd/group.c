/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_sd/group.h"

#include <stdio.h>
#include <string.h>

#include <mrpc/json.h>
#include <registry/http_sd/target_group.mrpc.h>

#define GROUP(name) Mltrainer__Registry__HttpSd__##name

enum { LABELS_OF_OUR_OWN = 12 };

/* Labels being made. `failed` sticks: out of memory. */
struct labels {
    struct mrpc_arena *arena;
    GROUP(TargetGroup__LabelsEntry) * *entries;
    size_t count;
    bool failed;
};

static bool has(const struct labels *labels, const char *name)
{
    for (size_t i = 0; i < labels->count; i++)
        if (strcmp(labels->entries[i]->key, name) == 0)
            return true;
    return false;
}

static void add(struct labels *labels, const char *name, const char *value)
{
    GROUP(TargetGroup__LabelsEntry) *entry = name && value ? mrpc_arena_alloc(labels->arena, sizeof *entry) : NULL;
    labels->failed = labels->failed || !entry;
    if (labels->failed || has(labels, name))
        return;
    mltrainer__registry__http_sd__target_group__labels_entry__init(entry);
    entry->key = (char *)(uintptr_t)name;
    entry->value = (char *)(uintptr_t)value;
    labels->entries[labels->count++] = entry;
}

static const char *health_word(const struct registry_instance *instance)
{
    switch (registry_instance_health(instance)) {
    case HEALTH_HEALTHY:
        return "healthy";
    case HEALTH_UNHEALTHY:
        return "unhealthy";
    default:
        return "unknown";
    }
}

static const char *operator_word(const struct registry_instance *instance)
{
    switch (registry_instance_operator_state(instance)) {
    case OPERATOR_DRAINING:
        return "draining";
    case OPERATOR_MAINTENANCE:
        return "maintenance";
    default:
        return "active";
    }
}

/* ",a,b,": with a separator on both sides, a rule matches a whole tag by ".*,a,.*". */
static const char *tags_text(struct mrpc_arena *arena, const PB(Instance) * message)
{
    size_t room = 2;
    for (size_t i = 0; i < message->n_tags; i++)
        room += strlen(message->tags[i]) + 1;
    char *text = mrpc_arena_alloc(arena, room), *at = text;
    if (!text)
        return NULL;
    if (message->n_tags)
        *at++ = ',';
    for (size_t i = 0; i < message->n_tags; i++) {
        at = stpcpy(at, message->tags[i]);
        *at++ = ',';
    }
    *at = '\0';
    return text;
}

static const char *value_text(struct mrpc_arena *arena, const PB(MetadataValue) * value)
{
    switch (value->kind_case) {
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT:
        return value->text;
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_INTEGER:
        return mrpc_arena_printf(arena, "%lld", (long long)value->integer);
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_NUMBER:
        return mrpc_arena_printf(arena, "%.17g", value->number);
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_FLAG:
        return value->flag ? "true" : "false";
    default:
        return ""; /* bytes have no place in a label */
    }
}

/* Labels are [A-Za-z0-9_]; what else a key may have becomes '_'. Of keys that are the same then, the first is told. */
static void add_metadata(struct labels *labels, const PB(Instance) * message)
{
    for (size_t i = 0; i < message->n_metadata; i++) {
        char *name = mrpc_arena_printf(labels->arena, "__meta_mltrainer_metadata_%s", message->metadata[i]->key);
        for (char *at = name; at && *at; at++)
            if (*at == '.' || *at == '-')
                *at = '_';
        add(labels, name, value_text(labels->arena, message->metadata[i]->value));
    }
}

static void add_all(struct labels *labels, const struct registry_instance *instance, const PB(Endpoint) * endpoint)
{
    const PB(Instance) *message = instance->message;
    add(labels, "__meta_mltrainer_namespace", message->key->namespace_);
    add(labels, "__meta_mltrainer_service", message->key->service);
    add(labels, "__meta_mltrainer_id", message->key->id);
    add(labels, "__meta_mltrainer_version", message->version);
    add(labels, "__meta_mltrainer_zone", message->zone);
    add(labels, "__meta_mltrainer_weight", mrpc_arena_printf(labels->arena, "%u", message->weight));
    add(labels, "__meta_mltrainer_tags", tags_text(labels->arena, message));
    add(labels, "__meta_mltrainer_protocol", endpoint->protocol);
    add(labels, "__meta_mltrainer_health", health_word(instance));
    add(labels, "__meta_mltrainer_operator_state", operator_word(instance));
    if (strcmp(endpoint->protocol, "https") == 0)
        add(labels, "__scheme__", "https");
    add_metadata(labels, message);
}

static const PB(Endpoint) * endpoint_of(const PB(Instance) * message, const char *protocol)
{
    const char *wanted = protocol[0] ? protocol : "metrics";
    for (size_t i = 0; i < message->n_endpoints; i++)
        if (strcmp(message->endpoints[i]->protocol, wanted) == 0)
            return message->endpoints[i];
    return protocol[0] || !message->n_endpoints ? NULL : message->endpoints[0];
}

int http_sd_group_write(const struct registry_instance *instance, const char *protocol, struct mrpc_arena *arena,
                        char **json, size_t *size)
{
    const PB(Instance) *message = instance->message;
    const PB(Endpoint) *endpoint = endpoint_of(message, protocol);
    *json = NULL;
    if (!endpoint)
        return MRPC_OK;
    mrpc_arena_reset(arena);
    bool is_v6 = strchr(endpoint->address, ':') != NULL;
    char *target =
        mrpc_arena_printf(arena, is_v6 ? "[%s]:%u" : "%s:%u", endpoint->address, (unsigned)endpoint->port);
    struct labels labels = {.arena = arena};
    labels.entries = mrpc_arena_calloc(arena, LABELS_OF_OUR_OWN + message->n_metadata, sizeof *labels.entries);
    if (!target || !labels.entries)
        return MRPC_RESOURCE_EXHAUSTED;
    add_all(&labels, instance, endpoint);
    GROUP(TargetGroup) group;
    mltrainer__registry__http_sd__target_group__init(&group);
    group.n_targets = 1;
    group.targets = &target;
    group.n_labels = labels.count;
    group.labels = labels.entries;
    if (labels.failed ||
        mrpc_json_encode(&mltrainer__registry__http_sd__target_group__info, &group.base, NULL, json, size))
        return MRPC_RESOURCE_EXHAUSTED;
    return MRPC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/filter.h"

#include <string.h>

#include "registry/identifier.h"

enum { CONDITIONS_MAX = 16 };

int registry_filter_check(const PB(InstanceFilter) * filter, struct fault *fault)
{
    if (!filter)
        return MRPC_OK;
    if (!registry_version_range_valid(filter->version_range))
        return fault_field(fault, "filter.version_range", "is not a list of comparisons like \">=1.2 <2\"");
    if (filter->n_zones > CONDITIONS_MAX)
        return fault_field(fault, "filter.zones", "more than 16");
    if (filter->n_tags > CONDITIONS_MAX)
        return fault_field(fault, "filter.tags", "more than 16");
    if (filter->n_metadata > CONDITIONS_MAX)
        return fault_field(fault, "filter.metadata", "more than 16");
    for (size_t i = 0; i < filter->n_metadata; i++)
        if (!registry_identifier_valid(filter->metadata[i]->key, 128))
            return fault_field(fault, "filter.metadata", "a key is not [A-Za-z0-9._-]{1,128}");
    if (filter->n_states > CONDITIONS_MAX)
        return fault_field(fault, "filter.states", "more than 16");
    for (size_t i = 0; i < filter->n_states; i++)
        if (filter->states[i] < (int)HEALTH_UNKNOWN || filter->states[i] > (int)HEALTH_UNHEALTHY)
            return fault_field(fault, "filter.states", "%d is not a health state", (int)filter->states[i]);
    if (strlen(filter->protocol) > 32)
        return fault_field(fault, "filter.protocol", "has more than 32 bytes");
    return MRPC_OK;
}

static bool has_text(char *const *texts, size_t count, const char *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], wanted) == 0)
            return true;
    return false;
}

static bool values_equal(const PB(MetadataValue) * a, const PB(MetadataValue) * b)
{
    if (a->kind_case != b->kind_case)
        return false;
    switch (a->kind_case) {
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT:
        return strcmp(a->text, b->text) == 0;
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_INTEGER:
        return a->integer == b->integer;
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_NUMBER:
        return a->number == b->number;
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_FLAG:
        return a->flag == b->flag;
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_DATA:
        return a->data.len == b->data.len && (a->data.len == 0 || memcmp(a->data.data, b->data.data, a->data.len) == 0);
    default:
        return true;
    }
}

static bool metadata_matches(const PB(Instance) * message, const PB(MetadataMatch) * match)
{
    for (size_t i = 0; i < message->n_metadata; i++) {
        if (strcmp(message->metadata[i]->key, match->key) != 0)
            continue;
        bool any = !match->value || match->value->kind_case == MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND__NOT_SET;
        return any || values_equal(message->metadata[i]->value, match->value);
    }
    return false;
}

static bool has_protocol(const PB(Instance) * message, const char *protocol)
{
    for (size_t i = 0; i < message->n_endpoints; i++)
        if (strcmp(message->endpoints[i]->protocol, protocol) == 0)
            return true;
    return false;
}

static bool state_matches(const PB(InstanceFilter) * filter, const struct registry_instance *instance,
                          bool healthy_only)
{
    enum registry_health state = registry_instance_health(instance);
    if (healthy_only && !registry_instance_in_service(instance))
        return false;
    if (!filter || filter->n_states == 0)
        return !healthy_only || state == HEALTH_HEALTHY;
    for (size_t i = 0; i < filter->n_states; i++)
        if ((int)filter->states[i] == (int)state)
            return true;
    return false;
}

static bool definition_matches(const PB(InstanceFilter) * filter, const struct registry_instance *instance)
{
    const PB(Instance) *message = instance->message;
    if (!filter)
        return true;
    if (filter->version_range[0] && !registry_version_in_range(message->version, filter->version_range))
        return false;
    if (filter->n_zones && !has_text(filter->zones, filter->n_zones, message->zone))
        return false;
    for (size_t i = 0; i < filter->n_tags; i++)
        if (!has_text(message->tags, message->n_tags, filter->tags[i]))
            return false;
    for (size_t i = 0; i < filter->n_metadata; i++)
        if (!metadata_matches(message, filter->metadata[i]))
            return false;
    return !filter->protocol[0] || has_protocol(message, filter->protocol);
}

bool registry_filter_match(const PB(InstanceFilter) * filter, const struct registry_instance *instance,
                           bool healthy_only)
{
    return state_matches(filter, instance, healthy_only) && definition_matches(filter, instance);
}

bool registry_filter_match_held(const PB(InstanceFilter) * filter, const struct registry_instance *instance)
{
    return registry_instance_is_held(instance) && registry_instance_in_service(instance) &&
           (!filter || filter->n_states == 0) && definition_matches(filter, instance);
}

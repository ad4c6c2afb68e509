/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/instance.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/checks/board.h"

struct registry_instance *registry_instance_copy(const PB(Instance) * source, const char *peer)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    if (!arena)
        return NULL;
    struct registry_instance *instance = mrpc_arena_calloc(arena, 1, sizeof *instance);
    ProtobufCMessage *copy = NULL;
    if (instance && mrpc_message_copy(PB_INFO(instance), &source->base, arena, &copy) == 0)
        instance->peer = mrpc_arena_strdup(arena, peer);
    if (!instance || !copy || !instance->peer) {
        mrpc_arena_free(arena);
        return NULL;
    }
    atomic_init(&instance->references, 1);
    instance->arena = arena;
    instance->message = (PB(Instance) *)copy;
    return instance;
}

struct registry_instance *registry_instance_ref(struct registry_instance *instance)
{
    if (instance)
        atomic_fetch_add_explicit(&instance->references, 1, memory_order_relaxed);
    return instance;
}

void registry_instance_unref(struct registry_instance *instance)
{
    if (!instance || atomic_fetch_sub_explicit(&instance->references, 1, memory_order_acq_rel) != 1)
        return;
    board_unref(instance->board);
    mrpc_arena_free(instance->arena);
}

static Google__Protobuf__Timestamp *timestamp(struct mrpc_arena *arena, int64_t ns)
{
    Google__Protobuf__Timestamp *time = mrpc_arena_alloc(arena, sizeof *time);
    if (!time)
        return NULL;
    google__protobuf__timestamp__init(time);
    time->seconds = ns / 1000000000;
    time->nanos = (int32_t)(ns % 1000000000);
    return time;
}

int registry_instance_set_status(struct registry_instance *instance, enum registry_health state,
                                 const struct registry_cause *cause)
{
    PB(InstanceStatus) *status = mrpc_arena_alloc(instance->arena, sizeof *status);
    if (!status)
        return MRPC_RESOURCE_EXHAUSTED;
    mltrainer__registry__v1__instance_status__init(status);
    status->operator_state = (PB(OperatorState))registry_instance_operator_state(instance);
    status->state = (PB(HealthState))state;
    status->reason = (PB(TransitionReason))cause->reason;
    status->actor = mrpc_arena_strdup(instance->arena, cause->actor);
    status->text = mrpc_arena_strdup(instance->arena, cause->text);
    status->since_time = timestamp(instance->arena, cause->wall_ns);
    if (!status->actor || !status->text || !status->since_time)
        return MRPC_RESOURCE_EXHAUSTED;
    instance->message->status = status;
    return MRPC_OK;
}

void registry_instance_set_operator_state(struct registry_instance *instance, enum registry_operator_state state)
{
    instance->message->status->operator_state = (PB(OperatorState))state;
}

int registry_instance_set_times(struct registry_instance *instance, int64_t create_ns, int64_t update_ns)
{
    PB(Instance) *message = instance->message;
    if (create_ns)
        message->create_time = timestamp(instance->arena, create_ns);
    message->update_time = timestamp(instance->arena, update_ns);
    return message->create_time && message->update_time ? MRPC_OK : MRPC_RESOURCE_EXHAUSTED;
}

/* The definition is what Register was given: the message without the fields that the registry adds. */
static PB(Instance) definition_of(const struct registry_instance *instance)
{
    PB(Instance) definition = *instance->message;
    definition.status = NULL;
    definition.owner = (char *)(uintptr_t)protobuf_c_empty_string;
    definition.incarnation = 0;
    definition.revision = 0;
    definition.create_time = NULL;
    definition.update_time = NULL;
    return definition;
}

int registry_instance_same_definition(const struct registry_instance *a, const struct registry_instance *b)
{
    PB(Instance) first = definition_of(a), second = definition_of(b);
    size_t first_bytes, second_bytes;
    if (mrpc_encoded_size(PB_INFO(instance), &first.base, &first_bytes, NULL) ||
        mrpc_encoded_size(PB_INFO(instance), &second.base, &second_bytes, NULL) || first_bytes != second_bytes)
        return 0;
    uint8_t *bytes = malloc(2 * first_bytes + 1);
    if (!bytes)
        return -1;
    mrpc_encode(PB_INFO(instance), &first.base, bytes);
    mrpc_encode(PB_INFO(instance), &second.base, bytes + first_bytes);
    int same = memcmp(bytes, bytes + first_bytes, first_bytes) == 0;
    free(bytes);
    return same;
}

bool registry_instance_same_checks(const struct registry_instance *a, const struct registry_instance *b)
{
    PB(Instance) x = *a->message, y = *b->message;
    struct registry_instance first = {.message = &x}, second = {.message = &y};
    x.version = y.version = (char *)(uintptr_t)protobuf_c_empty_string;
    x.zone = y.zone = (char *)(uintptr_t)protobuf_c_empty_string;
    x.weight = y.weight = 0;
    x.n_tags = y.n_tags = x.n_metadata = y.n_metadata = 0;
    x.lease_ttl = y.lease_ttl = NULL;
    return registry_instance_same_definition(&first, &second) == 1;
}

enum registry_health registry_instance_health(const struct registry_instance *instance)
{
    return instance->message->status ? (enum registry_health)instance->message->status->state : HEALTH_UNKNOWN;
}

enum registry_operator_state registry_instance_operator_state(const struct registry_instance *instance)
{
    const PB(InstanceStatus) *status = instance->message->status;
    return status && status->operator_state ? (enum registry_operator_state)status->operator_state : OPERATOR_ACTIVE;
}

bool registry_instance_in_service(const struct registry_instance *instance)
{
    return registry_instance_operator_state(instance) == OPERATOR_ACTIVE;
}

int64_t registry_duration_ms(const Google__Protobuf__Duration *duration)
{
    if (!duration)
        return -1;
    return duration->seconds * 1000 + (duration->nanos + 999999) / 1000000;
}

int64_t registry_instance_lease_ms(const struct registry_instance *instance)
{
    return registry_duration_ms(instance->message->lease_ttl);
}

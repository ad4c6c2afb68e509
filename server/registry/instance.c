/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/instance.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/checks/board.h"
#include "registry/pack.h"
#include "registry/same.h"

struct registry_instance *registry_instance_draft(const PB(Instance) * source, const char *peer)
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
    if (instance->arena) {
        mrpc_arena_free(instance->arena);
        return;
    }
    registry_body_unref(instance->body);
    free(instance);
}

/* --- states
 * -------------------------------------------------------------------------------------------------------- */

static Google__Protobuf__Timestamp *timestamp(struct packer *packer, int64_t ns)
{
    Google__Protobuf__Timestamp *time = pack_room(packer, sizeof *time);
    if (!time)
        return NULL;
    google__protobuf__timestamp__init(time);
    time->seconds = ns / 1000000000;
    time->nanos = (int32_t)(ns % 1000000000);
    return time;
}

static int64_t ns_of(const Google__Protobuf__Timestamp *time)
{
    return time ? time->seconds * 1000000000 + time->nanos : 0;
}

static PB(InstanceStatus) * fill_status(struct packer *packer, const struct registry_state *state, const char *owner)
{
    PB(InstanceStatus) *status = pack_room(packer, sizeof *status);
    char *text = pack_text(packer, state->cause.text);
    bool by_owner = strcmp(state->cause.actor, owner) == 0;
    char *actor = by_owner ? (char *)(uintptr_t)owner : pack_text(packer, state->cause.actor);
    if (!status)
        return NULL;
    mltrainer__registry__v1__instance_status__init(status);
    status->state = (PB(HealthState))state->health;
    status->operator_state = (PB(OperatorState))state->operator_state;
    status->held = state->held;
    status->reason = (PB(TransitionReason))state->cause.reason;
    status->actor = actor;
    status->text = text;
    return status;
}

/* Times that are equal, and most are, are one. */
static void fill_times(struct packer *packer, const struct registry_state *state, PB(Instance) * message)
{
    Google__Protobuf__Timestamp *since = timestamp(packer, state->cause.wall_ns);
    Google__Protobuf__Timestamp *update =
        state->update_ns == state->cause.wall_ns ? since : timestamp(packer, state->update_ns);
    Google__Protobuf__Timestamp *create = state->create_ns == state->cause.wall_ns ? since
                                          : state->create_ns == state->update_ns   ? update
                                                                                 : timestamp(packer, state->create_ns);
    if (!since)
        return;
    message->status->since_time = since;
    message->update_time = update;
    message->create_time = create;
}

static struct registry_instance *fill(struct packer *packer, struct registry_body *body,
                                      const struct registry_state *state)
{
    struct registry_instance *instance = pack_room(packer, sizeof *instance);
    PB(Instance) *message = pack_room(packer, sizeof *message);
    PB(Instance) shown;
    mltrainer__registry__v1__instance__init(&shown);
    registry_body_show(body, &shown);
    shown.status = fill_status(packer, state, shown.owner);
    fill_times(packer, state, &shown);
    if (!instance)
        return NULL;
    shown.incarnation = state->incarnation;
    shown.revision = state->revision;
    *message = shown;
    atomic_init(&instance->references, 1);
    instance->arena = NULL;
    instance->body = body;
    instance->message = message;
    instance->peer = registry_body_peer(body);
    instance->board = NULL;
    return instance;
}

struct registry_instance *registry_instance_new(struct registry_body *body, const struct registry_state *state)
{
    struct packer packer = {0};
    if (!body)
        return NULL;
    fill(&packer, body, state);
    void *memory = malloc(pack_bytes(&packer));
    if (!memory) {
        registry_body_unref(body);
        return NULL;
    }
    pack_into(&packer, memory);
    return fill(&packer, body, state);
}

struct registry_state registry_instance_state(const struct registry_instance *instance)
{
    const PB(Instance) *message = instance->message;
    const PB(InstanceStatus) *status = message->status;
    return (struct registry_state){
        .health = registry_instance_health(instance),
        .operator_state = registry_instance_operator_state(instance),
        .held = status->held,
        .cause = {(enum registry_reason)status->reason, status->actor, status->text, ns_of(status->since_time)},
        .incarnation = message->incarnation,
        .revision = message->revision,
        .create_ns = ns_of(message->create_time),
        .update_ns = ns_of(message->update_time),
    };
}

/* --- comparing
 * ----------------------------------------------------------------------------------------------------- */

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

bool registry_instance_same_definition(const struct registry_instance *a, const struct registry_instance *b)
{
    PB(Instance) first = definition_of(a), second = definition_of(b);
    return message_same(&first, &second);
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
    return registry_instance_same_definition(&first, &second);
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

bool registry_instance_is_held(const struct registry_instance *instance)
{
    return instance->message->status && instance->message->status->held;
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

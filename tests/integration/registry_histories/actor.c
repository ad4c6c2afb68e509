/* SPDX-License-Identifier: Apache-2.0 */
#include "actor.h"

#include <stdlib.h>
#include <string.h>

#include "observer.h"

#define PB(name) Mltrainer__Registry__V1__##name
#define RPC(name) mltrainer__registry__v1__registry_service__##name

static const struct mrpc_call_options in_time = {
    .struct_bytes = sizeof in_time, .timeout_ms = 15000, .wait_for_ready = true};

static unsigned random_below(struct actor *actor, unsigned limit)
{
    return (unsigned)rand_r(&actor->random_state) % limit;
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

/* The codes that are answers of the registry; others say that the connection or the store is at fault. */
static enum history_outcome outcome_of(int code)
{
    switch (code) {
    case MRPC_OK:
    case MRPC_NOT_FOUND:
    case MRPC_ABORTED:
        return HISTORY_ANSWERED;
    case MRPC_INTERNAL: /* not written; a later change that built on it may have been */
    case MRPC_UNAVAILABLE:
    case MRPC_CANCELLED:
    case MRPC_DEADLINE_EXCEEDED:
        return HISTORY_UNKNOWN;
    default:
        return HISTORY_PENDING;
    }
}

static void end(struct actor *actor, const struct mrpc_status *status)
{
    enum history_outcome outcome = outcome_of(status->code);
    if (outcome == HISTORY_PENDING)
        history_violate(actor->history, "client %d was answered %s: %s", actor->number, mrpc_code_name(status->code),
                        status->message ? status->message : "");
    history_end(actor->history, actor->operation, outcome == HISTORY_PENDING ? HISTORY_UNKNOWN : outcome, status->code,
                observer_now_ms());
    actor->operation = NULL;
    if (actor->pause_ms_max)
        actor->resting_until_ms = observer_now_ms() + random_below(actor, (unsigned)actor->pause_ms_max);
}

static void see(struct history_operation *operation, const PB(Instance) * instance)
{
    int id;
    struct history_state state = history_state_of(instance, &id);
    if (id >= 0)
        operation->seen[id] = state;
}

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    if (response) {
        see(actor->operation, response->instance);
        actor->operation->created = response->created;
        actor->operation->revision = response->instance->revision;
    }
    end(actor, &reply->status);
}

static void on_deregistered(void *arg, const PB(DeregisterResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    if (response)
        actor->operation->revision = response->revision;
    end(actor, &reply->status);
}

static void on_heartbeat(void *arg, const PB(HeartbeatResponse) * response, const struct mrpc_reply *reply)
{
    end(arg, &reply->status);
}

static void on_got(void *arg, const PB(GetInstanceResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    if (response) {
        see(actor->operation, response->instance);
        actor->operation->revision = response->revision;
    }
    end(actor, &reply->status);
}

static void on_listed(void *arg, const PB(ListInstancesResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    for (size_t i = 0; response && i < response->n_instances; i++)
        see(actor->operation, response->instances[i]);
    if (response) {
        actor->operation->revision = response->revision;
    }
    end(actor, &reply->status);
}

static void on_discovered(void *arg, const PB(DiscoverResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    for (size_t i = 0; response && i < response->n_instances; i++)
        see(actor->operation, response->instances[i]);
    if (response) {
        actor->operation->revision = response->revision;
    }
    end(actor, &reply->status);
}

static void on_operated(void *arg, const PB(SetOperatorStateResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    if (response) {
        see(actor->operation, response->instance);
        actor->operation->revision = response->instance->revision;
    }
    end(actor, &reply->status);
}

static void on_updated(void *arg, const PB(UpdateInstanceResponse) * response, const struct mrpc_reply *reply)
{
    struct actor *actor = arg;
    if (response) {
        see(actor->operation, response->instance);
        actor->operation->revision = response->instance->revision;
    }
    end(actor, &reply->status);
}

/* --- beginnings --------------------------------------------------------------------------------------------------- */

static const char *const names[HISTORY_IDS] = {"i0", "i1", "i2", "i3"};

static PB(InstanceKey) key_of(const struct actor *actor, int id)
{
    PB(InstanceKey) key;
    mltrainer__registry__v1__instance_key__init(&key);
    key.service = (char *)(uintptr_t)actor->service;
    key.id = (char *)(uintptr_t)names[id];
    return key;
}

/* What has been told or answered last of an id: revision and incarnation that a client may go on from. */
static struct history_state last_known(const struct actor *actor, int id)
{
    const struct history *history = actor->history;
    for (size_t i = history->event_count; i-- > 0;)
        if (history->events[i].id == id)
            return history->events[i].after;
    return (struct history_state){.there = false};
}

static uint32_t greatest_value(const struct history *history)
{
    uint32_t greatest = 0;
    for (size_t i = 0; i < history->operation_count; i++)
        if ((history->operations[i].kind == HISTORY_REGISTER || history->operations[i].kind == HISTORY_UPDATE) &&
            history->operations[i].value > greatest)
            greatest = history->operations[i].value;
    return greatest;
}

/* What an instance of that value has in its other fields: the filtering observer sees every other one, and the
 * marker. */
static char *zone_of(int id, uint32_t value)
{
    return (char *)(uintptr_t)(value % 2 || id == HISTORY_MARKER ? OBSERVER_ZONE : "elsewhere");
}

static void send_register(struct actor *actor, struct history_operation *operation)
{
    PB(InstanceKey) key = key_of(actor, operation->id);
    PB(Endpoint) endpoint, *endpoints[] = {&endpoint};
    Google__Protobuf__Duration ttl;
    PB(Instance) instance;
    PB(RegisterRequest) request;
    mltrainer__registry__v1__endpoint__init(&endpoint);
    google__protobuf__duration__init(&ttl);
    mltrainer__registry__v1__instance__init(&instance);
    mltrainer__registry__v1__register_request__init(&request);
    endpoint.address = (char *)(uintptr_t) "192.0.2.1";
    endpoint.port = 80;
    ttl.seconds = actor->history->ttl_ms / 1000;
    instance.key = &key;
    instance.endpoints = endpoints;
    instance.n_endpoints = 1;
    instance.weight = operation->value;
    instance.zone = zone_of(operation->id, operation->value);
    instance.lease_ttl = &ttl;
    request.instance = &instance;
    if (operation->has_expected) {
        request.has_expected_revision_case =
            MLTRAINER__REGISTRY__V1__REGISTER_REQUEST__HAS_EXPECTED_REVISION_EXPECTED_REVISION;
        request.expected_revision = operation->expected;
    }
    RPC(register__async)(actor->channel, &in_time, &request, on_registered, actor);
}

static void begin_register(struct actor *actor, struct history_operation *operation)
{
    struct history_state known = last_known(actor, operation->id);
    uint32_t newest = greatest_value(actor->history);
    operation->fresh = newest == 0 || random_below(actor, 4);
    operation->value = operation->fresh ? newest + 1 : known.value ? known.value : newest;
    if (random_below(actor, 3) == 0) {
        operation->has_expected = true;
        operation->expected = random_below(actor, 4) ? (known.there ? known.revision : 0) : known.revision / 2;
    }
    send_register(actor, operation);
}

static void begin_deregister(struct actor *actor, struct history_operation *operation)
{
    PB(InstanceKey) key = key_of(actor, operation->id);
    PB(DeregisterRequest) request;
    mltrainer__registry__v1__deregister_request__init(&request);
    operation->incarnation = random_below(actor, 2) ? 0 : last_known(actor, operation->id).incarnation;
    request.key = &key;
    request.incarnation = operation->incarnation;
    RPC(deregister__async)(actor->channel, &in_time, &request, on_deregistered, actor);
}

static void begin_heartbeat(struct actor *actor, struct history_operation *operation)
{
    PB(InstanceKey) key = key_of(actor, operation->id);
    PB(HeartbeatRequest) request;
    mltrainer__registry__v1__heartbeat_request__init(&request);
    operation->incarnation = random_below(actor, 3) ? last_known(actor, operation->id).incarnation : 0;
    request.key = &key;
    request.incarnation = operation->incarnation;
    RPC(heartbeat__async)(actor->channel, &in_time, &request, on_heartbeat, actor);
}

static void begin_get(struct actor *actor, struct history_operation *operation)
{
    PB(InstanceKey) key = key_of(actor, operation->id);
    PB(GetInstanceRequest) request;
    mltrainer__registry__v1__get_instance_request__init(&request);
    request.key = &key;
    RPC(get_instance__async)(actor->channel, &in_time, &request, on_got, actor);
}

static void begin_list(struct actor *actor, struct history_operation *operation)
{
    PB(ListInstancesRequest) request;
    mltrainer__registry__v1__list_instances_request__init(&request);
    request.service = (char *)(uintptr_t)actor->service;
    RPC(list_instances__async)(actor->channel, &in_time, &request, on_listed, actor);
}

static void begin_discover(struct actor *actor, struct history_operation *operation)
{
    PB(DiscoverRequest) request;
    mltrainer__registry__v1__discover_request__init(&request);
    request.service = (char *)(uintptr_t)actor->service;
    request.limit = -1;
    RPC(discover__async)(actor->channel, &in_time, &request, on_discovered, actor);
}

static void begin_operator(struct actor *actor, struct history_operation *operation)
{
    PB(InstanceKey) key = key_of(actor, operation->id);
    PB(SetOperatorStateRequest) request;
    mltrainer__registry__v1__set_operator_state_request__init(&request);
    operation->value = 1 + random_below(actor, 3);
    request.key = &key;
    request.operator_state = (PB(OperatorState))operation->value;
    RPC(set_operator_state__async)(actor->channel, &in_time, &request, on_operated, actor);
}

static void begin_update(struct actor *actor, struct history_operation *operation)
{
    PB(InstanceKey) key = key_of(actor, operation->id);
    Google__Protobuf__FieldMask mask;
    char *paths[] = {(char *)(uintptr_t) "weight", (char *)(uintptr_t) "zone"};
    PB(Instance) instance;
    PB(UpdateInstanceRequest) request;
    google__protobuf__field_mask__init(&mask);
    mltrainer__registry__v1__instance__init(&instance);
    mltrainer__registry__v1__update_instance_request__init(&request);
    struct history_state known = last_known(actor, operation->id);
    operation->fresh = true;
    operation->value = greatest_value(actor->history) + 1;
    operation->has_expected = known.revision > 1 && random_below(actor, 3) == 0;
    operation->expected = random_below(actor, 4) ? known.revision : known.revision / 2;
    mask.paths = paths;
    mask.n_paths = 2;
    instance.key = &key;
    instance.weight = operation->value;
    instance.zone = zone_of(operation->id, operation->value);
    request.instance = &instance;
    request.update_mask = &mask;
    if (operation->has_expected) {
        request.has_expected_revision_case =
            MLTRAINER__REGISTRY__V1__UPDATE_INSTANCE_REQUEST__HAS_EXPECTED_REVISION_EXPECTED_REVISION;
        request.expected_revision = operation->expected;
    }
    RPC(update_instance__async)(actor->channel, &in_time, &request, on_updated, actor);
}

/* --- a heartbeat stream ------------------------------------------------------------------------------------------- */

static bool on_stream_message(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *bytes)
{
    struct actor *actor = arg;
    const PB(HeartbeatStreamResponse) *message = (const PB(HeartbeatStreamResponse) *)bytes;
    if (actor->operation && actor->operation->kind == HISTORY_ATTACH)
        end(actor, &(struct mrpc_status){.code = (enum mrpc_code)message->code});
    return true;
}

static void on_stream_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                           const struct mrpc_metadata *trailers)
{
    struct actor *actor = arg;
    mrpc_client_call_free(call);
    actor->stream = NULL;
    if (!actor->operation)
        return;
    if (actor->operation->kind == HISTORY_BREAK)
        end(actor, &(struct mrpc_status){.code = MRPC_OK});
    else if (actor->operation->kind == HISTORY_ATTACH)
        end(actor, &(struct mrpc_status){.code = MRPC_UNAVAILABLE});
}

static void begin_stream(struct actor *actor, struct history_operation *operation)
{
    static const struct mrpc_client_events events = {.on_message = on_stream_message, .on_done = on_stream_done};
    PB(InstanceKey) key = key_of(actor, operation->id);
    PB(HeartbeatRequest) heartbeat;
    PB(HeartbeatStreamRequest) message;
    if (actor->stream) {
        operation->kind = HISTORY_BREAK;
        mrpc_client_call_cancel(actor->stream);
        return;
    }
    mltrainer__registry__v1__heartbeat_request__init(&heartbeat);
    mltrainer__registry__v1__heartbeat_stream_request__init(&message);
    operation->incarnation = last_known(actor, operation->id).incarnation;
    heartbeat.key = &key;
    heartbeat.incarnation = operation->incarnation;
    message.heartbeat = &heartbeat;
    message.expire_on_disconnect = true;
    if (RPC(heartbeat_stream__start)(actor->channel, &in_time, &events, actor, &actor->stream))
        abort();
    if (mrpc_client_call_send(actor->stream, &message.base))
        mrpc_client_call_cancel(actor->stream);
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static const struct {
    enum history_kind kind;
    unsigned share;
    void (*begin)(struct actor *actor, struct history_operation *operation);
} choices[] = {
    {HISTORY_REGISTER, 8, begin_register},   {HISTORY_DEREGISTER, 4, begin_deregister},
    {HISTORY_HEARTBEAT, 3, begin_heartbeat}, {HISTORY_GET, 3, begin_get},
    {HISTORY_LIST, 3, begin_list},           {HISTORY_DISCOVER, 2, begin_discover},
    {HISTORY_OPERATOR, 2, begin_operator},   {HISTORY_UPDATE, 4, begin_update},
    {HISTORY_ATTACH, 3, begin_stream},
};

static size_t choose(struct actor *actor)
{
    unsigned shares = 0;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        shares += choices[i].share;
    unsigned at = random_below(actor, shares);
    size_t choice = 0;
    while (at >= choices[choice].share)
        at -= choices[choice++].share;
    return choice;
}

bool actor_is_done(const struct actor *actor)
{
    return !actor->operation && actor->left == 0;
}

static struct history_operation *next_operation(struct actor *actor, enum history_kind kind)
{
    struct history_operation *operation = history_begin(actor->history, kind, observer_now_ms());
    if (operation)
        operation->client = actor->number;
    actor->operation = operation;
    return operation;
}

void actor_turn(struct actor *actor)
{
    if (actor->operation || actor->left == 0 || observer_now_ms() < actor->resting_until_ms)
        return;
    size_t choice = choose(actor);
    struct history_operation *operation = next_operation(actor, choices[choice].kind);
    actor->left--;
    if (!operation) {
        actor->left = 0;
        return;
    }
    operation->id = (int)random_below(actor, HISTORY_MARKER);
    choices[choice].begin(actor, operation);
}

void actor_mark(struct actor *actor)
{
    struct history_operation *operation = next_operation(actor, HISTORY_REGISTER);
    if (!operation)
        abort();
    operation->id = HISTORY_MARKER;
    operation->fresh = true;
    operation->value = greatest_value(actor->history) + 1;
    send_register(actor, operation);
}

void actor_stop(struct actor *actor)
{
    if (actor->stream)
        mrpc_client_call_cancel(actor->stream);
}

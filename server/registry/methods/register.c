/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/definition.h"
#include "registry/methods/methods.h"

/* Register: checked on the connection loop, decided on the domain loop, answered when it is on disk. */

/* With what this registration made of the instance, also if others have changed it in the same sync. */
static void answer(struct registry_command *command)
{
    PB(RegisterResponse) *response = (PB(RegisterResponse) *)command->response;
    struct registry_instance *instance = command->decided;
    struct catalog_slot *slot = catalog_find(registry_catalog(command->registry), instance->message->key);
    if (slot && slot->latest && slot->latest->message->incarnation == instance->message->incarnation)
        registry_renew(command->registry, slot);
    registry_hold_instance(command->call, instance);
    response->instance = instance->message;
    response->epoch = registry_epoch(command->registry);
    response->created = command->created;
    int64_t ttl_ms = registry_instance_lease_ms(instance);
    if (ttl_ms > 0)
        response->heartbeat_interval = registry_duration(mrpc_call_arena(command->call), ttl_ms / 3);
    registry_command_finish(command, MRPC_OK);
}

static void committed(struct registry_command *command, int code, const char *text)
{
    struct fault fault = FAULT_INIT;
    if (code) {
        fault_retry(&fault, (enum mrpc_code)code, 1000, "not registered: %s", text);
        registry_command_fail(command, &fault);
        return;
    }
    answer(command);
}

/* Its end is on its way to the disk. If that failed, and this succeeded, watchers would be told of another incarnation
 * without the end of the one before. */
static bool is_going(struct registry_command *command, const PB(InstanceKey) * key)
{
    const struct catalog_slot *slot = catalog_find(registry_catalog(command->registry), key);
    return slot && slot->committed && !slot->latest;
}

static void run(struct registry_command *command)
{
    const PB(RegisterRequest) *request = (const PB(RegisterRequest) *)command->request;
    const int64_t *expected = request->has_expected_revision_case ? &request->expected_revision : NULL;
    struct catalog_change *change;
    struct fault fault = FAULT_INIT;
    command->committed = committed;
    if (is_going(command, request->instance->key)) {
        registry_command_again(command);
        return;
    }
    int code = catalog_register(registry_catalog(command->registry), registry_instance_ref(command->draft),
                                &command->caller, expected, registry_wall_ns(), &command->slot, &change, &fault);
    if (code) {
        registry_command_await(command, request->instance->key, &fault);
        return;
    }
    command->created = change && change->created;
    registry_command_decide(command, change ? change->instance : command->slot->latest);
    if (command->slot->committed) /* the lease that runs must not run out while this goes to the disk */
        registry_renew(command->registry, command->slot);
    if (change)
        registry_command_commit(command, change);
    else
        registry_command_await(command, request->instance->key, NULL);
}

int registry_register(void *self, struct mrpc_call *call, const PB(RegisterRequest) * request,
                      PB(RegisterResponse) * response)
{
    struct fault fault = FAULT_INIT;
    struct registry_instance *draft;
    if (request->has_expected_revision_case && request->expected_revision < 0)
        return mrpc_call_fail_field(call, "expected_revision", "is negative");
    if (registry_definition_take(request->instance, registry_peer(call), &draft, &fault))
        return fault_answer(call, &fault);
    return registry_change_post(self, call, &request->base, &response->base, draft, run);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/board.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

/* What is left of a lease is known on the domain loop alone, so this one goes there. */

static bool describe(struct registry_command *command, const struct catalog_slot *slot, PB(Instance) * *out)
{
    struct mrpc_arena *arena = mrpc_call_arena(command->call);
    PB(Instance) *message = mrpc_arena_memdup(arena, slot->committed->message, sizeof *message);
    PB(InstanceStatus) *status = mrpc_arena_memdup(arena, slot->committed->message->status, sizeof *status);
    if (!message || !status || !board_describe(slot->committed->board, message, arena, status))
        return false;
    message->status = status;
    if (registry_instance_lease_ms(slot->committed) > 0) {
        status->lease_remaining = registry_duration(arena, registry_lease_remaining_ms(command->registry, slot));
        if (!status->lease_remaining)
            return false;
    }
    *out = message;
    return true;
}

static void run(struct registry_command *command)
{
    const PB(GetInstanceRequest) *request = (const PB(GetInstanceRequest) *)command->request;
    PB(GetInstanceResponse) *response = (PB(GetInstanceResponse) *)command->response;
    struct catalog *catalog = registry_catalog(command->registry);
    struct catalog_slot *slot = catalog_find(catalog, request->key);
    struct fault fault = FAULT_INIT;
    if (!slot || !slot->committed) {
        fault_set(&fault, MRPC_NOT_FOUND, "unknown instance %s/%s/%s", registry_namespace(request->key->namespace_),
                  request->key->service, request->key->id);
        registry_command_fail(command, &fault);
        return;
    }
    registry_hold_instance(command->call, slot->committed);
    if (!describe(command, slot, &response->instance)) {
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
        registry_command_fail(command, &fault);
        return;
    }
    response->epoch = registry_epoch(command->registry);
    response->revision = catalog->committed_revision;
    registry_command_finish(command, MRPC_OK);
}

int registry_get_instance(void *self, struct mrpc_call *call, const PB(GetInstanceRequest) * request,
                          PB(GetInstanceResponse) * response)
{
    struct fault fault = FAULT_INIT;
    if (registry_key_check(request->key, "key", &fault))
        return fault_answer(call, &fault);
    return registry_command_post(self, call, &request->base, &response->base, NULL, run);
}

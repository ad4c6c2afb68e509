/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/definition.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

/* UpdateInstance: single fields of what is there at its turn on the domain loop, so that two updates of different
 * fields never undo each other. */

static void committed(struct registry_command *command, int code, const char *text)
{
    registry_command_answer_instance(command, code, text, "updated",
                                     &((PB(UpdateInstanceResponse) *)command->response)->instance);
}

static void run(struct registry_command *command)
{
    const PB(UpdateInstanceRequest) *request = (const PB(UpdateInstanceRequest) *)command->request;
    const int64_t *expected = request->has_expected_revision_case ? &request->expected_revision : NULL;
    struct registry_instance *draft;
    struct catalog_change *change = NULL;
    uint32_t fields;
    struct fault fault = FAULT_INIT;
    command->committed = committed;
    int code = catalog_touch(registry_catalog(command->registry), request->instance->key, &command->caller,
                             &command->slot, &fault);
    if (!code)
        code = registry_update_mask_take(request->update_mask, &fields, &fault);
    if (!code)
        code = registry_definition_update(command->slot->latest, request->instance, fields, &draft, &fault);
    if (!code)
        code = catalog_update(registry_catalog(command->registry), command->slot, draft, &command->caller, expected,
                              registry_wall_ns(), &change, &fault);
    if (code) {
        registry_command_await(command, request->instance->key, &fault);
        return;
    }
    registry_command_decide(command, change ? change->instance : command->slot->latest);
    if (change)
        registry_command_commit(command, change);
    else
        registry_command_await(command, request->instance->key, NULL);
}

int registry_update_instance(void *self, struct mrpc_call *call, const PB(UpdateInstanceRequest) * request,
                             PB(UpdateInstanceResponse) * response)
{
    struct fault fault = FAULT_INIT;
    uint32_t fields;
    if (!request->instance)
        return mrpc_call_fail_field(call, "instance", "is required");
    if (registry_key_check(request->instance->key, "instance.key", &fault) ||
        registry_update_mask_take(request->update_mask, &fields, &fault))
        return fault_answer(call, &fault);
    if (request->has_expected_revision_case && request->expected_revision < 1)
        return mrpc_call_fail_field(call, "expected_revision", "is not above 0");
    return registry_change_post(self, call, &request->base, &response->base, NULL, run);
}

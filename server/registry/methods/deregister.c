/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <string.h>

/* It went by somebody else's doing, which is durable by now. */
static int64_t when_it_went(const struct registry_command *command)
{
    const PB(DeregisterRequest) *request = (const PB(DeregisterRequest) *)command->request;
    const struct catalog *catalog = registry_catalog(command->registry);
    const struct catalog_slot *slot = catalog_find(catalog, request->key);
    return slot && !slot->committed ? slot->gone_revision : catalog->committed_revision;
}

static void committed(struct registry_command *command, int code, const char *text)
{
    struct fault fault = FAULT_INIT;
    if (code) {
        fault_retry(&fault, (enum mrpc_code)code, 1000, "not deregistered: %s", text);
        registry_command_fail(command, &fault);
        return;
    }
    ((PB(DeregisterResponse) *)command->response)->revision =
        command->revision ? command->revision : when_it_went(command);
    registry_command_finish(command, MRPC_OK);
}

static void run(struct registry_command *command)
{
    const PB(DeregisterRequest) *request = (const PB(DeregisterRequest) *)command->request;
    struct catalog_change *change;
    struct fault fault = FAULT_INIT;
    command->committed = committed;
    int code = catalog_deregister(registry_catalog(command->registry), request->key, request->incarnation,
                                  &command->caller, request->reason[0] ? request->reason : "deregistered",
                                  registry_wall_ns(), &change, &command->revision, &fault);
    if (code) {
        registry_command_await(command, request->key, &fault);
        return;
    }
    if (change) {
        registry_command_commit(command, change);
        return;
    }
    command->revision = 0;
    registry_command_await(command, request->key, NULL);
}

int registry_deregister(void *self, struct mrpc_call *call, const PB(DeregisterRequest) * request,
                        PB(DeregisterResponse) * response)
{
    struct fault fault = FAULT_INIT;
    if (registry_key_check(request->key, "key", &fault))
        return fault_answer(call, &fault);
    if (request->incarnation < 0)
        return mrpc_call_fail_field(call, "incarnation", "is negative");
    if (strlen(request->reason) > 256)
        return mrpc_call_fail_field(call, "reason", "has more than 256 bytes");
    return registry_change_post(self, call, &request->base, &response->base, NULL, run);
}

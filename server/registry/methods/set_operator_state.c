/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/prober.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <string.h>

/* SetOperatorState: in service, draining or in maintenance. */

static void committed(struct registry_command *command, int code, const char *text)
{
    registry_command_answer_instance(command, code, text, "changed",
                                     &((PB(SetOperatorStateResponse) *)command->response)->instance);
}

static const char *text_of(const PB(SetOperatorStateRequest) * request)
{
    static const char *const texts[] = {"", "in service", "draining", "in maintenance"};
    return request->reason[0] ? request->reason : texts[request->operator_state];
}

static void run(struct registry_command *command)
{
    const PB(SetOperatorStateRequest) *request = (const PB(SetOperatorStateRequest) *)command->request;
    struct catalog_change *change;
    struct fault fault = FAULT_INIT;
    command->committed = committed;
    if (catalog_touch(registry_catalog(command->registry), request->key, &command->caller, &command->slot, &fault)) {
        registry_command_await(command, request->key, &fault);
        return;
    }
    const struct registry_instance *latest = command->slot->latest;
    enum registry_health health = registry_instance_health(latest);
    bool was_in_maintenance = registry_instance_operator_state(latest) == OPERATOR_MAINTENANCE;
    if (was_in_maintenance && !command->slot->standing.has_lapsed) /* what was found meanwhile counts now */
        health = prober_health(command->slot, health);
    struct registry_cause cause = {REASON_OPERATOR, command->caller.owner, text_of(request), registry_wall_ns()};
    if (catalog_set_operator_state(registry_catalog(command->registry), command->slot,
                                   (enum registry_operator_state)request->operator_state, health, &cause, &change,
                                   &fault)) {
        registry_command_fail(command, &fault);
        return;
    }
    registry_command_decide(command, change ? change->instance : command->slot->latest);
    if (change)
        registry_command_commit(command, change);
    else
        registry_command_await(command, request->key, NULL);
}

int registry_set_operator_state(void *self, struct mrpc_call *call, const PB(SetOperatorStateRequest) * request,
                                PB(SetOperatorStateResponse) * response)
{
    struct fault fault = FAULT_INIT;
    if (registry_key_check(request->key, "key", &fault))
        return fault_answer(call, &fault);
    if ((int)request->operator_state < (int)OPERATOR_ACTIVE || (int)request->operator_state > (int)OPERATOR_MAINTENANCE)
        return mrpc_call_fail_field(call, "operator_state", "%d is none of ACTIVE, DRAINING, MAINTENANCE",
                                    (int)request->operator_state);
    if (strlen(request->reason) > 256)
        return mrpc_call_fail_field(call, "reason", "has more than 256 bytes");
    return registry_change_post(self, call, &request->base, &response->base, NULL, run);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/board.h"
#include "registry/checks/prober.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

/* CheckNow: the checks run at once, within the limits on checks, and the call waits for them. */

struct check_now {
    struct prober_waiter waiter; /* first: the prober gives it back */
    struct registry_command *command;
    struct registry_instance *instance;
};

static void fail(struct registry_command *command, int code, const char *text)
{
    struct fault fault = FAULT_INIT;
    if (code == MRPC_RESOURCE_EXHAUSTED || code == MRPC_UNAVAILABLE)
        fault_retry(&fault, (enum mrpc_code)code, 1000, "%s", text);
    else
        fault_set(&fault, (enum mrpc_code)code, "%s", text);
    registry_command_fail(command, &fault);
}

static void done(struct prober_waiter *waiter, bool in_vain)
{
    struct check_now *now = (struct check_now *)waiter;
    struct registry_command *command = now->command;
    PB(CheckNowResponse) *response = (PB(CheckNowResponse) *)command->response;
    PB(InstanceStatus) status;
    mltrainer__registry__v1__instance_status__init(&status);
    if (in_vain && registry_draining(command->registry)) {
        fail(command, MRPC_UNAVAILABLE, "the server is stopping");
        return;
    }
    if (in_vain) {
        fail(command, MRPC_ABORTED, "the instance was removed, or its checks were changed, while they ran");
        return;
    }
    if (!board_describe(now->instance->board, now->instance->message, mrpc_call_arena(command->call), &status)) {
        fail(command, MRPC_RESOURCE_EXHAUSTED, "no memory");
        return;
    }
    response->checks = status.checks;
    response->n_checks = status.n_checks;
    registry_command_finish(command, MRPC_OK);
}

static int begin(struct registry_command *command)
{
    struct check_now *now = mrpc_arena_calloc(mrpc_call_arena(command->call), 1, sizeof *now);
    if (!now)
        return MRPC_RESOURCE_EXHAUSTED;
    now->waiter.done = done;
    now->command = command;
    now->instance = command->slot->committed;
    int64_t now_ms = domain_loop_now_ms(registry_loop(command->registry));
    int code = prober_check_now(registry_prober(command->registry), command->slot, &now->waiter, now_ms);
    if (code == MRPC_OK)
        registry_hold_instance(command->call, now->instance);
    return code;
}

static void run(struct registry_command *command)
{
    const PB(CheckNowRequest) *request = (const PB(CheckNowRequest) *)command->request;
    struct fault fault = FAULT_INIT;
    if (registry_draining(command->registry)) {
        fail(command, MRPC_UNAVAILABLE, "the server is stopping");
        return;
    }
    if (catalog_touch(registry_catalog(command->registry), request->key, &command->caller, &command->slot, &fault)) {
        registry_command_fail(command, &fault);
        return;
    }
    int code = command->slot->committed ? begin(command) : MRPC_FAILED_PRECONDITION;
    if (code == MRPC_FAILED_PRECONDITION)
        fail(command, code, "the instance has no checks that the registry runs");
    else if (code)
        fail(command, code, "too many calls wait for checks");
}

int registry_check_now(void *self, struct mrpc_call *call, const PB(CheckNowRequest) * request,
                       PB(CheckNowResponse) * response)
{
    struct fault fault = FAULT_INIT;
    if (registry_key_check(request->key, "key", &fault))
        return fault_answer(call, &fault);
    return registry_command_post(self, call, &request->base, &response->base, NULL, run);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/methods/methods.h"

/* Answers that point into shared state keep it as long as the call. */

static void release_view(void *data)
{
    registry_snapshot_release(data);
}

void registry_hold_view(struct mrpc_call *call, const struct registry_view *view)
{
    mrpc_call_set_data(call, (void *)(uintptr_t)view, release_view);
}

static void release_instance(void *data)
{
    registry_instance_unref(data);
}

void registry_hold_instance(struct mrpc_call *call, struct registry_instance *instance)
{
    mrpc_call_set_data(call, registry_instance_ref(instance), release_instance);
}

void registry_command_answer_instance(struct registry_command *command, int code, const char *text, const char *what,
                                      PB(Instance) * *at)
{
    struct registry_instance *instance = command->decided;
    struct fault fault = FAULT_INIT;
    if (code) {
        fault_retry(&fault, (enum mrpc_code)code, 1000, "not %s: %s", what, text);
        registry_command_fail(command, &fault);
        return;
    }
    registry_hold_instance(command->call, instance);
    *at = instance->message;
    registry_command_finish(command, MRPC_OK);
}

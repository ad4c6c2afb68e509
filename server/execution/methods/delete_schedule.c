/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/change.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(DeleteScheduleRequest) *request = command->request;
    struct schedule *schedule;
    if (schedule_to_change(command, request->name, &schedule, fault))
        return fault->code;
    return schedule_change_delete(command, schedule, fault);
}

METHOD(delete_schedule, DeleteSchedule)
{
    return command_post(self, call, request, response, run);
}

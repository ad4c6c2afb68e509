/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/schedule.h"
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetScheduleRequest) *request = command->request;
    API(GetScheduleResponse) *response = command->response;
    const struct schedule *schedule = schedules_find(command->engine, request->name);
    if (!schedule)
        return fault_set(fault, MRPC_NOT_FOUND, "no schedule \"%.128s\"", request->name);
    return schedule_message(schedule, arena, &response->schedule, fault);
}

METHOD(get_schedule, GetSchedule)
{
    return command_post(self, call, request, response, run);
}

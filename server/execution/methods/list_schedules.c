/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/schedule/schedule.h"
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(ListSchedulesRequest) *request = command->request;
    API(ListSchedulesResponse) *response = command->response;
    const struct schedules *schedules = &command->engine->schedules;
    size_t size, bytes = 0, at = schedules_seek(schedules, request->page_token);
    if (api_page_size(request->page_size, &size, fault))
        return fault->code;
    if (*request->page_token && api_identifier(request->page_token, "page_token", fault))
        return fault->code;
    response->schedules = mrpc_arena_calloc(arena, size, sizeof *response->schedules);
    if (!response->schedules)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (; at < schedules->count; at++) {
        const struct schedule *schedule = schedules->items[at];
        if (!schedule->durable || strcmp(schedule->name, request->page_token) == 0)
            continue;
        if (response->n_schedules == size || bytes > API_PAGE_BYTES) {
            response->next_page_token = response->schedules[response->n_schedules - 1]->name;
            break;
        }
        bytes += schedule->definition.size;
        if (schedule_message(schedule, arena, &response->schedules[response->n_schedules], fault))
            return fault->code;
        response->n_schedules++;
    }
    return 0;
}

METHOD(list_schedules, ListSchedules)
{
    return command_post(self, call, request, response, run);
}

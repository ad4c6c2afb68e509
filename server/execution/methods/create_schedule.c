/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/schedule/change.h"

/* Is this what the schedule of that name was made of? All that the caller writes is compared. */
static bool same(const struct schedule *schedule, const API(Schedule) * mine, struct mrpc_arena *arena)
{
    API(Schedule) written, *other;
    struct api_bytes a = {NULL, 0}, b = {NULL, 0};
    struct fault fault = FAULT_INIT;
    if (api_decode(API_INFO(schedule), schedule->definition.data, schedule->definition.size, arena, &other, &fault))
        return false;
    written = *other;
    written.create_time = written.anchor_time = written.settled_time = written.last_time = written.next_time = NULL;
    written.last_job = mine->last_job;
    written.last_pipeline = mine->last_pipeline;
    written.last_error = mine->last_error;
    written.run_count = written.left_out_count = 0;
    bool same = !api_encode(API_INFO(schedule), mine, &a, &fault) &&
                !api_encode(API_INFO(schedule), &written, &b, &fault) && a.size == b.size &&
                memcmp(a.data, b.data, a.size) == 0;
    free(a.data);
    free(b.data);
    return same;
}

/* Output fields are the server's. */
static int clear_outputs(struct command *command, API(Schedule) * schedule, const char *request_id, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_call_arena(command->call);
    schedule->next_time = schedule->last_time = schedule->settled_time = schedule->create_time = schedule->anchor_time =
        NULL;
    schedule->last_pipeline = schedule->last_job = schedule->last_error = (char *)"";
    schedule->run_count = schedule->left_out_count = 0;
    schedule->owner = (char *)command->caller.owner;
    schedule->request_id = mrpc_arena_strdup(arena, request_id);
    return schedule->request_id ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(CreateScheduleRequest) *request = command->request;
    API(CreateScheduleResponse) *response = command->response;
    API(Schedule) *wanted = request->schedule;
    if (!wanted)
        return fault_field(fault, "schedule", "a schedule is wanted");
    if (*request->request_id && api_identifier(request->request_id, "request_id", fault))
        return fault->code;
    if (clear_outputs(command, wanted, request->request_id, fault) || schedule_check(command->engine, wanted, fault))
        return fault->code;
    const struct schedule *known = schedules_find(command->engine, wanted->name);
    if (!known)
        return schedule_change_create(command, wanted, &response->schedule, fault);
    if (*request->request_id && same(known, wanted, arena))
        return schedule_message(known, arena, &response->schedule, fault);
    return fault_set(fault, MRPC_ALREADY_EXISTS, "there is a schedule \"%s\"", wanted->name);
}

METHOD(create_schedule, CreateSchedule)
{
    return command_post(self, call, request, response, run);
}

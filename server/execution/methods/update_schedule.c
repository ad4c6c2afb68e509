/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/schedule/change.h"

/* One field, or the two that share a place. */
static void take_when(API(Schedule) * to, const API(Schedule) * from)
{
    to->when_case = from->when_case;
    if (from->when_case == MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_CRON)
        to->cron = from->cron;
    if (from->when_case == MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_INTERVAL)
        to->interval = from->interval;
}

static void take_zone(API(Schedule) * to, const API(Schedule) * from)
{
    to->time_zone = from->time_zone;
}

static void take_pipeline(API(Schedule) * to, const API(Schedule) * from)
{
    to->pipeline = from->pipeline;
}

static void take_job(API(Schedule) * to, const API(Schedule) * from)
{
    to->job = from->job;
}

static void take_paused(API(Schedule) * to, const API(Schedule) * from)
{
    to->paused = from->paused;
}

static void take_missed_runs(API(Schedule) * to, const API(Schedule) * from)
{
    to->missed_runs = from->missed_runs;
}

static void take_allow_overlap(API(Schedule) * to, const API(Schedule) * from)
{
    to->allow_overlap = from->allow_overlap;
}

static const struct {
    const char *path;
    void (*take)(API(Schedule) * to, const API(Schedule) * from);
} fields[] = {
    {"cron", take_when},
    {"interval", take_when},
    {"time_zone", take_zone},
    {"pipeline", take_pipeline},
    {"job", take_job},
    {"paused", take_paused},
    {"missed_runs", take_missed_runs},
    {"allow_overlap", take_allow_overlap},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static int take_path(API(Schedule) * to, const API(Schedule) * from, const char *path, struct fault *fault)
{
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].path, path) == 0) {
            fields[i].take(to, from);
            return 0;
        }
    return fault_field(fault, "update_mask", "\"%.64s\" is not a field that can be changed", path);
}

static int merge(API(Schedule) * to, const API(UpdateScheduleRequest) * request, struct fault *fault)
{
    const Google__Protobuf__FieldMask *mask = request->update_mask;
    for (size_t i = 0; mask && i < mask->n_paths; i++)
        if (take_path(to, request->schedule, mask->paths[i], fault))
            return fault->code;
    if (mask && mask->n_paths)
        return 0;
    for (int i = 0; i < FIELDS; i++)
        fields[i].take(to, request->schedule);
    return 0;
}

static bool same_time(const API(Schedule) * a, const API(Schedule) * b)
{
    if (a->when_case != b->when_case || strcmp(a->time_zone, b->time_zone) != 0)
        return false;
    return a->when_case == MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_CRON
               ? strcmp(a->cron, b->cron) == 0
               : api_duration_ms(a->interval) == api_duration_ms(b->interval);
}

/* What can no longer run must not keep its schedule from being paused. */
static int check(struct execution *engine, const API(Schedule) * before, API(Schedule) * merged, struct fault *fault)
{
    bool same_work = merged->job == before->job && merged->pipeline == before->pipeline;
    return same_work ? schedule_check_when(merged, fault) : schedule_check(engine, merged, fault);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(UpdateScheduleRequest) *request = command->request;
    API(UpdateScheduleResponse) *response = command->response;
    struct schedule *schedule;
    API(Schedule) * merged;
    if (!request->schedule)
        return fault_field(fault, "schedule", "a schedule is wanted");
    if (schedule_to_change(command, request->schedule->name, &schedule, fault) ||
        schedule_message(schedule, arena, &merged, fault))
        return fault->code;
    API(Schedule) before = *merged;
    if (merge(merged, request, fault) || check(command->engine, &before, merged, fault))
        return fault->code;
    bool resumed = before.paused && !merged->paused; /* what was due meanwhile is not made up for */
    bool anew = resumed || !same_time(&before, merged);
    return schedule_change_update(command, schedule, merged, anew, &response->schedule, fault);
}

METHOD(update_schedule, UpdateSchedule)
{
    return command_post(self, call, request, response, run);
}

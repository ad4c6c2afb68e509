/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "execution/job/jobs.h"
#include "execution/pipeline/pipelines.h"

#define WHEN(name) MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_##name

const char schedule_zones_folder[] = "/usr/share/zoneinfo";

static const int64_t interval_least_ms = 1000, interval_most_ms = INT64_C(366) * 24 * 3600 * 1000;

/* ---- What somebody wrote ---- */

static int check_policy(const API(Schedule) * message, struct fault *fault)
{
    bool known = (int)message->missed_runs >= 0 &&
                 message->missed_runs <= MLTRAINER__EXECUTION__V1__MISSED_RUNS__MISSED_RUNS_SKIP;
    return known ? 0 : fault_field(fault, "schedule.missed_runs", "%d is not a policy", (int)message->missed_runs);
}

static int check_cron(const API(Schedule) * message, struct fault *fault)
{
    struct cron cron;
    struct fault why = FAULT_INIT;
    return cron_parse(message->cron, &cron, &why) ? fault_field(fault, "schedule.cron", "%s", why.text)
                                                  : check_policy(message, fault);
}

static int check_interval(const API(Schedule) * message, struct fault *fault)
{
    int64_t interval_ms = api_duration_ms(message->interval);
    if (interval_ms < interval_least_ms || interval_ms > interval_most_ms)
        return fault_field(fault, "schedule.interval", "not in 1 s to 366 days");
    if (*message->time_zone)
        return fault_field(fault, "schedule.time_zone", "an interval has none");
    return check_policy(message, fault);
}

int schedule_check_when(const API(Schedule) * message, struct fault *fault)
{
    if (message->when_case == WHEN(CRON))
        return check_cron(message, fault);
    if (message->when_case == WHEN(INTERVAL))
        return check_interval(message, fault);
    return fault_field(fault, "schedule.when", "cron or interval is wanted");
}

int schedule_check(struct execution *engine, API(Schedule) * message, struct fault *fault)
{
    int code = api_identifier(message->name, "schedule.name", fault);
    if (!code)
        code = schedule_check_when(message, fault);
    if (code)
        return code;
    if (!message->job == !message->pipeline)
        return fault_field(fault, "schedule.job", "either a job or a pipeline is wanted");
    if (message->pipeline) {
        pipelines_sort_maps(message->pipeline);
        return pipelines_check(engine, message->pipeline, message->owner, "schedule.pipeline", fault);
    }
    jobs_sort_maps(message->job);
    return jobs_check(engine, message->job, message->owner, "schedule.job", fault);
}

static enum plan_missed missed_of(const API(Schedule) * message)
{
    switch (message->missed_runs) {
    case MLTRAINER__EXECUTION__V1__MISSED_RUNS__MISSED_RUNS_ALL:
        return PLAN_MISSED_ALL;
    case MLTRAINER__EXECUTION__V1__MISSED_RUNS__MISSED_RUNS_SKIP:
        return PLAN_MISSED_SKIP;
    default:
        return PLAN_MISSED_LATEST;
    }
}

struct plan schedule_plan(const API(Schedule) * message, struct zone *zone, int64_t anchor_ms, int64_t cursor_ms)
{
    bool is_interval = message->when_case == WHEN(INTERVAL);
    struct plan plan = {
        .rule = {.is_interval = is_interval,
                 .anchor_ms = anchor_ms,
                 .interval_ms = is_interval ? api_duration_ms(message->interval) : 0,
                 .zone = zone},
        .missed = missed_of(message),
        .allow_overlap = message->allow_overlap,
        .paused = message->paused,
        .cursor_ms = cursor_ms,
    };
    struct fault checked_before = FAULT_INIT;
    if (!is_interval && cron_parse(message->cron, &plan.rule.cron, &checked_before))
        plan.paused = true; /* one that this version no longer understands */
    return plan;
}

/* ---- Life ---- */

struct schedule *schedule_new(struct execution *engine, const API(Schedule) * message, struct api_bytes definition,
                              struct zone *zone)
{
    struct schedule *schedule = calloc(1, sizeof *schedule);
    char *name = strdup(message->name), *owner = strdup(message->owner);
    if (!schedule || !name || !owner) {
        free(schedule);
        free(name);
        free(owner);
        free(definition.data);
        zone_free(zone);
        return NULL;
    }
    *schedule = (struct schedule){.engine = engine, .name = name, .owner = owner, .definition = definition};
    schedule->plan = schedule_plan(message, zone, api_timestamp_ms(message->anchor_time),
                                   api_timestamp_ms(message->settled_time));
    schedule->create_ms = api_timestamp_ms(message->create_time);
    return schedule;
}

void schedule_free(struct schedule *schedule)
{
    if (!schedule)
        return;
    zone_free(schedule->plan.rule.zone);
    free(schedule->definition.data);
    free(schedule->name);
    free(schedule->owner);
    free(schedule);
}

void schedule_redefine(struct schedule *schedule, struct api_bytes definition, struct plan plan)
{
    zone_free(schedule->plan.rule.zone);
    free(schedule->definition.data);
    schedule->definition = definition;
    schedule->plan = plan;
}

int schedule_message(const struct schedule *schedule, struct mrpc_arena *arena, API(Schedule) * *out,
                     struct fault *fault)
{
    const struct plan *plan = &schedule->plan;
    API(Schedule) * message;
    int code =
        api_decode(API_INFO(schedule), schedule->definition.data, schedule->definition.size, arena, &message, fault);
    if (code)
        return code;
    int64_t next_ms = plan->paused ? INT64_MAX : due_next(&plan->rule, plan->cursor_ms);
    message->owner = mrpc_arena_strdup(arena, schedule->owner);
    message->last_job = mrpc_arena_strdup(arena, schedule->last_job);
    message->last_pipeline = mrpc_arena_strdup(arena, schedule->last_pipeline);
    message->last_error = mrpc_arena_strdup(arena, schedule->last_error);
    message->run_count = schedule->run_count;
    message->left_out_count = schedule->left_out_count;
    message->next_time = next_ms == INT64_MAX ? NULL : api_timestamp(arena, next_ms);
    message->last_time = schedule->last_ms ? api_timestamp(arena, schedule->last_ms) : NULL;
    message->settled_time = api_timestamp(arena, plan->cursor_ms);
    message->create_time = api_timestamp(arena, schedule->create_ms);
    message->anchor_time = api_timestamp(arena, plan->rule.anchor_ms);
    *out = message;
    bool whole = message->owner && message->last_job && message->last_pipeline && message->last_error &&
                 message->settled_time && message->create_time && message->anchor_time;
    return whole ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/schedules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "execution/schedule/run.h"
#include "execution/schedule/schedule.h"

enum { LOOK_MOST_MS = 1000, HOLD_MS = 10 * 1000, STEPS_A_LOOK = 8, ARENA_BYTES = 64 * 1024 * 1024 };

/* ---- The list ---- */

size_t schedules_seek(const struct schedules *schedules, const char *name)
{
    size_t low = 0, high = schedules->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(schedules->items[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct schedule *find_any(const struct schedules *schedules, const char *name)
{
    size_t at = schedules_seek(schedules, name);
    return at < schedules->count && strcmp(schedules->items[at]->name, name) == 0 ? schedules->items[at] : NULL;
}

struct schedule *schedules_find(const struct execution *engine, const char *name)
{
    struct schedule *schedule = find_any(&engine->schedules, name);
    return schedule && schedule->durable ? schedule : NULL;
}

int schedules_check_room(struct execution *engine, const char *owner, struct fault *fault)
{
    size_t count = engine->schedules.count;
    if (count >= (size_t)config_number(engine->config, "execution.schedules"))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED,
                         "there are %zu schedules, as many as execution.schedules allows", count);
    return quota_check(engine->schedule_quota, owner, 1, 0, fault);
}

int schedules_add(struct execution *engine, struct schedule *schedule, struct fault *fault)
{
    struct schedules *schedules = &engine->schedules;
    if (find_any(schedules, schedule->name))
        return fault_set(fault, MRPC_ALREADY_EXISTS, "there is a schedule \"%s\"", schedule->name);
    if (schedules->count == schedules->room) {
        size_t room = schedules->room ? schedules->room * 2 : 16;
        struct schedule **items = realloc(schedules->items, room * sizeof *items);
        if (!items)
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        schedules->items = items;
        schedules->room = room;
    }
    if (quota_count(engine->schedule_quota, schedule->owner, 1, fault))
        return fault->code;
    size_t at = schedules_seek(schedules, schedule->name);
    memmove(schedules->items + at + 1, schedules->items + at, (schedules->count - at) * sizeof *schedules->items);
    schedules->items[at] = schedule;
    schedules->count++;
    return 0;
}

void schedules_remove(struct execution *engine, struct schedule *schedule)
{
    struct schedules *schedules = &engine->schedules;
    size_t at = schedules_seek(schedules, schedule->name);
    schedules->count--;
    quota_give(engine->schedule_quota, schedule->owner, 1);
    memmove(schedules->items + at, schedules->items + at + 1, (schedules->count - at) * sizeof *schedules->items);
    schedule->removed = true;
    if (!schedule->submitting)
        schedule_free(schedule);
}

/* ---- Saving ---- */

struct save {
    struct domain_task task;
    struct execution *engine;
    char name[129];
    int64_t cursor_ms;
    int code;
};

/* By name: the schedule may be gone by now, and then nothing is left to save. */
static void saved(struct domain_task *task)
{
    struct save save = *(struct save *)task;
    free(task);
    struct schedule *schedule = find_any(&save.engine->schedules, save.name);
    if (!schedule)
        return;
    if (!save.code) {
        schedule->saved_ms = save.cursor_ms;
        return;
    }
    static const struct timeval soon = {.tv_sec = 1};
    schedule->unsaved = true;
    if (!evtimer_pending(save.engine->schedules.timer, NULL))
        evtimer_add(save.engine->schedules.timer, &soon);
}

static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct save *save = arg;
    save->code = result->code;
    if (domain_loop_post_task(save->engine->loop, &save->task))
        free(save);
}

static int encode(const struct schedule *schedule, struct api_bytes *out)
{
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    struct fault fault = FAULT_INIT;
    API(Schedule) * message;
    int code = arena ? schedule_message(schedule, arena, &message, &fault) : MRPC_RESOURCE_EXHAUSTED;
    if (!code)
        code = api_encode(API_INFO(schedule), message, out, &fault);
    mrpc_arena_free(arena);
    return code;
}

/* While a change is under way this waits for it: the store must not get the old definition after the new one. */
void schedules_save(struct schedule *schedule)
{
    struct execution *engine = schedule->engine;
    struct api_bytes bytes = {NULL, 0};
    struct save *save = calloc(1, sizeof *save);
    schedule->unsaved = schedule->changing || !save || encode(schedule, &bytes) != 0;
    if (schedule->unsaved) {
        free(save);
        return;
    }
    *save = (struct save){.task.run = saved, .engine = engine, .cursor_ms = schedule->plan.cursor_ms};
    snprintf(save->name, sizeof save->name, "%s", schedule->name);
    char key[200];
    struct store_batch *batch = store_batch_new();
    snprintf(key, sizeof key, "execution/schedule/%s", schedule->name);
    store_batch_put(batch, store_text(key), (struct store_slice){bytes.data, bytes.size}, STORE_EXPECT_ANY);
    free(bytes.data);
    store_commit(engine->store, batch, on_commit, save);
}

/* ---- The loop ---- */

static bool is_idle(const struct schedule *schedule)
{
    return schedule->durable && !schedule->changing && !schedule->submitting;
}

static void look_at(struct schedule *schedule, int64_t now_ms)
{
    for (int steps = 0; steps < STEPS_A_LOOK && is_idle(schedule); steps++) {
        struct plan_step step = plan_next(&schedule->plan, now_ms, schedule_is_busy(schedule));
        schedule->wake_ms = step.wake_ms;
        if (step.action == PLAN_WAIT)
            return;
        if (step.action == PLAN_HOLD) {
            schedule->wake_ms = now_ms + HOLD_MS; /* the end of the run before wakes it earlier */
            return;
        }
        schedule_deal_with(schedule, step);
        if (schedule->wake_ms > now_ms)
            return; /* refused for now */
    }
}

static int64_t next_wake(struct schedules *schedules)
{
    int64_t wake_ms = INT64_MAX;
    for (size_t i = 0; i < schedules->count; i++) {
        const struct schedule *schedule = schedules->items[i];
        int64_t own_ms = schedule->unsaved ? 0 : schedule->wake_ms;
        if (is_idle(schedule) && own_ms < wake_ms)
            wake_ms = own_ms;
    }
    return wake_ms;
}

static void arm(struct schedules *schedules, int64_t now_ms, int64_t least_ms)
{
    int64_t wake_ms = next_wake(schedules);
    if (wake_ms == INT64_MAX)
        return;
    int64_t delay_ms = wake_ms - now_ms < LOOK_MOST_MS ? wake_ms - now_ms : LOOK_MOST_MS;
    if (delay_ms < least_ms)
        delay_ms = least_ms;
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    evtimer_add(schedules->timer, &delay);
}

/* What waits is looked at when its time has come, or when the clock was put back since. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct execution *engine = arg;
    struct schedules *schedules = &engine->schedules;
    int64_t now_ms = api_now_ms();
    bool put_back = now_ms < schedules->looked_ms - PLAN_CLOCK_BACK_MS;
    schedules->looked_ms = now_ms;
    if (!schedules->running || engine->stopping)
        return;
    bool unsaved = false;
    for (size_t i = 0; i < schedules->count; i++) {
        struct schedule *schedule = schedules->items[i];
        if (schedule->wake_ms <= now_ms || put_back)
            look_at(schedule, now_ms);
        if (schedule->unsaved && is_idle(schedule))
            schedules_save(schedule);
        unsaved |= schedule->unsaved;
    }
    arm(schedules, now_ms, unsaved ? LOOK_MOST_MS : 1);
}

void schedules_look(struct execution *engine)
{
    static const struct timeval now = {0, 0};
    if (engine->schedules.running)
        evtimer_add(engine->schedules.timer, &now);
}

void schedules_start(struct execution *engine)
{
    engine->schedules.running = true;
    schedules_look(engine);
}

void schedules_stop(struct execution *engine)
{
    engine->schedules.running = false;
    evtimer_del(engine->schedules.timer);
}

static void wake(struct schedule *schedule)
{
    schedule->wake_ms = 0;
    schedules_look(schedule->engine);
}

void schedules_job_ended(const struct job *job)
{
    struct schedule *schedule = job->schedule ? find_any(&job->engine->schedules, job->schedule) : NULL;
    if (schedule && strcmp(schedule->last_job, job->id) == 0)
        wake(schedule);
}

/* The schedule that submitted it, or NULL. */
static struct schedule *of_pipeline(const struct pipeline *pipeline, int64_t *due_ms)
{
    char name[129];
    bool scheduled = schedule_of_request(pipeline->message->request_id, name, due_ms);
    struct schedule *schedule = scheduled ? find_any(&pipeline->engine->schedules, name) : NULL;
    return schedule && strcmp(schedule->owner, pipeline->message->owner) == 0 ? schedule : NULL;
}

void schedules_pipeline_ended(const struct pipeline *pipeline)
{
    int64_t due_ms;
    struct schedule *schedule = of_pipeline(pipeline, &due_ms);
    if (schedule && strcmp(schedule->last_pipeline, pipeline->id) == 0)
        wake(schedule);
}

bool schedules_are_idle(const struct execution *engine)
{
    for (size_t i = 0; i < engine->schedules.count; i++)
        if (engine->schedules.items[i]->submitting)
            return false;
    return true;
}

bool schedules_refer_to(const struct execution *engine, const struct job *job)
{
    const struct schedule *schedule = job->schedule ? find_any(&engine->schedules, job->schedule) : NULL;
    return schedule && (strcmp(schedule->last_job, job->id) == 0 || job->due_ms > schedule->saved_ms);
}

bool schedules_refer_to_pipeline(const struct pipeline *pipeline)
{
    int64_t due_ms;
    const struct schedule *schedule = of_pipeline(pipeline, &due_ms);
    return schedule && (strcmp(schedule->last_pipeline, pipeline->id) == 0 || due_ms > schedule->saved_ms);
}

/* ---- Life ---- */

int schedules_init(struct execution *engine)
{
    engine->schedules = (struct schedules){.timer = evtimer_new(domain_loop_base(engine->loop), on_timer, engine)};
    return engine->schedules.timer ? 0 : -1;
}

void schedules_fini(struct execution *engine)
{
    struct schedules *schedules = &engine->schedules;
    for (size_t i = 0; i < schedules->count; i++)
        schedule_free(schedules->items[i]);
    free(schedules->items);
    if (schedules->timer)
        event_free(schedules->timer);
}

static void restore_state(struct schedule *schedule, const API(Schedule) * message)
{
    schedule->last_ms = api_timestamp_ms(message->last_time);
    schedule->run_count = message->run_count;
    schedule->left_out_count = message->left_out_count;
    snprintf(schedule->last_job, sizeof schedule->last_job, "%.23s", message->last_job);
    snprintf(schedule->last_pipeline, sizeof schedule->last_pipeline, "%.23s", message->last_pipeline);
    snprintf(schedule->last_error, sizeof schedule->last_error, "%.299s", message->last_error);
    schedule->saved_ms = schedule->plan.cursor_ms;
    schedule->durable = true;
}

int schedules_restore(struct execution *engine, const API(Schedule) * message, struct zone *zone, struct fault *fault)
{
    struct api_bytes definition = {NULL, 0};
    int code = api_encode(API_INFO(schedule), message, &definition, fault);
    if (code) {
        zone_free(zone);
        return code;
    }
    struct schedule *schedule = schedule_new(engine, message, definition, zone);
    if (!schedule)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    code = schedules_add(engine, schedule, fault);
    if (code)
        schedule_free(schedule);
    else
        restore_state(schedule, message);
    return code;
}

static void count(struct schedule *schedule, int64_t due_ms, const struct job *job, const struct pipeline *pipeline)
{
    int64_t create_ms = job ? job->create_ms : pipeline->create_ms;
    if (due_ms <= schedule->plan.cursor_ms || create_ms < schedule->create_ms)
        return;
    schedule_settle(schedule, due_ms, job, pipeline);
    schedule->unsaved = true;
}

/* A crash between a job and the cursor that says so leaves the job alone: it counts. So with pipelines. */
void schedules_catch_up(struct execution *engine)
{
    for (size_t i = 0; i < engine->jobs.count; i++) {
        const struct job *job = engine->jobs.items[i];
        struct schedule *schedule = job->schedule ? find_any(&engine->schedules, job->schedule) : NULL;
        if (schedule)
            count(schedule, job->due_ms, job, NULL);
    }
    for (size_t i = 0; i < engine->pipelines.count; i++) {
        int64_t due_ms;
        struct schedule *schedule = of_pipeline(engine->pipelines.items[i], &due_ms);
        if (schedule)
            count(schedule, due_ms, NULL, engine->pipelines.items[i]);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFINITION_BYTES_MAX = 256 * 1024 };

/* In the call's arena; the call lives until it is answered. */
struct change {
    struct thread_task task;
    struct domain_task posted;
    struct command *command;
    API(Schedule) * message;   /* NULL: it goes */
    API(Schedule) * *answer;   /* where the schedule goes in the response */
    struct schedule *schedule; /* NULL: to be made */
    bool created, anew;
    int64_t now_ms;
    struct zone *zone;
    struct api_bytes definition;
    struct fault fault;
};

int schedule_to_change(struct command *command, const char *name, struct schedule **out, struct fault *fault)
{
    struct schedule *schedule = schedules_find(command->engine, name);
    if (!schedule)
        return fault_set(fault, MRPC_NOT_FOUND, "no schedule \"%.128s\"", name);
    if (caller_check(&command->caller, schedule->owner, "schedule", name, fault))
        return fault->code;
    if (schedule->changing)
        return fault_retry(fault, MRPC_ABORTED, 100, "another change of schedule \"%s\" is under way", name);
    *out = schedule;
    return 0;
}

static void drop(struct change *change)
{
    zone_free(change->zone);
    free(change->definition.data);
    change->zone = NULL;
    change->definition.data = NULL;
}

/* It does not come about. */
static void give_up(struct change *change)
{
    struct execution *engine = change->command->engine;
    drop(change);
    if (change->created)
        schedules_remove(engine, change->schedule);
    else if (change->schedule)
        change->schedule->changing = false;
    schedules_look(engine);
    command_finish(change->command, &change->fault);
}

/* ---- After the commit ---- */

static void redefine(struct change *change)
{
    struct schedule *schedule = change->schedule;
    int64_t cursor_ms = change->anew ? change->now_ms : schedule->plan.cursor_ms;
    int64_t anchor_ms = change->anew ? change->now_ms : schedule->plan.rule.anchor_ms;
    schedule_redefine(schedule, change->definition, schedule_plan(change->message, change->zone, anchor_ms, cursor_ms));
    schedule->unsaved = true; /* it may have run since the record was made */
    schedule->saved_ms = 0;
    change->definition.data = NULL;
    change->zone = NULL;
}

static void holds(struct change *change)
{
    struct execution *engine = change->command->engine;
    struct schedule *schedule = change->schedule;
    schedule->changing = false;
    if (!change->message) {
        schedules_remove(engine, schedule);
    } else {
        if (!change->created)
            redefine(change);
        schedule->durable = true;
        schedule->wake_ms = 0;
        if (schedule_message(schedule, mrpc_call_arena(change->command->call), change->answer, &change->fault))
            *change->answer = NULL;
    }
    drop(change);
    schedules_look(engine);
    execution_touch(engine);
    command_finish(change->command, &change->fault);
}

static void committed(struct domain_task *task)
{
    struct change *change = (struct change *)((char *)task - offsetof(struct change, posted));
    if (change->fault.code)
        give_up(change);
    else
        holds(change);
}

static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct change *change = arg;
    struct mrpc_call *call = change->command->call;
    if (result->code)
        fault_set(&change->fault, MRPC_UNAVAILABLE, "the store refused: %s", result->text ? result->text : "");
    if (domain_loop_post_task(change->command->engine->loop, &change->posted))
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_UNAVAILABLE, "the server is stopping"), NULL);
}

static void commit(struct change *change, const char *name)
{
    char key[200];
    struct store_batch *batch = store_batch_new();
    snprintf(key, sizeof key, "execution/schedule/%s", name);
    if (change->message)
        store_batch_put(batch, store_text(key), (struct store_slice){change->definition.data, change->definition.size},
                        STORE_EXPECT_ANY);
    else
        store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
    change->posted.run = committed;
    store_commit(change->command->engine->store, batch, on_commit, change);
}

/* ---- Before it ---- */

static int stamp(struct change *change)
{
    API(Schedule) *message = change->message;
    struct mrpc_arena *arena = mrpc_call_arena(change->command->call);
    change->now_ms = api_now_ms();
    if (change->anew)
        message->anchor_time = message->settled_time = api_timestamp(arena, change->now_ms);
    if (!change->schedule)
        message->create_time = api_timestamp(arena, change->now_ms);
    if (!message->anchor_time || !message->settled_time || !message->create_time)
        return fault_set(&change->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (api_encode(API_INFO(schedule), message, &change->definition, &change->fault))
        return change->fault.code;
    return change->definition.size <= DEFINITION_BYTES_MAX
               ? 0
               : fault_set(&change->fault, MRPC_RESOURCE_EXHAUSTED,
                           "schedule.job: more than %d KiB; upload its table as a dataset",
                           DEFINITION_BYTES_MAX / 1024);
}

/* Its place is taken before the commit, so that no other one of the name can be made meanwhile. */
static int make(struct change *change)
{
    struct execution *engine = change->command->engine;
    if (schedules_check_room(engine, change->message->owner, &change->fault))
        return change->fault.code;
    struct api_bytes kept = {malloc(change->definition.size + 1), change->definition.size};
    if (!kept.data)
        return fault_set(&change->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(kept.data, change->definition.data, kept.size);
    struct schedule *schedule = schedule_new(engine, change->message, kept, change->zone);
    change->zone = NULL;
    if (!schedule)
        return fault_set(&change->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (schedules_add(engine, schedule, &change->fault)) {
        schedule_free(schedule);
        return change->fault.code;
    }
    schedule->changing = true;
    change->schedule = schedule;
    change->created = true;
    return 0;
}

static void zone_is_read(struct thread_task *task)
{
    struct change *change = (struct change *)task;
    if (!change->fault.code && change->command->engine->stopping)
        fault_set(&change->fault, MRPC_UNAVAILABLE, "the server is stopping");
    if (change->fault.code || stamp(change) || (!change->schedule && make(change)))
        return give_up(change);
    commit(change, change->schedule->name);
}

static void read_zone(struct thread_task *task)
{
    struct change *change = (struct change *)task;
    if (zone_load(schedule_zones_folder, change->message->time_zone, &change->zone, &change->fault))
        snprintf(change->fault.field, sizeof change->fault.field, "schedule.time_zone");
}

static int begin(struct command *command, struct change what, struct fault *fault)
{
    struct change *change = mrpc_arena_calloc(mrpc_call_arena(command->call), 1, sizeof *change);
    if (!change)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *change = what;
    change->command = command;
    if (change->message) {
        change->task =
            (struct thread_task){.work = read_zone, .done = zone_is_read, .reply_loop = command->engine->loop};
        if (thread_pool_submit(command->engine->threads, &change->task, fault))
            return fault->code;
    } else {
        commit(change, change->schedule->name);
    }
    if (change->schedule)
        change->schedule->changing = true;
    return COMMAND_LATER;
}

int schedule_change_create(struct command *command, API(Schedule) * message, API(Schedule) * *answer,
                           struct fault *fault)
{
    return begin(command, (struct change){.message = message, .answer = answer, .anew = true}, fault);
}

int schedule_change_update(struct command *command, struct schedule *schedule, API(Schedule) * message, bool anew,
                           API(Schedule) * *answer, struct fault *fault)
{
    return begin(command,
                 (struct change){.schedule = schedule, .message = message, .answer = answer, .anew = anew}, fault);
}

int schedule_change_delete(struct command *command, struct schedule *schedule, struct fault *fault)
{
    return begin(command, (struct change){.schedule = schedule}, fault);
}

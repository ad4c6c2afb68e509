/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/operation.h"
#include "execution/dataset/intake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "execution/quarantine.h"

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct operation *operation_make(struct mrpc_arena *arena)
{
    struct operation *operation = calloc(1, sizeof *operation);
    if (!operation)
        return NULL;
    operation->arena = arena;
    operation->result = API_NEW(arena, JobResult, job_result);
    operation->timings = API_NEW(arena, JobTimings, job_timings);
    operation->isolation = operation->signal_name = operation->stderr_tail = operation->stage = "";
    if (operation->result && operation->timings)
        return operation;
    free(operation);
    return NULL;
}

void operation_release(struct operation *operation)
{
    if (operation->on_release)
        operation->on_release(operation);
    if (operation->catalog)
        snapshot_release(&operation->catalog->snapshot);
    source_fini(&operation->source);
    artifact_file_fini(&operation->artifact);
    feature_table_fini(&operation->features);
    fold_plan_fini(&operation->plan);
    fold_fini(&operation->fold);
    table_free(operation->input);
    table_free(operation->train_part);
    table_free(operation->test_part);
    table_free(operation->train_predictions);
    table_free(operation->test_predictions);
    table_free(operation->output);
    intake_free(operation->intake);
    free(operation->fitted);
    free(operation);
}

struct operation *operation_new(struct execution *engine)
{
    struct fault fault = FAULT_INIT;
    struct container_scope *scope;
    void *made;
    if (component_factory_make(engine->operation_factory, &scope, &made, &fault) != 0)
        return NULL;
    struct operation *operation = made;
    operation->engine = engine;
    operation->scope = scope;
    return operation;
}

void operation_free(struct operation *operation)
{
    if (operation)
        container_scope_free(operation->scope);
}

/* An operation is on the engine's list from its first step to its end. */
static void enlist(struct operation *operation)
{
    if (operation->link)
        return;
    struct execution *engine = operation->engine;
    operation->following = engine->operations;
    operation->link = &engine->operations;
    if (operation->following)
        operation->following->link = &operation->following;
    engine->operations = operation;
}

static void delist(struct operation *operation)
{
    if (!operation->link)
        return;
    *operation->link = operation->following;
    if (operation->following)
        operation->following->link = operation->link;
    operation->link = NULL;
}

static void fill_timings(struct operation *operation)
{
    struct mrpc_arena *arena = operation->arena;
    operation->timings->queued = api_duration(arena, operation->queued_us);
    operation->timings->preparing = api_duration(arena, operation->preparing_us);
    operation->timings->running = api_duration(arena, operation->running_us);
    operation->timings->cpu = api_duration(arena, operation->cpu_us);
    operation->timings->storing = api_duration(arena, operation->storing_us);
}

void operation_end(struct operation *operation, const struct fault *fault)
{
    if (operation->ended)
        return;
    operation->ended = true;
    operation->fault = *fault;
    quarantine_judge(operation);
    fill_timings(operation);
    delist(operation);
    operation->on_done(operation);
}

/* Asked to stop, or late: checked between the steps. */
bool operation_must_stop(struct operation *operation)
{
    struct fault fault = FAULT_INIT;
    if (operation->cancelled)
        fault_set(&fault, MRPC_CANCELLED, "cancelled");
    else if (operation->deadline_ms && domain_loop_now_ms(operation->engine->loop) >= operation->deadline_ms)
        fault_set(&fault, MRPC_DEADLINE_EXCEEDED, "the deadline passed while %s", operation->stage);
    if (!fault.code)
        return false;
    operation_end(operation, &fault);
    return true;
}

/* ---- On a thread ---- */

static void thread_work(struct thread_task *task)
{
    struct operation *operation = (struct operation *)((char *)task - offsetof(struct operation, task));
    operation->step_began_us = now_us();
    operation->work(operation, &operation->work_fault);
}

static void thread_done(struct thread_task *task)
{
    struct operation *operation = (struct operation *)((char *)task - offsetof(struct operation, task));
    int64_t spent = now_us() - operation->step_began_us;
    *(operation->fitted ? &operation->storing_us : &operation->preparing_us) += spent;
    if (operation->work_fault.code)
        return operation_end(operation, &operation->work_fault);
    if (!operation_must_stop(operation))
        operation->next(operation);
}

void operation_on_thread(struct operation *operation, const char *stage, operation_work *work, operation_next *next)
{
    struct fault fault = FAULT_INIT;
    operation->stage = stage;
    enlist(operation);
    operation->work = work;
    operation->next = next;
    operation->work_fault = (struct fault)FAULT_INIT;
    operation->task =
        (struct thread_task){.work = thread_work, .done = thread_done, .reply_loop = operation->engine->loop};
    if (thread_pool_submit(operation->engine->threads, &operation->task, &fault))
        operation_end(operation, &fault);
}

/* ---- In a worker ---- */

struct worker_step {
    struct operation *operation;
    int (*taken)(struct operation *operation, struct process_result *result, struct fault *fault);
};

static void worker_event(void *arg, uint64_t ticket, const struct process_event *event)
{
    struct operation *operation = ((struct worker_step *)arg)->operation;
    if (operation->on_event)
        operation->on_event(operation, event);
}

static const char *keep_text(struct operation *operation, const char *text)
{
    const char *copy = text ? mrpc_arena_strdup(operation->arena, text) : NULL;
    return copy ? copy : "";
}

static void worker_done(void *arg, uint64_t ticket, struct process_result *result)
{
    struct worker_step *step = arg;
    struct operation *operation = step->operation;
    struct fault fault = result->fault;
    operation->on_worker = false;
    operation->queued_us += result->queued_us;
    operation->running_us += result->ran_us;
    operation->cpu_us += result->cpu_us;
    if (fault.code) {
        operation->worker_lost = result->worker_lost;
        operation->signal_name = keep_text(operation, result->signal_name);
        operation->stderr_tail = keep_text(operation, result->stderr_tail);
        operation->backtrace = keep_text(operation, result->backtrace);
        if (operation->cancelled)
            fault_set(&fault, MRPC_CANCELLED, "cancelled");
        return operation_end(operation, &fault);
    }
    if (step->taken(operation, result, &fault))
        return operation_end(operation, &fault);
    operation->steps_done++;
    if (!operation_must_stop(operation))
        operation->next(operation);
}

void operation_on_worker(struct operation *operation, const char *stage, struct process_task *task,
                         int (*taken)(struct operation *operation, struct process_result *result, struct fault *fault),
                         operation_next *next)
{
    struct fault fault = FAULT_INIT;
    operation->stage = stage;
    enlist(operation);
    struct worker_step *step = mrpc_arena_calloc(operation->arena, 1, sizeof *step);
    if (!step) {
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return operation_end(operation, &fault);
    }
    *step = (struct worker_step){operation, taken};
    operation->next = next;
    task->seed = operation->seed;
    task->threads = operation->threads;
    task->deadline_ms = operation->deadline_ms;
    task->isolation = operation->isolation;
    task->reply_loop = operation->engine->loop;
    task->on_event = worker_event;
    task->on_done = worker_done;
    task->arg = step;
    if (process_pool_submit(operation->engine->processes, task, &operation->ticket, &fault))
        return operation_end(operation, &fault);
    operation->on_worker = true;
}

void operation_cancel(struct operation *operation)
{
    if (operation->cancelled || operation->ended)
        return;
    operation->cancelled = true;
    if (operation->on_worker)
        process_pool_cancel(operation->engine->processes, operation->ticket);
    if (operation->on_cancel)
        operation->on_cancel(operation);
}

void operation_cancel_all(struct execution *engine)
{
    for (struct operation *operation = engine->operations; operation; operation = operation->following)
        operation_cancel(operation);
}

double operation_progress(const struct operation *operation, double fraction)
{
    double steps = operation->steps ? (double)operation->steps : 1;
    double done = ((double)operation->steps_done + fraction) / steps;
    return done < 1 ? done : 1;
}

int operation_add_metric(struct operation *operation, size_t *count, API(Metric) * **list, const char *name,
                         double value, struct fault *fault)
{
    API(Metric) *metric = API_NEW(operation->arena, Metric, metric);
    API(Metric) **longer = mrpc_arena_calloc(operation->arena, *count + 1, sizeof *longer);
    if (!metric || !longer || !(metric->name = mrpc_arena_strdup(operation->arena, name)))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    metric->value = value;
    if (*count)
        memcpy(longer, *list, *count * sizeof *longer);
    longer[*count] = metric;
    *list = longer;
    (*count)++;
    return 0;
}

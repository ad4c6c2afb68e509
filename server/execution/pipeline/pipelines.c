/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/pipeline/pipelines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "execution/engine.h"
#include "execution/field_path.h"
#include "execution/pipeline/order.h"
#include "execution/pipeline/task.h"

#define STATE(name) MLTRAINER__EXECUTION__V1__PIPELINE_STATE__PIPELINE_STATE_##name

enum { ARENA_BYTES = 64 * 1024 * 1024, AGAIN_S = 1, RETRY_AFTER_MS = 1000 };

static void drive(struct pipeline *pipeline);

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- The list ---- */

static void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    if (pipeline->timer)
        event_free(pipeline->timer);
    free(pipeline->order);
    mrpc_arena_free(pipeline->arena);
    free(pipeline);
}

void pipelines_fini(struct execution *engine)
{
    for (size_t i = 0; i < engine->pipelines.count; i++)
        pipeline_free(engine->pipelines.items[i]);
    free(engine->pipelines.items);
}

static struct pipeline *find_any(const struct execution *engine, const char *id)
{
    size_t low = 0, high = engine->pipelines.count;
    while (low < high) { /* ids of one width sort as their numbers do */
        size_t middle = low + (high - low) / 2;
        if (strcmp(engine->pipelines.items[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct pipeline *found = low < engine->pipelines.count ? engine->pipelines.items[low] : NULL;
    return found && strcmp(found->id, id) == 0 ? found : NULL;
}

struct pipeline *pipelines_find(const struct execution *engine, const char *id)
{
    struct pipeline *pipeline = find_any(engine, id);
    return pipeline && pipeline->durable ? pipeline : NULL;
}

static int list(struct pipeline *pipeline)
{
    struct pipelines *all = &pipeline->engine->pipelines;
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 16;
        struct pipeline **items = realloc(all->items, room * sizeof *items);
        if (!items)
            return -1;
        all->items = items;
        all->room = room;
    }
    all->items[all->count++] = pipeline;
    all->live += !pipeline->ended;
    if (pipeline->number >= all->next_number)
        all->next_number = pipeline->number + 1;
    return 0;
}

static void unlist(struct pipeline *pipeline)
{
    struct pipelines *all = &pipeline->engine->pipelines;
    for (size_t i = all->count; i > 0; i--)
        if (all->items[i - 1] == pipeline) {
            memmove(all->items + i - 1, all->items + i, (all->count - i) * sizeof *all->items);
            all->count--;
            all->live -= !pipeline->ended;
            return;
        }
}

/* ---- Watchers ---- */

void pipeline_watch(struct pipeline *pipeline, struct pipeline_watcher *watcher)
{
    watcher->next = pipeline->watchers;
    watcher->link = &pipeline->watchers;
    if (watcher->next)
        watcher->next->link = &watcher->next;
    pipeline->watchers = watcher;
}

void pipeline_unwatch(struct pipeline_watcher *watcher)
{
    if (!watcher->link)
        return;
    *watcher->link = watcher->next;
    if (watcher->next)
        watcher->next->link = watcher->link;
    watcher->link = NULL;
}

/* A watcher may take itself out. */
static void tell(struct pipeline *pipeline)
{
    for (struct pipeline_watcher *watcher = pipeline->watchers, *next; watcher; watcher = next) {
        next = watcher->next;
        watcher->changed(watcher);
    }
}

/* ---- The disk ---- */

struct saving {
    struct domain_task task;
    struct pipeline *pipeline;
    void (*done)(void *arg, const struct fault *fault);
    void *arg;
    struct fault fault;
};

static void again(evutil_socket_t fd, short what, void *arg)
{
    drive(arg);
}

static void try_later(struct pipeline *pipeline)
{
    static const struct timeval soon = {.tv_sec = AGAIN_S};
    if (!pipeline->timer)
        pipeline->timer = evtimer_new(domain_loop_base(pipeline->engine->loop), again, pipeline);
    if (pipeline->timer)
        evtimer_add(pipeline->timer, &soon);
}

static void saved(struct domain_task *task)
{
    struct saving *saving = (struct saving *)task;
    if (saving->fault.code)
        log_error(saving->pipeline->engine->log, "execution", "pipeline %s cannot be saved now: %s", saving->pipeline->id,
                  saving->fault.text);
    saving->done(saving->arg, &saving->fault);
    free(saving);
}

/* On the store's thread. After the loop has stopped nobody waits any more. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct saving *saving = arg;
    if (result->code)
        fault_set(&saving->fault, MRPC_UNAVAILABLE, "the store refused: %s", result->text ? result->text : "");
    if (domain_loop_post_task(saving->pipeline->engine->loop, &saving->task))
        free(saving);
}

static int save(struct pipeline *pipeline, void (*done)(void *arg, const struct fault *fault), void *arg,
                struct fault *fault)
{
    char key[64];
    struct api_bytes bytes;
    struct saving *saving = calloc(1, sizeof *saving);
    if (!saving || api_encode(API_INFO(pipeline), pipeline->message, &bytes, fault)) {
        free(saving);
        return fault->code ? fault->code : no_memory(fault);
    }
    *saving = (struct saving){.task.run = saved, .pipeline = pipeline, .done = done, .arg = arg};
    struct store_batch *batch = store_batch_new();
    snprintf(key, sizeof key, "execution/pipeline/%s", pipeline->id);
    store_batch_put(batch, store_text(key), (struct store_slice){bytes.data, bytes.size}, STORE_EXPECT_ANY);
    free(bytes.data);
    store_commit(pipeline->engine->store, batch, on_commit, saving);
    return 0;
}

/* ---- Where it stands ---- */

static bool is_final(API(JobState) state)
{
    return job_state_is_final((enum job_state)state);
}

/* All that has a job has ended, and what has none will get none. */
static bool is_over(const struct pipeline *pipeline)
{
    const API(Pipeline) *message = pipeline->message;
    if (pipeline->submitting || (pipeline->submitted < message->n_tasks && message->state == STATE(RUNNING)))
        return false;
    for (size_t i = 0; i < message->n_tasks; i++)
        if (*message->tasks[i]->job && !is_final(message->tasks[i]->state))
            return false;
    return true;
}

static API(PipelineState) outcome(const API(Pipeline) * message)
{
    if (message->state != STATE(RUNNING))
        return message->state;
    for (size_t i = 0; i < message->n_tasks; i++)
        if ((enum job_state)message->tasks[i]->state != JOB_SUCCEEDED)
            return STATE(FAILED);
    return STATE(SUCCEEDED);
}

/* After a restart the end is found again, if it could not be saved. */
static void end_saved(void *arg, const struct fault *fault)
{
}

static void look(struct pipeline *pipeline)
{
    API(Pipeline) *message = pipeline->message;
    struct fault fault = FAULT_INIT;
    if (pipeline->ended || !is_over(pipeline))
        return tell(pipeline);
    for (size_t i = 0; i < message->n_tasks; i++)
        if (!*message->tasks[i]->job)
            message->tasks[i]->state = (API(JobState))JOB_SKIPPED;
    message->state = outcome(message);
    pipeline->end_ms = api_now_ms();
    message->end_time = api_timestamp(pipeline->arena, pipeline->end_ms);
    pipeline->ended = true;
    pipeline->engine->pipelines.live--;
    if (save(pipeline, end_saved, NULL, &fault))
        log_error(pipeline->engine->log, "execution", "pipeline %s: its end cannot be saved: %s", pipeline->id, fault.text);
    execution_touch(pipeline->engine);
    tell(pipeline);
}

/* Take in how a task's job stands. */
static void take_job(struct pipeline *pipeline, const struct job *job)
{
    size_t at = pipeline_position(pipeline->message->spec, job->pipeline_key);
    if (at == pipeline->message->n_tasks)
        return;
    API(PipelineTaskStatus) *status = pipeline->message->tasks[at];
    if (!*status->job)
        status->job = mrpc_arena_strdup(pipeline->arena, job->id);
    if (!status->job)
        status->job = "";
    status->state = (API(JobState))job->state;
}

void pipelines_job_moved(struct job *job)
{
    struct pipeline *pipeline = find_any(job->engine, job->pipeline);
    if (!pipeline || pipeline->ended)
        return;
    take_job(pipeline, job);
    look(pipeline);
}

bool pipelines_refer_to(const struct execution *engine, const struct job *job)
{
    const struct pipeline *pipeline = job->pipeline ? find_any(engine, job->pipeline) : NULL;
    return pipeline && !pipeline->ended;
}

/* ---- Submitting its tasks ---- */

static void call_ready(struct pipeline *pipeline)
{
    void (*ready)(void *, struct pipeline *) = pipeline->ready;
    pipeline->ready = NULL;
    if (ready)
        ready(pipeline->arg, pipeline);
}

static void cancel_jobs(struct pipeline *pipeline, const char *reason)
{
    for (size_t i = 0; i < pipeline->message->n_tasks; i++) {
        struct job *job = jobs_find(pipeline->engine, pipeline->message->tasks[i]->job);
        if (job)
            jobs_cancel(job, reason);
    }
}

/* It was possible when the pipeline was accepted and is not any more: a dataset has gone, say. */
static void give_up(struct pipeline *pipeline, const struct fault *fault)
{
    log_warn(pipeline->engine->log, "execution", "pipeline %s: task %s: %s", pipeline->id,
             pipeline->message->spec->tasks[pipeline->order[pipeline->submitted]]->key, fault->text);
    pipeline->message->state = STATE(FAILED);
    cancel_jobs(pipeline, "another task of its pipeline cannot be submitted");
    call_ready(pipeline);
    look(pipeline);
}

static void task_submitted(void *arg, struct job *job, bool existed, const struct fault *fault)
{
    struct pipeline *pipeline = arg;
    pipeline->submitting = false;
    if (fault->code == MRPC_RESOURCE_EXHAUSTED || fault->code == MRPC_UNAVAILABLE)
        return try_later(pipeline);
    if (fault->code)
        return give_up(pipeline, fault);
    take_job(pipeline, job);
    pipeline->submitted++;
    if (pipeline->message->state != STATE(RUNNING))
        jobs_cancel(job, "its pipeline was cancelled");
    drive(pipeline);
}

static void submit_next(struct pipeline *pipeline)
{
    struct fault fault = FAULT_INIT;
    const API(Pipeline) *message = pipeline->message;
    size_t at = pipeline->order[pipeline->submitted];
    const char *task = message->spec->tasks[at]->key;
    char request_id[200];
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    API(JobSpec) *spec = arena ? pipeline_task_job(message->spec, message->tasks, at, arena) : NULL;
    if (!spec) {
        mrpc_arena_free(arena);
        return try_later(pipeline);
    }
    if (message->spec->timeout && !spec->timeout)
        spec->timeout = message->spec->timeout;
    snprintf(request_id, sizeof request_id, "pipeline:%s:%s", pipeline->id, task);
    pipeline->submitting = true;
    if (jobs_check_room(pipeline->engine, 0, &fault))
        task_submitted(pipeline, NULL, false, &fault);
    else
        jobs_submit(pipeline->engine, spec, message->owner, request_id,
                    &(struct job_origin){.pipeline = pipeline->id, .pipeline_key = task}, task_submitted, pipeline);
    mrpc_arena_free(arena);
}

/* One at a time, for a job must be on disk before another can name it. */
static void drive(struct pipeline *pipeline)
{
    if (pipeline->ended || pipeline->submitting)
        return;
    if (pipeline->submitted < pipeline->message->n_tasks && pipeline->message->state == STATE(RUNNING))
        return submit_next(pipeline);
    call_ready(pipeline);
    look(pipeline);
}

/* ---- Accepting ---- */

/* Could its tasks be jobs? What they take from each other cannot be looked at yet. */
static int check_jobs(struct execution *engine, const API(PipelineSpec) * spec, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    int code = arena ? 0 : no_memory(fault);
    for (size_t i = 0; i < spec->n_tasks && code == 0; i++) {
        char field[FIELD_PATH_BYTES];
        const API(JobSpec) *job = pipeline_task_job(spec, NULL, i, arena);
        field_path(field, "spec.tasks[%zu].spec", i);
        code = job ? jobs_check(engine, job, field, fault) : no_memory(fault);
    }
    mrpc_arena_free(arena);
    return code;
}

static API(PipelineTaskStatus) * status_new(const char *key, struct mrpc_arena *arena)
{
    API(PipelineTaskStatus) *status = API_NEW(arena, PipelineTaskStatus, pipeline_task_status);
    if (!status)
        return NULL;
    status->key = (char *)key;
    status->state = (API(JobState))JOB_WAITING;
    return status;
}

/* With a message of its own, of which spec is set. */
static int fill_tasks(struct pipeline *pipeline, struct fault *fault)
{
    API(Pipeline) *message = pipeline->message;
    size_t count = message->spec->n_tasks;
    pipeline->order = calloc(count + 1, sizeof *pipeline->order);
    message->tasks = mrpc_arena_calloc(pipeline->arena, count + 1, sizeof *message->tasks);
    if (!pipeline->order || !message->tasks)
        return no_memory(fault);
    for (message->n_tasks = 0; message->n_tasks < count; message->n_tasks++) {
        API(PipelineTaskStatus) *status = status_new(message->spec->tasks[message->n_tasks]->key, pipeline->arena);
        if (!status)
            return no_memory(fault);
        message->tasks[message->n_tasks] = status;
    }
    return pipeline_order(message->spec, "spec", pipeline->order, fault);
}

static struct pipeline *pipeline_new(struct execution *engine, uint64_t number)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    struct mrpc_arena *arena = pipeline ? mrpc_arena_new(ARENA_BYTES) : NULL;
    if (!arena) {
        free(pipeline);
        return NULL;
    }
    *pipeline = (struct pipeline){.engine = engine, .number = number, .arena = arena};
    snprintf(pipeline->id, sizeof pipeline->id, "p%012llu", (unsigned long long)number);
    return pipeline;
}

static int make(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *request_id,
                struct pipeline **out, struct fault *fault)
{
    uint64_t number = engine->pipelines.next_number ? engine->pipelines.next_number : 1;
    struct pipeline *pipeline = pipeline_new(engine, number);
    API(Pipeline) *message = pipeline ? API_NEW(pipeline->arena, Pipeline, pipeline) : NULL;
    ProtobufCMessage *copy = NULL;
    if (!message || mrpc_message_copy(API_INFO(pipeline_spec), &spec->base, pipeline->arena, &copy) != 0) {
        pipeline_free(pipeline);
        return no_memory(fault);
    }
    pipeline->message = message;
    pipeline->create_ms = api_now_ms();
    message->id = pipeline->id;
    message->spec = (API(PipelineSpec) *)copy;
    message->state = STATE(RUNNING);
    message->owner = mrpc_arena_strdup(pipeline->arena, owner);
    message->request_id = mrpc_arena_strdup(pipeline->arena, request_id);
    message->create_time = api_timestamp(pipeline->arena, pipeline->create_ms);
    int code = message->owner && message->request_id && message->create_time ? fill_tasks(pipeline, fault) : no_memory(fault);
    if (!code && list(pipeline))
        code = no_memory(fault);
    if (code) {
        pipeline_free(pipeline);
        return code;
    }
    *out = pipeline;
    return 0;
}

static bool same_spec(const API(PipelineSpec) * a, const API(PipelineSpec) * b)
{
    struct api_bytes one = {NULL, 0}, other = {NULL, 0};
    struct fault fault = FAULT_INIT;
    bool same = !api_encode(API_INFO(pipeline_spec), a, &one, &fault) && !api_encode(API_INFO(pipeline_spec), b, &other, &fault) &&
                one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
    free(one.data);
    free(other.data);
    return same;
}

static struct pipeline *find_request(const struct execution *engine, const char *owner, const char *request_id)
{
    int64_t oldest_ms = api_now_ms() - JOBS_REQUEST_KEPT_MS;
    for (size_t i = engine->pipelines.count; i > 0 && *request_id; i--) {
        struct pipeline *pipeline = engine->pipelines.items[i - 1];
        if (pipeline->create_ms >= oldest_ms && strcmp(pipeline->message->request_id, request_id) == 0 &&
            strcmp(pipeline->message->owner, owner) == 0)
            return pipeline;
    }
    return NULL;
}

/* Who submitted it, until it is answered. */
struct acceptance {
    struct pipeline *pipeline;
    pipeline_accepted *accepted;
    void *arg;
};

static void is_ready(void *arg, struct pipeline *pipeline)
{
    struct acceptance acceptance = *(struct acceptance *)arg;
    struct fault none = FAULT_INIT;
    free(arg);
    acceptance.accepted(acceptance.arg, pipeline, false, &none);
}

static void first_saved(void *arg, const struct fault *fault)
{
    struct acceptance acceptance = *(struct acceptance *)arg;
    struct pipeline *pipeline = acceptance.pipeline;
    if (fault->code) {
        free(arg);
        unlist(pipeline);
        pipeline_free(pipeline);
        return acceptance.accepted(acceptance.arg, NULL, false, fault);
    }
    pipeline->durable = true;
    pipeline->ready = is_ready;
    pipeline->arg = arg;
    drive(pipeline);
}

static int check(struct execution *engine, const API(PipelineSpec) * spec, struct fault *fault)
{
    size_t *order = calloc(spec->n_tasks + 1, sizeof *order);
    int code = order ? pipeline_order(spec, "spec", order, fault) : no_memory(fault);
    free(order);
    if (!code && spec->timeout && api_duration_ms(spec->timeout) < 10)
        code = fault_field(fault, "spec.timeout", "less than 10 ms");
    if (!code && engine->pipelines.live >= PIPELINES_LIVE_MAX)
        code = fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, RETRY_AFTER_MS, "%d pipelines run already", PIPELINES_LIVE_MAX);
    if (!code)
        code = jobs_check_room(engine, spec->n_tasks, fault);
    return code ? code : check_jobs(engine, spec, fault);
}

static int answer_known(const struct pipeline *known, const API(PipelineSpec) * spec, struct fault *fault)
{
    if (!same_spec(known->message->spec, spec))
        return fault_set(fault, MRPC_ALREADY_EXISTS, "request_id \"%s\" belongs to pipeline %s with another specification",
                         known->message->request_id, known->id);
    return known->durable ? 0 : fault_retry(fault, MRPC_ABORTED, 100, "the same request is under way");
}

void pipelines_submit(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *request_id,
                      pipeline_accepted *accepted, void *arg)
{
    struct fault fault = FAULT_INIT;
    struct pipeline *pipeline = NULL, *known = find_request(engine, owner, request_id);
    if (known) {
        int code = answer_known(known, spec, &fault);
        return accepted(arg, code ? NULL : known, true, &fault);
    }
    struct acceptance *acceptance = calloc(1, sizeof *acceptance);
    int code = acceptance ? check(engine, spec, &fault) : no_memory(&fault);
    if (!code)
        code = make(engine, spec, owner, request_id, &pipeline, &fault);
    if (!code) {
        *acceptance = (struct acceptance){pipeline, accepted, arg};
        code = save(pipeline, first_saved, acceptance, &fault);
    }
    if (!code)
        return;
    if (pipeline) {
        unlist(pipeline);
        pipeline_free(pipeline);
    }
    free(acceptance);
    accepted(arg, NULL, false, &fault);
}

/* ---- Cancelling ---- */

int pipelines_cancel(struct pipeline *pipeline, const char *reason, void (*done)(void *arg, const struct fault *fault),
                     void *arg, struct fault *fault)
{
    if (pipeline->ended) {
        struct fault none = FAULT_INIT;
        done(arg, &none);
        return 0;
    }
    pipeline->message->state = STATE(CANCELLED);
    int code = save(pipeline, done, arg, fault);
    if (code)
        return code;
    cancel_jobs(pipeline, reason);
    drive(pipeline);
    return 0;
}

/* ---- After a restart, and in the end ---- */

int pipelines_restore(struct execution *engine, const API(Pipeline) * message, struct fault *fault)
{
    uint64_t number = strtoull(message->id + 1, NULL, 10);
    ProtobufCMessage *copy = NULL;
    if (message->id[0] != 'p' || !message->spec || message->n_tasks != message->spec->n_tasks)
        return fault_set(fault, MRPC_DATA_LOSS, "pipeline \"%.64s\" in the store is not one", message->id);
    struct pipeline *pipeline = pipeline_new(engine, number);
    if (!pipeline || mrpc_message_copy(API_INFO(pipeline), &message->base, pipeline->arena, &copy) != 0) {
        pipeline_free(pipeline);
        return no_memory(fault);
    }
    pipeline->message = (API(Pipeline) *)copy;
    pipeline->create_ms = api_timestamp_ms(message->create_time);
    pipeline->end_ms = api_timestamp_ms(message->end_time);
    pipeline->ended = message->end_time != NULL;
    pipeline->durable = true;
    pipeline->order = calloc(message->n_tasks + 1, sizeof *pipeline->order);
    int code = pipeline->order ? pipeline_order(pipeline->message->spec, "spec", pipeline->order, fault) : no_memory(fault);
    if (!code && list(pipeline))
        code = no_memory(fault);
    if (code)
        pipeline_free(pipeline);
    return code;
}

static void count_submitted(struct pipeline *pipeline)
{
    const API(Pipeline) *message = pipeline->message;
    while (pipeline->submitted < message->n_tasks && *message->tasks[pipeline->order[pipeline->submitted]]->job)
        pipeline->submitted++;
}

void pipelines_resume(struct execution *engine)
{
    for (size_t i = 0; i < engine->jobs.count; i++) {
        const struct job *job = engine->jobs.items[i];
        struct pipeline *pipeline = job->pipeline ? find_any(engine, job->pipeline) : NULL;
        if (pipeline && !pipeline->ended)
            take_job(pipeline, job);
    }
    for (size_t i = 0; i < engine->pipelines.count; i++) {
        struct pipeline *pipeline = engine->pipelines.items[i];
        if (pipeline->ended)
            continue;
        count_submitted(pipeline);
        if (pipeline->message->state != STATE(RUNNING))
            cancel_jobs(pipeline, "its pipeline was cancelled");
        drive(pipeline);
    }
}

static void let_go(struct pipeline *pipeline, struct store_batch *batch)
{
    char key[64];
    snprintf(key, sizeof key, "execution/pipeline/%s", pipeline->id);
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
    pipeline_free(pipeline);
}

/* The last one stays always, so that its number is not given again. When the commit fails they are there again after a
 * restart. */
void pipelines_sweep(struct execution *engine, int64_t before_ms)
{
    struct pipelines *all = &engine->pipelines;
    size_t kept = 0, surplus = all->count > PIPELINES_KEPT_MAX ? all->count - PIPELINES_KEPT_MAX : 0, gone = 0;
    struct store_batch *batch = store_batch_new();
    for (size_t i = 0; i < all->count; i++) {
        struct pipeline *pipeline = all->items[i];
        bool goes = i + 1 < all->count && pipeline->ended && !pipeline->watchers && (pipeline->end_ms < before_ms || surplus > 0);
        if (!goes) {
            all->items[kept++] = pipeline;
            continue;
        }
        surplus -= surplus > 0;
        gone++;
        let_go(pipeline, batch);
    }
    all->count = kept;
    if (gone)
        store_commit(engine->store, batch, NULL, NULL);
    else
        store_batch_free(batch);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines of the fuzzer `jobs`: up to four tasks with dependencies among them, and the part of the ledger that holds
 *
 *     an acknowledged submission is on disk, once for each key, and each of its tasks has one job at most
 *     a task's job comes to the disk while its pipeline runs, and depends on the jobs of the tasks before it
 *     a pipeline ends when all its jobs have ended, on disk, and says of each what the disk says; an end stays an end
 *     what is shown of a pipeline is what is on disk; one whose cancellation was acknowledged does not run on */
#include <stdlib.h>
#include <string.h>

#include "execution/pipeline/pipeline.h"
#include "execution/schedule/schedule.h"
#include "execution/schedule/run.h"
#include "fuzzer.h"
#include "jobs_ledger.h"
#include "jobs_world.h"

enum { CHAINS_MAX = 1024, TASKS_MAX = 4, EDGES = 6 };

struct chain {
    bool on_disk, told, ended, gone;
    API(PipelineState) state;
    int64_t create_ms, due_ms;
    char request[LEDGER_REQUEST_BYTES];
    size_t task_count;
    unsigned needs[TASKS_MAX]; /* a bit for each task that this one depends on */
    uint64_t jobs[TASKS_MAX];  /* 0: none yet */
};

struct call {
    bool open, keyed;
    unsigned owner, key;
};

static struct pipeline_ledger {
    struct chain chains[CHAINS_MAX]; /* by number */
    uint64_t last;
    struct call calls[LEDGER_CALLS_MAX];
    size_t call_count;
    uint64_t cancelling[LEDGER_CALLS_MAX];
    size_t cancel_count, cancels_open;
} ledger;

static struct chain *chain_of(uint64_t number)
{
    MUST(number > 0 && number < CHAINS_MAX);
    if (number > ledger.last)
        ledger.last = number;
    return &ledger.chains[number];
}

static uint64_t number_of(const char *id)
{
    return strtoull(id + 1, NULL, 10);
}

void pipelines_open(void)
{
    memset(ledger.chains, 0, (ledger.last + 1) * sizeof *ledger.chains);
    ledger.last = 0;
    ledger.call_count = ledger.cancel_count = ledger.cancels_open = 0;
}

void pipelines_crashed(void)
{
    for (size_t i = 0; i < ledger.call_count; i++)
        ledger.calls[i].open = false;
    ledger.cancels_open = 0;
    for (size_t i = 1; i <= ledger.last; i++)
        MUST(ledger.chains[i].on_disk || ledger.chains[i].gone || !ledger.chains[i].told);
}

/* ---- What comes to the disk ---- */

static void note_first(struct chain *chain, const API(Pipeline) * message)
{
    chain->on_disk = true;
    chain->create_ms = api_timestamp_ms(message->create_time);
    chain->task_count = message->spec->n_tasks;
    ledger_request(chain->request, message->owner, message->request_id);
    char name[129];
    if (!schedule_of_request(message->request_id, name, &chain->due_ms))
        chain->due_ms = 0;
    for (size_t i = 0; i < chain->task_count; i++)
        for (size_t j = 0; j < message->spec->tasks[i]->n_depends_on; j++)
            chain->needs[i] |= 1U << pipeline_position(message->spec, message->spec->tasks[i]->depends_on[j]);
    for (size_t i = 1; i <= ledger.last && *chain->request; i++) {
        const struct chain *other = &ledger.chains[i];
        MUST(other == chain || strcmp(other->request, chain->request) != 0 ||
             chain->create_ms - other->create_ms > JOBS_REQUEST_KEPT_MS || !(other->on_disk || other->gone));
    }
}

static void note_end(struct chain *chain, const API(Pipeline) * message)
{
    size_t succeeded = 0;
    for (size_t i = 0; i < chain->task_count; i++) {
        const API(PipelineTaskStatus) *task = message->tasks[i];
        MUST(*task->job ? chain->jobs[i] == number_of(task->job) : !chain->jobs[i]);
        const struct line *line = chain->jobs[i] ? line_of(chain->jobs[i]) : NULL;
        MUST(job_state_is_final((enum job_state)task->state));
        MUST(line ? line->state == (enum job_state)task->state : (enum job_state)task->state == JOB_SKIPPED);
        succeeded += (enum job_state)task->state == JOB_SUCCEEDED;
    }
    MUST(message->state != PIPELINE_STATE(RUNNING));
    MUST(message->state != PIPELINE_STATE(SUCCEEDED) || succeeded == chain->task_count);
    MUST(message->state != PIPELINE_STATE(FAILED) || succeeded < chain->task_count);
    chain->ended = true;
}

void pipelines_note(uint64_t number, const void *value, size_t size)
{
    struct chain *chain = chain_of(number);
    API(Pipeline) * message;
    struct fault fault = FAULT_INIT;
    MUST(!chain->gone);
    if (!value) {
        MUST(chain->on_disk && chain->ended);
        MUST(!*chain->request || world_now_ms() - chain->create_ms > JOBS_REQUEST_KEPT_MS);
        chain->on_disk = false;
        chain->gone = true;
        return;
    }
    struct mrpc_arena *arena = mrpc_arena_new(0);
    MUST(api_decode(API_INFO(pipeline), value, size, arena, &message, &fault) == 0);
    MUST(message->n_tasks == message->spec->n_tasks && message->n_tasks <= TASKS_MAX);
    MUST(!chain->ended || (chain->state == message->state && message->end_time));
    MUST(chain->state != PIPELINE_STATE(CANCELLED) || message->state == PIPELINE_STATE(CANCELLED));
    if (!chain->on_disk)
        note_first(chain, message);
    chain->state = message->state;
    if (message->end_time && !chain->ended)
        note_end(chain, message);
    MUST(message->end_time || message->state != PIPELINE_STATE(SUCCEEDED));
    mrpc_arena_free(arena);
}

void pipelines_note_job(uint64_t job, const API(Job) * message, bool first)
{
    struct chain *chain = chain_of(number_of(message->pipeline));
    size_t at = (size_t)(message->pipeline_key[0] - 'a');
    MUST(at < chain->task_count && (chain->on_disk || chain->gone));
    MUST(!chain->jobs[at] || chain->jobs[at] == job);
    if (!first)
        return;
    MUST(chain->on_disk && !chain->ended && chain->state == PIPELINE_STATE(RUNNING));
    chain->jobs[at] = job;
    size_t needed = 0;
    for (size_t i = 0; i < chain->task_count; i++) {
        bool found = false;
        for (size_t j = 0; j < LEDGER_NEEDS_MAX; j++)
            found |= chain->jobs[i] && line_of(job)->dependencies[j] == chain->jobs[i];
        MUST(found == (chain->needs[at] >> i & 1));
        needed += found;
    }
    MUST(needed == message->spec->n_depends_on);
}

bool pipelines_are_done_with(uint64_t number)
{
    return !number || !chain_of(number)->on_disk || chain_of(number)->ended;
}

/* ---- What callers do and are told ---- */

static API(PipelineTask) * task_new(struct mrpc_arena *arena, size_t at, unsigned attempts)
{
    API(PipelineTask) *task = API_NEW(arena, PipelineTask, pipeline_task);
    task->spec = API_NEW(arena, JobSpec, job_spec);
    task->spec->work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    task->spec->compute = API_NEW(arena, ComputeSpec, compute_spec);
    task->spec->retry = API_NEW(arena, RetryPolicy, retry_policy);
    task->spec->retry->max_attempts = attempts;
    task->key = mrpc_arena_printf(arena, "%c", (int)('a' + at));
    task->depends_on = mrpc_arena_calloc(arena, TASKS_MAX, sizeof *task->depends_on);
    return task;
}

static void depend(API(PipelineSpec) * spec, size_t task, size_t on)
{
    if (task < spec->n_tasks && on < spec->n_tasks)
        spec->tasks[task]->depends_on[spec->tasks[task]->n_depends_on++] = spec->tasks[on]->key;
}

static API(PipelineSpec) * spec_new(struct mrpc_arena *arena, unsigned shape, unsigned attempts)
{
    static const unsigned char edges[EDGES][2] = {{1, 0}, {2, 0}, {2, 1}, {3, 0}, {3, 1}, {3, 2}};
    API(PipelineSpec) *spec = API_NEW(arena, PipelineSpec, pipeline_spec);
    spec->n_tasks = 1 + shape % TASKS_MAX;
    spec->tasks = mrpc_arena_calloc(arena, TASKS_MAX, sizeof *spec->tasks);
    for (size_t i = 0; i < spec->n_tasks; i++)
        spec->tasks[i] = task_new(arena, i, attempts);
    for (size_t i = 0; i < EDGES; i++)
        if (shape >> 2 >> i & 1)
            depend(spec, edges[i][0], edges[i][1]);
    return spec;
}

API(PipelineSpec) * pipelines_scheduled(struct mrpc_arena *arena)
{
    return spec_new(arena, 1 | 1U << 2, 1); /* b depends on a */
}

static bool has_cycle(const API(PipelineSpec) * spec)
{
    size_t order[TASKS_MAX];
    struct fault fault = FAULT_INIT;
    return pipeline_order(spec, "spec", order, &fault) != 0;
}

static void accepted(void *arg, struct pipeline *pipeline, bool existed, const struct fault *fault)
{
    struct call *call = arg;
    if (world_is_gone())
        return;
    MUST(call->open);
    call->open = false;
    if (fault->code) {
        MUST(fault->code == MRPC_RESOURCE_EXHAUSTED || fault->code == MRPC_UNAVAILABLE ||
             (call->keyed && (fault->code == MRPC_ALREADY_EXISTS || fault->code == MRPC_ABORTED)));
        return;
    }
    struct chain *chain = chain_of(pipeline->number);
    char request[LEDGER_REQUEST_BYTES];
    ledger_request(request, ledger_owners[call->owner], ledger_keys[call->key]);
    MUST(chain->on_disk && strcmp(chain->request, request) == 0 && (!existed || call->keyed));
    chain->told = true;
    for (size_t i = 0; i < chain->task_count && !existed && chain->state == PIPELINE_STATE(RUNNING); i++)
        MUST(chain->jobs[i]);
}

static void refused(void *arg, struct pipeline *pipeline, bool existed, const struct fault *fault)
{
    *(int *)arg = fault->code;
}

void pipelines_try_submit(unsigned who, unsigned shape)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    API(PipelineSpec) *spec = spec_new(arena, shape, who >> 5 & 3);
    Google__Protobuf__Duration timeout;
    google__protobuf__duration__init(&timeout);
    timeout.seconds = 30;
    spec->timeout = who >> 2 & 1 ? &timeout : NULL;
    if (who >> 4 & 1)
        depend(spec, 0, spec->n_tasks - 1);
    const char *owner = ledger_owners[who >> 7], *key = ledger_keys[who & 3];
    if (has_cycle(spec)) {
        int code = 0;
        pipelines_submit(world_engine(), spec, owner, "", refused, &code);
        MUST(code == MRPC_INVALID_ARGUMENT);
    } else {
        MUST(ledger.call_count < LEDGER_CALLS_MAX);
        struct call *call = &ledger.calls[ledger.call_count++];
        *call = (struct call){.open = true, .owner = who >> 7, .key = who & 3, .keyed = who & 3};
        pipelines_submit(world_engine(), spec, owner, key, accepted, call);
    }
    mrpc_arena_free(arena);
}

static void cancelled(void *arg, const struct fault *fault)
{
    const struct chain *chain = chain_of(*(const uint64_t *)arg);
    if (world_is_gone())
        return;
    ledger.cancels_open--;
    MUST(!fault->code || fault->code == MRPC_UNAVAILABLE);
    if (fault->code || chain->state == PIPELINE_STATE(CANCELLED))
        return;
    for (size_t i = 0; i < chain->task_count; i++) /* it has ended, or all that is left is to say so */
        MUST(!chain->jobs[i] || job_state_is_final(line_of(chain->jobs[i])->state));
}

void pipelines_try_cancel(unsigned which)
{
    const struct pipelines *all = &world_engine()->pipelines;
    struct fault fault = FAULT_INIT;
    struct pipeline *pipeline =
        all->count ? pipelines_find(world_engine(), all->items[which % all->count]->id) : NULL;
    if (!pipeline)
        return;
    MUST(ledger.cancel_count < LEDGER_CALLS_MAX);
    uint64_t *number = &ledger.cancelling[ledger.cancel_count++];
    *number = pipeline->number;
    ledger.cancels_open++;
    MUST(pipelines_cancel(pipeline, "enough", cancelled, number, &fault) == 0);
}

/* ---- What memory must agree with ---- */

static void check_tasks(const struct pipeline *pipeline, const struct chain *chain)
{
    for (size_t i = 0; i < chain->task_count; i++) {
        const API(PipelineTaskStatus) *task = pipeline->message->tasks[i];
        uint64_t job = *task->job ? number_of(task->job) : 0;
        MUST(!job || job == chain->jobs[i]);
        MUST(!job || line_of(job)->gone || line_of(job)->state == (enum job_state)task->state);
    }
}

void pipelines_check_memory(void)
{
    const struct pipelines *all = &world_engine()->pipelines;
    size_t live = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct pipeline *pipeline = all->items[i];
        const struct chain *chain = chain_of(pipeline->number);
        MUST(i == 0 || all->items[i - 1]->number < pipeline->number);
        live += !pipeline->ended;
        MUST(pipeline->durable == chain->on_disk);
        if (!pipeline->durable)
            continue;
        MUST(pipeline->ended == chain->ended && pipeline->message->state == chain->state);
        MUST(pipeline->ended == (pipeline->message->end_time != NULL));
        check_tasks(pipeline, chain);
    }
    MUST(live == all->live);
}

void pipelines_check_ends(void)
{
    struct due_times times = {0};
    for (size_t i = 0; i < ledger.call_count; i++)
        MUST(!ledger.calls[i].open);
    MUST(ledger.cancels_open == 0);
    for (size_t i = 1; i <= ledger.last; i++) {
        MUST(!ledger.chains[i].on_disk || ledger.chains[i].ended);
        if (ledger.chains[i].due_ms)
            due_times_add(&times, ledger.chains[i].due_ms);
    }
    due_times_check(&times);
}

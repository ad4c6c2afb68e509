/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <mrpc/arena.h>
#include <mrpc/codec.h>

#include "log/log.h"
#include "pool/process/worker.h"
#include "utf8/utf8.h"
#include "worker/frame.h"
#include "worker/table_span.h"

/* What a worker says is not trusted: a plugin can write to its socket. Whatever does not fit kills the worker. */

#define READ_BYTES 65536
#define READS_AT_ONCE 32
#define MESSAGE_MEMORY_BYTES (16u << 20)

static int broken(struct worker *worker, const char *what)
{
    worker_kill(worker, WORKER_BROKE_PROTOCOL, what);
    return -1;
}

static int is_for_job(const struct worker *worker, uint64_t task_id)
{
    return worker->state == WORKER_BUSY && worker->job->ticket == task_id;
}

static int take_ready(struct worker *worker, const Mltrainer__Worker__Ready *ready)
{
    if (worker->state != WORKER_STARTING || ready->pid != (uint32_t)worker->pid)
        return broken(worker, "it said ready at the wrong time");
    log_debug(worker->pool->options.log, "pool", "worker ready pid=%d confinement=\"%s\"", worker->pid,
              ready->confinement);
    worker->state = WORKER_IDLE;
    worker->young_deaths = 0;
    return 0;
}

static int take_metric(struct worker *worker, const Mltrainer__Worker__Metric *metric)
{
    if (!is_for_job(worker, metric->task_id))
        return broken(worker, "a metric names another task");
    size_t length = strspn(metric->name, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    if (length < 1 || length > 64 || metric->name[length] || metric->step < MLTRAINER_STEP_FINAL)
        return broken(worker, "a metric has no proper name or step");
    if (metric->step == MLTRAINER_STEP_FINAL)
        return job_keep_metric(worker->job, metric->name, metric->value) ? broken(worker, "too many results") : 0;
    job_tell(worker->job, &(struct process_event){.kind = PROCESS_EVENT_METRIC,
                                                  .name = metric->name,
                                                  .step = metric->step,
                                                  .value = metric->value});
    return 0;
}

static int take_log(struct worker *worker, const Mltrainer__Worker__Log *line)
{
    if (!is_for_job(worker, line->task_id) || line->level > MLTRAINER_LOG_ERROR)
        return broken(worker, "a log line names another task");
    job_tell(worker->job, &(struct process_event){
                              .kind = PROCESS_EVENT_LOG, .level = (int)line->level, .text = line->text});
    return 0;
}

static int take_description(struct process_job *job, const Mltrainer__Worker__Description *message)
{
    struct process_description *description = mrpc_arena_calloc(job->arena, 1, sizeof(*description));
    struct process_algorithm *algorithms =
        mrpc_arena_calloc(job->arena, message->n_algorithms, sizeof(*algorithms));

    if (!description || !algorithms)
        return -1;
    for (size_t i = 0; i < message->n_algorithms; i++)
        algorithms[i] = (struct process_algorithm){
            .id = message->algorithms[i]->id,
            .description = message->algorithms[i]->description,
            .flags = message->algorithms[i]->flags,
            .operations = message->algorithms[i]->operations,
            .searchable = message->algorithms[i]->searchable,
        };
    *description = (struct process_description){
        .family = message->family,
        .version = message->version,
        .description = message->description,
        .licence = message->licence,
        .engine = message->engine,
        .abi_major = message->abi_major,
        .abi_minor = message->abi_minor,
        .algorithm_count = message->n_algorithms,
        .algorithms = algorithms,
    };
    job->result.description = description;
    return 0;
}

/* Copy what the message points to out of the shared memory. Returns what is wrong, or NULL. */
static const char *take_outputs(struct worker *worker, struct process_job *job,
                                const Mltrainer__Worker__Result *message, struct fault *fault)
{
    if (message->artifact) {
        const void *bytes = worker_span_find(worker->output.bytes, worker->output.size, message->artifact);
        if (!bytes)
            return "an artifact lies elsewhere";
        job->result.artifact = mrpc_arena_memdup(job->arena, bytes, message->artifact->size);
        if (!job->result.artifact)
            fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for the artifact");
        job->result.artifact_bytes = message->artifact->size;
    }
    if (message->table) {
        int code = worker_table_copy(message->table, worker->output.bytes, worker->output.size,
                                     job->fleeting ? job->arena : NULL, &job->result.table, fault);
        if (code == MRPC_INVALID_ARGUMENT)
            return fault->text;
    }
    if (message->description && take_description(job, message->description))
        fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for the description");
    return NULL;
}

/* Its process gives nothing back of what plugins have lost, or have touched of the input memory. */
static bool is_worn(const struct worker *worker, const struct process_job *last)
{
    static const size_t touched_max = 64u << 20;
    const struct process_pool_options *options = &worker->pool->options;

    return worker->wear >= (uint64_t)options->recycle_after_tasks * BRIEF_FOR_ONE ||
           worker->input_touched > touched_max ||
           (!last->brief && worker_memory_bytes(worker) > options->recycle_after_bytes);
}

/* The worker is free for the next task, or replaced when it has served long enough. */
static void release(struct worker *worker)
{
    const struct process_job *last = worker->job;

    worker->job = TAILQ_FIRST(&worker->behind);
    worker->terminate_ms = worker->kill_ms = 0;
    if (worker->job) {
        TAILQ_REMOVE(&worker->behind, worker->job, entry);
        return;
    }
    worker->state = WORKER_IDLE;
    if (is_worn(worker, last))
        worker_kill(worker, WORKER_RECYCLED, "served long enough");
}

static int take_result(struct worker *worker, const Mltrainer__Worker__Result *message)
{
    struct process_job *job = worker->job;
    struct fault fault = FAULT_INIT;

    if (!is_for_job(worker, message->task_id))
        return broken(worker, "a result names another task");
    if (message->code > MRPC_UNAUTHENTICATED)
        return broken(worker, "a result has no proper code");
    if (message->code != 0)
        worker_forget_model(worker, job);
    if (job->settled) {
        release(worker);
        job_unref(job);
        return 0;
    }
    if (message->code != 0) {
        fault_set(&fault, (enum mrpc_code)message->code, "%s", message->text);
        snprintf(fault.field, sizeof(fault.field), "%s", message->subject);
        utf8_mend(fault.field);
    } else {
        const char *wrong = take_outputs(worker, job, message, &fault);
        if (wrong)
            return broken(worker, wrong);
    }
    job->result.fault = fault;
    job->result.ran_us = message->ran_us;
    job->result.cpu_us = message->cpu_us;
    job->result.queued_us = job->started_us - job->submitted_us;
    /* the plugin may look at the clock before we do */
    if (fault.code == MRPC_CANCELLED && job->ending == JOB_RUNS && job->deadline_ms)
        job->ending = JOB_TIMED_OUT;
    (void)verdict_of_ending(job);
    job->worker = NULL;
    release(worker);
    job_settle(job);
    return 0;
}

static int take_message(struct worker *worker, const Mltrainer__Worker__FromWorker *message)
{
    switch (message->message_case) {
    case MLTRAINER__WORKER__FROM_WORKER__MESSAGE_READY:
        return take_ready(worker, message->ready);
    case MLTRAINER__WORKER__FROM_WORKER__MESSAGE_METRIC:
        return take_metric(worker, message->metric);
    case MLTRAINER__WORKER__FROM_WORKER__MESSAGE_LOG:
        return take_log(worker, message->log);
    case MLTRAINER__WORKER__FROM_WORKER__MESSAGE_RESULT:
        return take_result(worker, message->result);
    default:
        return broken(worker, "it sent a message without content");
    }
}

/* A result stays with its job and is read into the job's memory; all else is forgotten when it has been told. */
static int take_frame(struct worker *worker, const uint8_t *bytes, size_t size)
{
    const uint8_t result_tag = MLTRAINER__WORKER__FROM_WORKER__MESSAGE_RESULT << 3 | 2;
    bool stays = size > 0 && bytes[0] == result_tag && worker->job && !worker->job->settled;
    struct mrpc_arena *own = stays ? NULL : mrpc_arena_new(MESSAGE_MEMORY_BYTES);
    struct mrpc_arena *arena = stays ? worker->job->arena : own;
    ProtobufCMessage *decoded;

    int result = !arena || mrpc_decode(&mltrainer__worker__from_worker__info, bytes, size, NULL, arena, &decoded, NULL)
                     ? broken(worker, "it sent a malformed message")
                     : take_message(worker, (const Mltrainer__Worker__FromWorker *)decoded);
    mrpc_arena_free(own);
    return result;
}

/* What is left over of earlier reads, and what came after it. */
static int take_kept(struct worker *worker)
{
    for (;;) {
        uint8_t header[WORKER_FRAME_HEADER_BYTES];
        if (evbuffer_copyout(worker->in, header, sizeof(header)) < (ev_ssize_t)sizeof(header))
            return 0;
        size_t size = worker_frame_length(header);
        if (size > WORKER_FRAME_TO_SERVER_MAX)
            return broken(worker, "it announced too large a message");
        if (evbuffer_get_length(worker->in) < sizeof(header) + size)
            return 0;
        const uint8_t *frame = evbuffer_pullup(worker->in, (ev_ssize_t)(sizeof(header) + size));
        if (!frame)
            return broken(worker, "no memory for its message");
        if (take_frame(worker, frame + sizeof(header), size))
            return -1;
        evbuffer_drain(worker->in, sizeof(header) + size);
    }
}

/* As a rule whole messages come, and are taken from where they were read to; the rest is kept. */
static int take_frames(struct worker *worker, const uint8_t *bytes, size_t size)
{
    while (evbuffer_get_length(worker->in) == 0 && size >= WORKER_FRAME_HEADER_BYTES) {
        size_t length = worker_frame_length(bytes);
        if (length > WORKER_FRAME_TO_SERVER_MAX)
            return broken(worker, "it announced too large a message");
        if (size - WORKER_FRAME_HEADER_BYTES < length)
            break;
        if (take_frame(worker, bytes + WORKER_FRAME_HEADER_BYTES, length))
            return -1;
        bytes += WORKER_FRAME_HEADER_BYTES + length;
        size -= WORKER_FRAME_HEADER_BYTES + length;
    }
    if (size > 0 && evbuffer_add(worker->in, bytes, size) != 0)
        return broken(worker, "no memory for its message");
    return take_kept(worker);
}

int inbox_drain(struct worker *worker)
{
    uint8_t bytes[READ_BYTES];
    int closed = 0;

    for (int i = 0; i < READS_AT_ONCE && worker->doom == WORKER_LIVES; i++) {
        ssize_t got = read(worker->socket, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        closed = got == 0 || (got < 0 && errno != EAGAIN);
        if (got <= 0 || take_frames(worker, bytes, (size_t)got) != 0 || got < READ_BYTES)
            break; /* that was all there was; what has come since is told again */
    }
    if (worker->doom != WORKER_LIVES)
        event_del(worker->on_readable); /* nothing more that it says matters */
    schedule_run(worker->pool);
    return closed && worker->doom == WORKER_LIVES;
}

/* Keep the end of what was written, in printable ASCII: it goes into logs and replies. */
static void keep_tail(struct worker *worker, const char *bytes, size_t size)
{
    size_t room = sizeof(worker->error_tail) - 1;

    if (size > room) {
        bytes += size - room;
        size = room;
    }
    if (worker->error_bytes + size > room) {
        size_t cut = worker->error_bytes + size - room;
        memmove(worker->error_tail, worker->error_tail + cut, worker->error_bytes - cut);
        worker->error_bytes -= cut;
    }
    for (size_t i = 0; i < size; i++)
        worker->error_tail[worker->error_bytes++] =
            bytes[i] == '\n' || (bytes[i] >= ' ' && bytes[i] <= '~') ? bytes[i] : '?';
    worker->error_tail[worker->error_bytes] = 0;
}

void inbox_drain_errors(struct worker *worker)
{
    char bytes[READ_BYTES];

    for (int i = 0; i < READS_AT_ONCE; i++) {
        ssize_t got = read(worker->errors, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 && worker->on_errors)
            event_del(worker->on_errors);
        if (got <= 0)
            return;
        keep_tail(worker, bytes, (size_t)got);
    }
}

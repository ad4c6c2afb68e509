/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs from submission to their one end (Z9): three bytes are an operation on a server whose clock, disk and workers
 * are in our hands (jobs_world.h), which may be killed between any two of them. A ledger is kept of what the disk says
 * and of what callers were told, and nothing of either may ever be taken back:
 *
 *     an acknowledged submission is on disk, once for each key; a due time of a schedule has one job
 *     events of a job have no gap, are never rewritten, are steps of the state machine, and agree with its record
 *     a final state stays; an attempt begins only when all that the job depends on has succeeded, on disk
 *     who was told that a job is cancelled does not see it succeed
 *     when everything is let run to its end, every job ends, and every caller has had one answer */
#include <stdlib.h>
#include <string.h>

#include "execution/job/job.h"
#include "execution/schedule/schedules.h"
#include "fuzzer.h"
#include "jobs_world.h"

enum {
    JOBS_MAX = 1024,
    CALLS_MAX = 1024,
    DEPENDENCIES = 2,
    OPERATIONS_MAX = 300,
    INTERVAL_MS = 60 * 1000,
    SETTLING_STEPS = 3000,
    QUIET_STEPS = 10, /* a schedule that was refused comes again within them */
};

static const char *const owners[] = {"token/alice", "token/bob"};
static const char *const keys[] = {"", "one", "two", "three"};

struct line {
    bool on_disk, told, cancelled, changed;
    enum job_state state, event_state;
    uint32_t attempt;
    uint64_t events;
    int64_t due_ms;
    char request[96]; /* owner and request_id; "": none */
    uint64_t dependencies[DEPENDENCIES];
};

struct call {
    bool open;
    bool keyed;
    unsigned owner, key;
};

static struct ledger {
    struct line lines[JOBS_MAX]; /* by number */
    uint64_t last;               /* number of them */
    struct call calls[CALLS_MAX];
    size_t call_count;
    size_t cancels_open;
    struct mrpc_arena *arena;
} ledger;

static struct line *line_of(uint64_t number)
{
    MUST(number > 0 && number < JOBS_MAX);
    if (number > ledger.last)
        ledger.last = number;
    return &ledger.lines[number];
}

/* ---- What comes to the disk ---- */

static void note_record(struct line *line, const void *value, size_t size)
{
    API(Job) * message;
    struct fault fault = FAULT_INIT;
    MUST(api_decode(API_INFO(job), value, size, ledger.arena, &message, &fault) == 0);
    MUST(!line->on_disk || !job_state_is_final(line->state) || line->state == (enum job_state)message->state);
    MUST(message->attempt >= line->attempt);
    const API(RetryPolicy) *retry = message->spec->retry;
    MUST(message->attempt <= (retry && retry->max_attempts ? retry->max_attempts : 2));
    line->on_disk = line->changed = true;
    line->state = (enum job_state)message->state;
    line->attempt = message->attempt;
    line->due_ms = *message->schedule ? api_timestamp_ms(message->due_time) : 0;
    snprintf(line->request, sizeof line->request, "%s%s%s", message->request_id, *message->request_id ? " " : "",
             *message->request_id ? message->owner : "");
    MUST(message->spec->n_depends_on <= DEPENDENCIES);
    for (size_t i = 0; i < message->spec->n_depends_on; i++)
        line->dependencies[i] = strtoull(message->spec->depends_on[i] + 1, NULL, 10);
    for (size_t i = 1; i <= ledger.last && *line->request; i++)
        MUST(&ledger.lines[i] == line || !ledger.lines[i].on_disk ||
             strcmp(ledger.lines[i].request, line->request) != 0);
}

static void note_event(struct line *line, const char *key, uint64_t sequence, const void *value, size_t size)
{
    API(JobEvent) * event;
    struct fault fault = FAULT_INIT;
    size_t old_size;
    const void *old = world_get(key, &old_size);
    MUST(sequence == line->events + 1 || old);
    if (old) {
        MUST(old_size == size && memcmp(old, value, size) == 0);
        return;
    }
    line->events = sequence;
    line->changed = true;
    MUST(api_decode(API_INFO(job_event), value, size, ledger.arena, &event, &fault) == 0);
    MUST(event->sequence == sequence);
    if (event->event_case != MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_STATE)
        return;
    MUST((enum job_state)event->state->from == line->event_state);
    MUST(job_state_follows(line->event_state, (enum job_state)event->state->to));
    line->event_state = (enum job_state)event->state->to;
}

static void written(const char *key, const void *value, size_t size)
{
    unsigned long long number, sequence;
    if (sscanf(key, "execution/event/j%llu/%llu", &number, &sequence) == 2)
        note_event(line_of(number), key, sequence, value, size);
    else if (sscanf(key, "execution/job/j%llu", &number) == 1)
        note_record(line_of(number), value, size);
    else
        MUST(strncmp(key, "execution/schedule/", 19) == 0);
    mrpc_arena_reset(ledger.arena);
}

static void check_what_came(void)
{
    for (size_t i = 1; i <= ledger.last; i++) {
        MUST(!ledger.lines[i].changed || ledger.lines[i].event_state == ledger.lines[i].state);
        ledger.lines[i].changed = false;
    }
}

static void land(bool well)
{
    world_land(well);
    check_what_came();
}

/* ---- What callers do and are told ---- */

static void began(struct job *job)
{
    const struct line *line = line_of(job->number);
    MUST(job->state == JOB_RUNNING && !job_state_is_final(line->state) && !line->cancelled);
    for (size_t i = 0; i < world_flying(); i++)
        MUST(world_flight(i) == job->operation || world_flight(i)->job != job);
    for (size_t i = 0; i < DEPENDENCIES; i++)
        MUST(!line->dependencies[i] || line_of(line->dependencies[i])->state == JOB_SUCCEEDED);
}

static void submitted(void *arg, struct job *job, bool existed, const struct fault *fault)
{
    struct call *call = arg;
    if (world_is_gone())
        return;
    MUST(call->open);
    call->open = false;
    if (fault->code) {
        MUST(fault->code == MRPC_RESOURCE_EXHAUSTED || fault->code == MRPC_NOT_FOUND ||
             (fault->code == MRPC_ALREADY_EXISTS && call->keyed));
        return;
    }
    struct line *line = line_of(job->number);
    MUST(line->on_disk && strcmp(job->owner, owners[call->owner]) == 0);
    MUST(strcmp(job->request_id, keys[call->key]) == 0 && (!existed || call->keyed));
    line->told = true;
}

/* What it depends on are jobs that are there, told of or not: their names can be guessed. */
static size_t choose(const struct execution *engine, unsigned argument, char *out[DEPENDENCIES])
{
    size_t count = engine->jobs.count, wanted = argument % 4 < DEPENDENCIES ? argument % 4 : 0;
    for (size_t i = 0; i < wanted && count; i++) {
        size_t back = (argument >> 2) * (i + 1) % (count < 12 ? count : 12);
        out[i] = engine->jobs.items[count - 1 - back]->id;
    }
    return count ? wanted : 0;
}

static void submit(unsigned who, unsigned argument)
{
    char *dependencies[DEPENDENCIES];
    API(JobSpec) spec;
    API(ComputeSpec) compute;
    API(RetryPolicy) retry;
    Google__Protobuf__Duration timeout, backoff;
    API_INIT(job_spec, &spec);
    API_INIT(compute_spec, &compute);
    API_INIT(retry_policy, &retry);
    google__protobuf__duration__init(&timeout);
    google__protobuf__duration__init(&backoff);
    timeout.seconds = 30;
    backoff.seconds = 1;
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    spec.compute = &compute;
    spec.priority = (int32_t)(who >> 5);
    spec.retry = &retry;
    retry.max_attempts = who >> 3 & 3;
    retry.backoff = &backoff;
    retry.interrupt_on_restart = who >> 5 & 1;
    spec.timeout = who >> 6 & 1 ? &timeout : NULL;
    spec.n_depends_on = choose(world_engine(), argument, dependencies);
    spec.depends_on = dependencies;
    MUST(ledger.call_count < CALLS_MAX);
    struct call *call = &ledger.calls[ledger.call_count++];
    *call = (struct call){.open = true, .owner = who >> 7, .key = who & 3, .keyed = who & 3};
    jobs_submit(world_engine(), &spec, owners[call->owner], keys[call->key], NULL, submitted, call);
}

static void cancelled(void *arg, struct job *job)
{
    struct line *line = line_of(job->number);
    if (world_is_gone())
        return;
    ledger.cancels_open--;
    MUST(line->state == JOB_CANCELLING || job_state_is_final(line->state));
    line->cancelled = true;
}

static void cancel(unsigned which)
{
    struct jobs *jobs = &world_engine()->jobs;
    struct job *job = jobs->count ? jobs_find(world_engine(), jobs->items[which % jobs->count]->id) : NULL;
    if (!job)
        return;
    jobs_cancel(job, "enough");
    ledger.cancels_open++;
    MUST(jobs_when_durable(job, cancelled, NULL) == 0);
}

static void end(unsigned which, unsigned how)
{
    static const struct {
        int code;
        int64_t retry_after_ms;
        bool lost;
    } ends[] = {{0, 0, false},
                {0, 0, false},
                {MRPC_INTERNAL, 0, true},           /* a crash */
                {MRPC_RESOURCE_EXHAUSTED, 0, true}, /* killed, as for memory */
                {MRPC_INVALID_ARGUMENT, 0, false},
                {MRPC_UNAVAILABLE, 0, false},
                {MRPC_UNAVAILABLE, 0, true}, /* its lease is lost */
                {MRPC_RESOURCE_EXHAUSTED, 1000, false}};
    struct fault fault = FAULT_INIT;
    size_t at = how % (sizeof ends / sizeof *ends);
    if (!world_flying())
        return;
    if (ends[at].code)
        fault_set(&fault, ends[at].code, "so it ended");
    fault.retry_after_ms = ends[at].retry_after_ms;
    world_end(world_flight(which % world_flying()), &fault, ends[at].lost);
}

/* Who has not been told is not told any more, and what is not on the disk has never been. */
static void crash(unsigned arrived)
{
    world_crash(arrived % (world_landing() + 1));
    for (size_t i = 0; i < ledger.call_count; i++)
        ledger.calls[i].open = false;
    ledger.cancels_open = 0;
    check_what_came();
    for (size_t i = 1; i <= ledger.last; i++)
        MUST(ledger.lines[i].on_disk || !ledger.lines[i].told);
}

static void operate(const uint8_t *bytes)
{
    static const int64_t steps_ms[] = {1, 100, 1000, 2500, 10000, 30000, INTERVAL_MS, 3 * INTERVAL_MS};
    switch (bytes[0] % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        submit(bytes[1], bytes[2]);
        break;
    case 4:
        cancel(bytes[1]);
        break;
    case 5:
    case 6:
        end(bytes[1], bytes[2]);
        break;
    case 7:
        crash(bytes[1]);
        break;
    case 8:
    case 9:
        world_advance(steps_ms[bytes[1] % 8]);
        break;
    case 10:
        land(false);
        break;
    default:
        for (unsigned i = 0; i < 1u + bytes[1] % 4; i++)
            land(true);
    }
    if (bytes[0] < 0x80)
        world_turn();
}

/* ---- What memory must agree with ---- */

static void check_memory(void)
{
    struct execution *engine = world_engine();
    struct jobs *jobs = &engine->jobs;
    size_t live = 0, queued = 0, of_owner[2] = {0};
    world_turn();
    for (size_t i = 0; i < jobs->count; i++) {
        const struct job *job = jobs->items[i];
        MUST(i == 0 || jobs->items[i - 1]->number < job->number);
        live += !job_state_is_final(job->state);
        of_owner[strcmp(job->owner, owners[1]) == 0] += !job_state_is_final(job->state);
        queued += job->entry.place != 0;
        MUST(!job->entry.place || job->state == JOB_QUEUED);
        MUST((job->operation != NULL) == (job->state == JOB_RUNNING || job->state == JOB_CANCELLING));
        MUST(job->state != JOB_RETRY_WAIT || job->timer);
        MUST(job->state != JOB_QUEUED || job->entry.place || !line_of(job->number)->on_disk);
    }
    MUST(live == jobs->live && queued == jobs->queue.count && jobs->running == world_flying());
    MUST(jobs->running == WORLD_RUNNING_LIMIT || queued == 0);
    for (size_t i = 0; i < 2; i++)
        MUST(quota_used(engine->job_quota, owners[i]) == of_owner[i]);
}

static bool is_settled(void)
{
    return world_engine()->jobs.live == 0 && world_landing() == 0;
}

/* The disk takes everything, workers do their work: then everything comes to its end. */
static void settle(void)
{
    struct fault none = FAULT_INIT;
    for (size_t i = 0, quiet = 0; quiet < QUIET_STEPS; i++) {
        MUST(i < SETTLING_STEPS);
        world_turn();
        while (world_landing())
            land(true);
        world_turn();
        if (world_flying())
            world_end(world_flight(0), &none, false);
        else
            world_advance(1000);
        quiet = is_settled() ? quiet + 1 : 0;
    }
}

static void check_ends(void)
{
    for (size_t i = 0; i < ledger.call_count; i++)
        MUST(!ledger.calls[i].open);
    MUST(ledger.cancels_open == 0);
    for (size_t i = 1; i <= ledger.last; i++) {
        const struct line *line = &ledger.lines[i];
        bool all = true;
        for (size_t j = 0; j < DEPENDENCIES; j++)
            all &= !line->dependencies[j] || line_of(line->dependencies[j])->state == JOB_SUCCEEDED;
        MUST(!line->on_disk || job_state_is_final(line->state));
        MUST(line->state != JOB_SUCCEEDED || all);
        MUST(line->state != JOB_SKIPPED || !all);
    }
}

/* Each due time up to the cursor has brought one job. */
static void check_schedule(void)
{
    const struct schedule *schedule = schedules_find(world_engine(), "tick");
    int64_t first_ms = INT64_MAX;
    size_t runs = 0;
    for (size_t i = 1; i <= ledger.last; i++)
        if (ledger.lines[i].due_ms) {
            runs++;
            first_ms = ledger.lines[i].due_ms < first_ms ? ledger.lines[i].due_ms : first_ms;
        }
    MUST(schedule);
    MUST(!runs || (int64_t)runs - 1 == (world_now_ms() - first_ms) / INTERVAL_MS);
}

static void put_schedule(void)
{
    API(Schedule) message;
    API(JobSpec) spec;
    API(ComputeSpec) compute;
    Google__Protobuf__Duration interval;
    struct api_bytes bytes;
    struct fault fault = FAULT_INIT;
    API_INIT(schedule, &message);
    API_INIT(job_spec, &spec);
    API_INIT(compute_spec, &compute);
    google__protobuf__duration__init(&interval);
    interval.seconds = INTERVAL_MS / 1000;
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    spec.compute = &compute;
    message.name = (char *)(uintptr_t) "tick";
    message.owner = (char *)(uintptr_t)owners[0];
    message.when_case = MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_INTERVAL;
    message.interval = &interval;
    message.missed_runs = MLTRAINER__EXECUTION__V1__MISSED_RUNS__MISSED_RUNS_ALL;
    message.allow_overlap = true;
    message.job = &spec;
    message.create_time = message.anchor_time = message.settled_time = api_timestamp(ledger.arena, world_now_ms());
    MUST(api_encode(API_INFO(schedule), &message, &bytes, &fault) == 0);
    world_put("execution/schedule/tick", bytes.data, bytes.size);
    free(bytes.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&ledger, 0, sizeof ledger);
    ledger.arena = mrpc_arena_new(0);
    world_open(&(struct world_hooks){.written = written, .began = began});
    put_schedule();
    world_start();
    for (size_t at = 0; at + 3 <= size && at < 3 * OPERATIONS_MAX; at += 3) {
        operate(data + at);
        if (data[at] < 0x80)
            check_memory();
    }
    settle();
    check_memory();
    check_ends();
    check_schedule();
    crash(0);
    settle();
    check_ends();
    world_close();
    mrpc_arena_free(ledger.arena);
    return 0;
}

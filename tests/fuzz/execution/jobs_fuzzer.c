/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs from submission to their one end (Z9): three bytes are an operation on a server whose clock, disk and workers
 * are in our hands (jobs_world.h), which may be killed between any two of them. A ledger is kept of what the disk says
 * and of what callers were told, and nothing of either may ever be taken back:
 *
 *     an acknowledged submission is on disk, once for each key of the last day; a due time of a schedule has one job
 *     events of a job have no gap, are never rewritten, are steps of the state machine, and agree with its record
 *     a final state stays; an attempt begins only when all that the job depends on has succeeded, on disk
 *     who was told that a job is cancelled does not see it succeed
 *     what retention lets go of has ended, is needed by nobody, and neither it nor its number comes back
 *     when everything is let run to its end, every job ends, every caller has had one answer, and retention leaves what
 *     it must leave and no more
 *
 * What holds of pipelines stands in jobs_pipelines.c. */
#include <stdlib.h>
#include <string.h>

#include "execution/job/job.h"
#include "execution/schedule/plan.h"
#include "execution/schedule/schedules.h"
#include "fuzzer.h"
#include "jobs_ledger.h"
#include "jobs_world.h"

enum {
    DEPENDENCIES = 2, /* of a job that is submitted alone */
    OPERATIONS_MAX = 300,
    SETTLING_STEPS = 3000,
    QUIET_STEPS = 10, /* a schedule that was refused comes again within them */
    LEAP_MS = 25 * 3600 * 1000, /* keys of requests are free then */
    TIME_MAX_MS = PLAN_MADE_UP_MAX / 2 * INTERVAL_MS, /* schedules make up for no more */
};

const char *const ledger_owners[] = {"token/alice", "token/bob"};
const char *const ledger_keys[] = {"", "one", "two", "three"};

struct call {
    bool open;
    bool keyed;
    unsigned owner, key;
};

static struct ledger {
    struct line lines[LEDGER_JOBS_MAX]; /* by number */
    uint64_t last;                      /* number of them */
    struct call calls[LEDGER_CALLS_MAX];
    size_t call_count;
    int64_t passed_ms; /* by operations */
    size_t cancels_open;
    struct mrpc_arena *arena;
} ledger;

struct line *line_of(uint64_t number)
{
    MUST(number > 0 && number < LEDGER_JOBS_MAX);
    if (number > ledger.last)
        ledger.last = number;
    return &ledger.lines[number];
}

void ledger_request(char out[LEDGER_REQUEST_BYTES], const char *owner, const char *request_id)
{
    snprintf(out, LEDGER_REQUEST_BYTES, "%s%s%s", request_id, *request_id ? " " : "", *request_id ? owner : "");
}

/* ---- What comes to the disk ---- */

static void note_first(struct line *line, const API(Job) * message)
{
    line->due_ms = *message->schedule ? api_timestamp_ms(message->due_time) : 0;
    line->create_ms = api_timestamp_ms(message->create_time);
    ledger_request(line->request, message->owner, message->request_id);
    MUST(message->spec->n_depends_on <= LEDGER_NEEDS_MAX);
    for (size_t i = 0; i < message->spec->n_depends_on; i++)
        line->dependencies[i] = strtoull(message->spec->depends_on[i] + 1, NULL, 10);
    for (size_t i = 1; i <= ledger.last && *line->request; i++) {
        const struct line *other = &ledger.lines[i];
        MUST(other == line || !(other->on_disk || other->gone) || strcmp(other->request, line->request) != 0 ||
             line->create_ms - other->create_ms > JOBS_REQUEST_KEPT_MS);
    }
}

static void note_record(struct line *line, const void *value, size_t size)
{
    API(Job) * message;
    struct fault fault = FAULT_INIT;
    MUST(api_decode(API_INFO(job), value, size, ledger.arena, &message, &fault) == 0);
    MUST(!line->gone);
    MUST(!line->on_disk || !job_state_is_final(line->state) || line->state == (enum job_state)message->state);
    MUST(message->attempt >= line->attempt);
    const API(RetryPolicy) *retry = message->spec->retry;
    MUST(message->attempt <= (retry && retry->max_attempts ? retry->max_attempts : 2));
    bool first = !line->on_disk;
    line->on_disk = line->changed = true;
    line->state = (enum job_state)message->state;
    line->attempt = message->attempt;
    if (first)
        note_first(line, message);
    line->pipeline = *message->pipeline ? strtoull(message->pipeline + 1, NULL, 10) : 0;
    if (line->pipeline)
        pipelines_note_job((uint64_t)(line - ledger.lines), message, first);
}

/* Nothing that has not ended waits for it or will ask what it brought. */
static void note_record_gone(struct line *line)
{
    uint64_t number = (uint64_t)(line - ledger.lines);
    MUST(line->on_disk && job_state_is_final(line->state) && pipelines_are_done_with(line->pipeline));
    MUST(!*line->request || world_now_ms() - line->create_ms > JOBS_REQUEST_KEPT_MS);
    for (size_t i = 1; i <= ledger.last; i++)
        for (size_t j = 0; j < LEDGER_NEEDS_MAX && ledger.lines[i].on_disk; j++)
            MUST(ledger.lines[i].dependencies[j] != number || job_state_is_final(ledger.lines[i].state));
    line->on_disk = false;
    line->gone = line->changed = true;
}

static void note_event(struct line *line, const char *key, uint64_t sequence, const void *value, size_t size)
{
    API(JobEvent) * event;
    struct fault fault = FAULT_INIT;
    size_t old_size;
    const void *old = world_get(key, &old_size);
    MUST(!line->gone && (sequence == line->events + 1 || old));
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
    else if (sscanf(key, "execution/pipeline/p%llu", &number) == 1)
        pipelines_note(number, value, size);
    else
        MUST(strncmp(key, "execution/schedule/", 19) == 0);
    mrpc_arena_reset(ledger.arena);
}

static void removed(const char *key)
{
    unsigned long long number, sequence;
    if (sscanf(key, "execution/event/j%llu/%llu", &number, &sequence) == 2) {
        MUST(line_of(number)->gone && sequence == ++line_of(number)->events_gone);
    } else if (sscanf(key, "execution/job/j%llu", &number) == 1) {
        note_record_gone(line_of(number));
    } else {
        MUST(sscanf(key, "execution/pipeline/p%llu", &number) == 1);
        pipelines_note(number, NULL, 0);
    }
}

static void check_what_came(void)
{
    for (size_t i = 1; i <= ledger.last; i++) {
        struct line *line = &ledger.lines[i];
        MUST(!line->changed || line->event_state == line->state);
        MUST(!line->changed || !line->gone || line->events == line->events_gone);
        line->changed = false;
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
    for (size_t i = 0; i < LEDGER_NEEDS_MAX; i++) {
        const struct line *need = line->dependencies[i] ? line_of(line->dependencies[i]) : NULL;
        MUST(!need || (need->state == JOB_SUCCEEDED && need->on_disk));
    }
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
    MUST(line->on_disk && strcmp(job->owner, ledger_owners[call->owner]) == 0);
    MUST(strcmp(job->request_id, ledger_keys[call->key]) == 0 && (!existed || call->keyed));
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
    MUST(ledger.call_count < LEDGER_CALLS_MAX);
    struct call *call = &ledger.calls[ledger.call_count++];
    *call = (struct call){.open = true, .owner = who >> 7, .key = who & 3, .keyed = who & 3};
    jobs_submit(world_engine(), &spec, ledger_owners[call->owner], ledger_keys[call->key], NULL, submitted, call);
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
        MUST(ledger.lines[i].on_disk || ledger.lines[i].gone || !ledger.lines[i].told);
    pipelines_crashed();
}

static void advance(int64_t ms)
{
    if (ledger.passed_ms + ms > TIME_MAX_MS)
        return;
    ledger.passed_ms += ms;
    if (ms < INTERVAL_MS)
        world_advance(ms);
    else
        world_sleep(ms);
}

static void keep_house(unsigned what, unsigned which)
{
    if (what % 4 == 3)
        advance(LEAP_MS);
    else if (what % 4 == 2)
        pipelines_try_cancel(which);
    else
        (void)!retention_sweep_jobs(world_engine(), world_now_ms());
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
        advance(steps_ms[bytes[1] % 8]);
        break;
    case 10:
        land(false);
        break;
    case 11:
        pipelines_try_submit(bytes[1], bytes[2]);
        break;
    case 12:
        keep_house(bytes[1], bytes[2]);
        break;
    default:
        for (unsigned i = 0; i < 1u + bytes[1] % 4; i++)
            land(true);
    }
    if (bytes[0] < 0x80)
        world_turn();
}

/* ---- What memory must agree with ---- */

/* Nobody is told of an end that a crash would undo. */
static void check_shown(const struct job *job)
{
    const struct line *line = line_of(job->number);
    enum job_state shown = job_shown_state(job);
    MUST(!job->accepted || !job_state_is_final(shown) || (line->on_disk && line->state == shown));
}

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
        of_owner[strcmp(job->owner, ledger_owners[1]) == 0] += !job_state_is_final(job->state);
        queued += job->entry.place != 0;
        MUST(!job->entry.place || job->state == JOB_QUEUED);
        MUST((job->operation != NULL) == (job->state == JOB_RUNNING || job->state == JOB_CANCELLING));
        MUST(job->state != JOB_RETRY_WAIT || job->timer);
        MUST(job->state != JOB_QUEUED || job->entry.place || !line_of(job->number)->on_disk);
        check_shown(job);
    }
    MUST(live == jobs->live && queued == jobs->queue.count && jobs->running == world_flying());
    MUST(jobs->running == WORLD_RUNNING_LIMIT || queued == 0);
    for (size_t i = 0; i < 2; i++)
        MUST(quota_used(engine->job_quota, ledger_owners[i]) == of_owner[i]);
    pipelines_check_memory();
}

static bool is_settled(void)
{
    return world_engine()->jobs.live == 0 && world_engine()->pipelines.live == 0 && world_landing() == 0;
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
        for (size_t j = 0; j < LEDGER_NEEDS_MAX; j++)
            all &= !line->dependencies[j] || line_of(line->dependencies[j])->state == JOB_SUCCEEDED;
        MUST(!line->on_disk || job_state_is_final(line->state));
        MUST(line->state != JOB_SUCCEEDED || all);
        MUST(line->state != JOB_SKIPPED || !all);
    }
    pipelines_check_ends();
}

/* A day later nothing is left of what can go but the newest one and what a schedule submitted last. */
static void check_retention(void)
{
    world_sleep(LEAP_MS);
    settle();
    int64_t now_ms = world_now_ms();
    while (retention_sweep_jobs(world_engine(), now_ms))
        world_turn();
    while (world_landing())
        land(true);
    world_turn();
    size_t left = 0;
    for (size_t i = 1; i <= ledger.last; i++)
        left += ledger.lines[i].on_disk && now_ms - ledger.lines[i].create_ms > JOBS_REQUEST_KEPT_MS;
    MUST(left <= 2);
}

/* ---- Schedules ---- */

void due_times_add(struct due_times *times, int64_t due_ms)
{
    times->first_ms = times->runs++ && times->first_ms < due_ms ? times->first_ms : due_ms;
}

/* Each due time up to the cursor has brought one. */
void due_times_check(const struct due_times *times)
{
    MUST(!times->runs || (int64_t)times->runs - 1 == (world_now_ms() - times->first_ms) / INTERVAL_MS);
}

static void check_schedule(void)
{
    struct due_times times = {0};
    for (size_t i = 1; i <= ledger.last; i++)
        if (ledger.lines[i].due_ms)
            due_times_add(&times, ledger.lines[i].due_ms);
    MUST(schedules_find(world_engine(), "tick") && schedules_find(world_engine(), "chain"));
    due_times_check(&times);
}

static void put_schedule(API(Schedule) * message, const char *key)
{
    Google__Protobuf__Duration interval;
    struct api_bytes bytes;
    struct fault fault = FAULT_INIT;
    google__protobuf__duration__init(&interval);
    interval.seconds = INTERVAL_MS / 1000;
    message->when_case = MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_INTERVAL;
    message->interval = &interval;
    message->missed_runs = MLTRAINER__EXECUTION__V1__MISSED_RUNS__MISSED_RUNS_ALL;
    message->allow_overlap = true;
    message->create_time = message->anchor_time = message->settled_time = api_timestamp(ledger.arena, world_now_ms());
    MUST(api_encode(API_INFO(schedule), message, &bytes, &fault) == 0);
    world_put(key, bytes.data, bytes.size);
    free(bytes.data);
}

static void put_schedules(void)
{
    API(Schedule) tick, chain;
    API(JobSpec) spec;
    API(ComputeSpec) compute;
    API_INIT(schedule, &tick);
    API_INIT(schedule, &chain);
    API_INIT(job_spec, &spec);
    API_INIT(compute_spec, &compute);
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    spec.compute = &compute;
    tick.name = (char *)(uintptr_t) "tick";
    tick.owner = (char *)(uintptr_t)ledger_owners[0];
    tick.job = &spec;
    put_schedule(&tick, "execution/schedule/tick");
    chain.name = (char *)(uintptr_t) "chain";
    chain.owner = (char *)(uintptr_t)ledger_owners[1];
    chain.pipeline = pipelines_scheduled(ledger.arena);
    put_schedule(&chain, "execution/schedule/chain");
}

static void open_ledger(void)
{
    memset(ledger.lines, 0, (ledger.last + 1) * sizeof *ledger.lines);
    ledger.last = 0;
    ledger.call_count = ledger.cancels_open = 0;
    ledger.passed_ms = 0;
    ledger.arena = mrpc_arena_new(0);
    pipelines_open();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_ledger();
    world_open(&(struct world_hooks){.written = written, .removed = removed, .began = began});
    put_schedules();
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
    check_retention();
    check_ends();
    check_schedule();
    world_close();
    mrpc_arena_free(ledger.arena);
    return 0;
}

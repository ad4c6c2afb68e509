/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/retention.h"
#include "execution/job/job.h"
#include "execution/pipeline/pipelines.h"
#include "execution/retention/retention.h"

/* ---- What is referred to ---- */

struct referred {
    const char **jobs; /* of artifacts, sorted */
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* False when out of memory: then nothing goes. */
static bool find_referred(const struct execution *engine, struct referred *out)
{
    out->count = engine->artifacts.count;
    out->jobs = malloc((out->count + 1) * sizeof *out->jobs);
    for (size_t i = 0; out->jobs && i < out->count; i++)
        out->jobs[i] = engine->artifacts.items[i]->job;
    if (out->jobs)
        qsort(out->jobs, out->count, sizeof *out->jobs, by_text);
    return out->jobs != NULL;
}

static bool is_referred_to(const struct job *job, const struct referred *referred)
{
    const char *id = job->id;
    return job->waiters || pipelines_refer_to(job->engine, job) || schedules_refer_to(job->engine, job) ||
           bsearch(&id, referred->jobs, referred->count, sizeof *referred->jobs, by_text);
}

/* Ended, and everything told of it is on disk and dropped from memory: nothing comes back to it. A record that the disk
 * refused once may be on its way there again, behind a newer one that it took. */
static bool is_settled(const struct job *job)
{
    return job_state_is_final(job->state) && job->log->complete && !job->log->count && !job->unsaved && !job->saving &&
           !job->webhook_owed && !job->operation && !job->produced;
}

/* The newest that is on disk: its number must not be given again. */
static const struct job *newest(const struct jobs *jobs)
{
    size_t at = jobs->count;
    while (at > 0 && !jobs->items[at - 1]->accepted)
        at--;
    return at ? jobs->items[at - 1] : NULL;
}

/* ---- Letting go ---- */

struct piece {
    struct domain_task task;
    struct execution *engine;
    struct store_batch *batch;
    struct retention_event event;
    int code;
};

/* When a commit fails the records stay in the store, and are there again after a restart. */
static void committed(struct domain_task *task)
{
    struct piece piece = *(struct piece *)task;
    free(task);
    if (piece.code)
        log_error(piece.engine->log, "execution", "retention: the store refused with %s: %llu jobs come back",
                  mrpc_code_name((enum mrpc_code)piece.code), (unsigned long long)piece.event.job_count);
    else if (piece.engine->bus)
        bus_publish(piece.engine->bus, &retention_swept, &piece.event);
    execution_touch(piece.engine);
}

static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct piece *piece = arg;
    piece->code = result->code;
    if (domain_loop_post_task(piece->engine->loop, &piece->task))
        free(piece);
}

static void let_go(struct piece *piece, struct job *job)
{
    char key[96];
    snprintf(key, sizeof key, "execution/job/%s", job->id);
    store_batch_delete(piece->batch, store_text(key), STORE_EXPECT_ANY);
    for (uint64_t sequence = 1; sequence <= job->sequence; sequence++) {
        snprintf(key, sizeof key, "execution/event/%s/%012llu", job->id, (unsigned long long)sequence);
        store_batch_delete(piece->batch, store_text(key), STORE_EXPECT_ANY);
    }
    piece->event.job_count++;
    piece->event.job_event_count += job->sequence;
    jobs_forget_request(job);
    execution_job_free(job);
}

struct policy {
    int64_t now_ms, oldest_ms; /* jobs that ended before that go */
    size_t surplus;            /* so many of the oldest go whatever their age */
};

static bool is_old(const struct job *job, const struct policy *policy)
{
    return job->end_ms < policy->oldest_ms || policy->surplus > 0;
}

static bool is_full(const struct piece *piece)
{
    return piece->event.job_count == RETENTION_JOBS_A_PIECE || piece->event.job_event_count >= RETENTION_EVENTS_A_PIECE;
}

/* One pass over the list, which closes the gaps behind it. */
static void pass(struct execution *engine, struct policy *policy, const struct referred *referred, struct piece *piece)
{
    struct jobs *jobs = &engine->jobs;
    const struct job *last = newest(jobs);
    size_t kept = 0;
    for (size_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->items[i];
        if (job->keyed && policy->now_ms - job->create_ms > JOBS_REQUEST_KEPT_MS) {
            jobs_forget_request(job);
            piece->event.request_key_count++;
        }
        bool goes = job != last && is_settled(job) && is_old(job, policy) && !job->keyed &&
                    !is_referred_to(job, referred);
        if (goes && is_full(piece))
            piece->event.more = true;
        if (!goes || is_full(piece)) {
            jobs->items[kept++] = job;
            continue;
        }
        policy->surplus -= policy->surplus > 0;
        let_go(piece, job);
    }
    jobs->count = kept;
}

static struct policy policy_of(const struct execution *engine, int64_t now_ms)
{
    int64_t age_ms = config_number(engine->config, "retention.jobs_age");
    size_t most = (size_t)config_number(engine->config, "retention.jobs");
    size_t ended = engine->jobs.count - engine->jobs.live;
    return (struct policy){.now_ms = now_ms,
                           .oldest_ms = age_ms ? now_ms - age_ms : INT64_MIN,
                           .surplus = ended > most ? ended - most : 0};
}

bool retention_sweep_jobs(struct execution *engine, int64_t now_ms)
{
    struct referred referred;
    struct piece *piece = calloc(1, sizeof *piece);
    if (!piece || !find_referred(engine, &referred)) {
        free(piece);
        return false;
    }
    *piece = (struct piece){
        .task.run = committed, .engine = engine, .batch = store_batch_new(), .event.module = "execution"};
    struct policy policy = policy_of(engine, now_ms);
    pass(engine, &policy, &referred, piece);
    pipelines_sweep(engine, now_ms, policy.oldest_ms);
    free(referred.jobs);
    bool more = piece->event.more, any = piece->event.job_count || piece->event.request_key_count;
    if (any) {
        store_commit(engine->store, piece->batch, on_commit, piece);
    } else {
        store_batch_free(piece->batch);
        free(piece);
    }
    return more;
}

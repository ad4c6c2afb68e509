/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/depend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/field_path.h"
#include "execution/job/job.h"

/* One job waits for one other. On two lists: the waiter's, by array; the other's, by pointers. It stays there until the
 * waiter's own end is on disk: each of its attempts asks what the other brought, and a restart may put it back to where
 * it waited, so retention leaves the other alone. */
struct job_dependency {
    struct job *on; /* NULL: it is gone */
    struct job *waiter;
    bool counted; /* its end */
    struct job_dependency *next, **link; /* on->waiters */
};

static int check_one(struct execution *engine, const API(JobSpec) * spec, size_t at, const char *field,
                     struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.depends_on[%zu]", field, at);
    for (size_t i = 0; i < at; i++)
        if (strcmp(spec->depends_on[i], spec->depends_on[at]) == 0)
            return fault_field(fault, path, "\"%.64s\" is there twice", spec->depends_on[at]);
    return jobs_find(engine, spec->depends_on[at])
               ? 0
               : fault_set(fault, MRPC_NOT_FOUND, "%s: no job \"%.64s\"", path, spec->depends_on[at]);
}

int depend_check(struct execution *engine, const API(JobSpec) * spec, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.depends_on", field);
    if (spec->n_depends_on > DEPENDENCIES_MAX)
        return fault_field(fault, path, "%zu jobs, more than %d", spec->n_depends_on, DEPENDENCIES_MAX);
    int code = 0;
    for (size_t i = 0; i < spec->n_depends_on && code == 0; i++)
        code = check_one(engine, spec, i, field, fault);
    return code;
}

/* ---- Links ---- */

static bool is_settled(const struct job *job)
{
    return job_state_is_final(job->state) && job->log->complete && !job->log->count;
}

static void detach(struct job_dependency *dependency)
{
    *dependency->link = dependency->next;
    if (dependency->next)
        dependency->next->link = dependency->link;
    dependency->on = NULL;
}

void depend_unlink(struct job *job)
{
    for (size_t i = 0; i < job->dependency_count; i++)
        if (job->dependencies[i].on)
            detach(&job->dependencies[i]);
    free(job->dependencies);
    job->dependencies = NULL;
    job->dependency_count = job->unmet = 0;
}

void depend_drop(struct job *job)
{
    depend_unlink(job);
    while (job->waiters)
        detach(job->waiters);
}

static void remember_failure(struct job *waiter, const char *id, const char *how)
{
    if (!*waiter->skip_reason)
        snprintf(waiter->skip_reason, sizeof waiter->skip_reason, "job %.24s %s", id, how);
}

/* What has become of the other one counts for the waiter, once. */
static void count(struct job_dependency *dependency)
{
    const struct job *on = dependency->on;
    if (dependency->counted)
        return;
    dependency->counted = true;
    if (on->state == JOB_SUCCEEDED)
        dependency->waiter->unmet--;
    else
        remember_failure(dependency->waiter, on->id, job_state_name(on->state));
}

static void attach(struct job_dependency *dependency, struct job *waiter, struct job *on)
{
    *dependency = (struct job_dependency){.on = on, .waiter = waiter, .next = on->waiters, .link = &on->waiters};
    if (on->waiters)
        on->waiters->link = &dependency->next;
    on->waiters = dependency;
}

int depend_link(struct job *job, const API(JobSpec) * spec, struct fault *fault)
{
    if (!spec->n_depends_on)
        return 0;
    job->dependencies = calloc(spec->n_depends_on, sizeof *job->dependencies);
    if (!job->dependencies)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    job->dependency_count = job->unmet = spec->n_depends_on;
    for (size_t i = 0; i < spec->n_depends_on; i++) {
        struct job *on = jobs_find(job->engine, spec->depends_on[i]);
        if (!on) {
            remember_failure(job, spec->depends_on[i], "is gone");
            continue;
        }
        attach(&job->dependencies[i], job, on);
        if (is_settled(on))
            count(&job->dependencies[i]);
    }
    return 0;
}

/* ---- Waiting and its end ---- */

static void skip(struct job *job)
{
    char reason[sizeof job->skip_reason];
    snprintf(reason, sizeof reason, "%s", job->skip_reason);
    job_clear_timer(job);
    job->end_ms = api_now_ms();
    job_is_over(job);
    job_move(job, JOB_SKIPPED, reason, NULL, NULL);
}

static void look(struct job *job)
{
    if (job->state != JOB_WAITING || !job->accepted)
        return;
    if (*job->skip_reason)
        return skip(job);
    if (job->unmet)
        return;
    job_move(job, JOB_QUEUED, "", NULL, NULL);
    job_enqueue(job);
}

static void deadline_passed(struct job *job)
{
    job->end_ms = api_now_ms();
    job_is_over(job);
    job_move(job, JOB_TIMED_OUT, "the deadline passed while it waited for other jobs", NULL, NULL);
}

void depend_begin(struct job *job)
{
    look(job);
    if (job->state == JOB_WAITING && job->deadline_ms)
        job_set_timer(job, job->deadline_ms - api_now_ms(), deadline_passed);
}

void depend_ended(struct job *job)
{
    for (struct job_dependency *dependency = job->waiters, *next; dependency; dependency = next) {
        next = dependency->next;
        count(dependency);
        look(dependency->waiter);
    }
    jobs_dispatch(job->engine);
}

/* ---- References ---- */

bool depend_reference(const API(JobSpec) * spec, const char *text, const char *kind, const char *field,
                      char id[DEPEND_NAME_BYTES], struct fault *fault)
{
    char ending[16];
    size_t length = strlen(text), tail = (size_t)snprintf(ending, sizeof ending, ".%s}", kind);
    if (strncmp(text, "${", 2) != 0)
        return false;
    if (length < 3 + tail || length > 2 + 128 + tail || strcmp(text + length - tail, ending) != 0) {
        fault_field(fault, field, "\"%.64s\" is not ${JOB.%s}", text, kind);
        return true;
    }
    snprintf(id, DEPEND_NAME_BYTES, "%.*s", (int)(length - 2 - tail), text + 2);
    for (size_t i = 0; i < spec->n_depends_on; i++)
        if (strcmp(spec->depends_on[i], id) == 0)
            return true;
    fault_field(fault, field, "%.64s is not among what the job depends on", id);
    return true;
}

static int result_of(struct execution *engine, const char *id, struct mrpc_arena *arena, API(JobResult) * *out,
                     struct fault *fault)
{
    const struct job *job = jobs_find(engine, id);
    *out = NULL;
    return job && job->result.data
               ? api_decode(API_INFO(job_result), job->result.data, job->result.size, arena, out, fault)
               : 0;
}

int depend_artifact(struct execution *engine, const char *id, const char *field, struct mrpc_arena *arena,
                    const char **out, struct fault *fault)
{
    API(JobResult) * result;
    if (result_of(engine, id, arena, &result, fault))
        return fault->code;
    if (!result || !*result->artifact)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s: job %s brought no artifact", field, id);
    *out = result->artifact;
    return 0;
}

int depend_dataset(struct execution *engine, const char *id, const char *field, struct mrpc_arena *arena, char **out,
                   struct fault *fault)
{
    API(JobResult) * result;
    if (result_of(engine, id, arena, &result, fault))
        return fault->code;
    if (!result || !*result->dataset)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%s: job %s brought no dataset", field, id);
    *out = result->dataset;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/job/depend.h"
#include "execution/job/job.h"

/* After a restart: jobs out of the store, and what becomes of them. */

static int keep_part(const struct mrpc_message_info *info, const void *part, struct api_bytes *out, struct fault *fault)
{
    return part ? api_encode(info, part, out, fault) : 0;
}

static int restore_parts(struct job *job, const API(Job) * message, struct fault *fault)
{
    int code = keep_part(API_INFO(job_spec), message->spec, &job->spec, fault);
    if (!code)
        code = keep_part(API_INFO(job_result), message->result, &job->result, fault);
    if (!code)
        code = keep_part(API_INFO(job_failure), message->failure, &job->failure, fault);
    return code ? code : keep_part(API_INFO(job_timings), message->timings, &job->timings, fault);
}

int jobs_restore(struct execution *engine, const API(Job) * message, struct fault *fault)
{
    uint64_t number = strtoull(message->id + 1, NULL, 10);
    if (message->id[0] != 'j' || !message->spec || message->state >= (int)JOB_STATES)
        return fault_set(fault, MRPC_DATA_LOSS, "job \"%.64s\" in the store is not one", message->id);
    struct job *job = execution_job_new(engine, number);
    if (!job)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    job->state = job->told_state = (enum job_state)message->state;
    job->accepted = true;
    job->attempt = message->attempt;
    job->progress = message->progress;
    job->sequence = message->last_sequence;
    job->log->complete = job_state_is_final(job->state);
    job->owner = strdup(message->owner);
    job->request_id = strdup(message->request_id);
    job->schedule = *message->schedule ? strdup(message->schedule) : NULL;
    job->pipeline = *message->pipeline ? strdup(message->pipeline) : NULL;
    job->pipeline_key = *message->pipeline ? strdup(message->pipeline_key) : NULL;
    job->due_ms = api_timestamp_ms(message->due_time);
    job->create_ms = api_timestamp_ms(message->create_time);
    job->start_ms = api_timestamp_ms(message->start_time);
    job->end_ms = api_timestamp_ms(message->end_time);
    job->deadline_ms = api_timestamp_ms(message->deadline);
    job_take_policy(job, message->spec);
    bool whole = job->owner && job->request_id && (job->schedule || !*message->schedule) &&
                 ((job->pipeline && job->pipeline_key) || !*message->pipeline);
    int code = whole ? restore_parts(job, message, fault)
                     : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code && job_list(engine, job))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (code) {
        execution_job_free(job);
        return code;
    }
    if (job_state_is_final(job->state))
        return 0;
    job_goes_live(job);
    return depend_link(job, message->spec, fault); /* what it depends on is older, and so there already */
}

static void interrupt(struct job *job, const char *why)
{
    job->end_ms = api_now_ms();
    job_is_over(job);
    job_move(job, JOB_INTERRUPTED, why, NULL, NULL);
}

/* What was running when the server went down has lost its worker. */
static void resume(struct job *job)
{
    switch (job->state) {
    case JOB_RUNNING:
        if (job->interrupt_on_restart)
            return interrupt(job, "the server restarted");
        if (job->attempt >= job->max_attempts)
            return interrupt(job, "the server restarted and all attempts are spent");
        job_move(job, JOB_QUEUED, "the server restarted", NULL, NULL);
        return job_enqueue(job);
    case JOB_CANCELLING:
        job->end_ms = api_now_ms();
        job_is_over(job);
        return job_move(job, JOB_CANCELLED, "the server restarted", NULL, NULL);
    case JOB_RETRY_WAIT:
        job_move(job, JOB_QUEUED, "the server restarted", NULL, NULL);
        return job_enqueue(job);
    case JOB_QUEUED:
        return job_enqueue(job);
    case JOB_WAITING:
        return depend_begin(job);
    default:
        return;
    }
}

void jobs_resume(struct execution *engine)
{
    for (size_t i = 0; i < engine->jobs.count; i++)
        resume(engine->jobs.items[i]);
    jobs_dispatch(engine);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/failure.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 32, DOUBLINGS_MAX = 20 };

#define CAUSE(name) MLTRAINER__EXECUTION__V1__FAILURE_CAUSE__FAILURE_CAUSE_##name

/* How many pauses it is worth waiting for another attempt; none: it would fail as this one did. */
static const unsigned pauses[] = {
    [CAUSE(REFUSED)] = 0, [CAUSE(LIMIT)] = 0,       [CAUSE(CRASH)] = 1,
    [CAUSE(KILLED)] = 4,  [CAUSE(UNAVAILABLE)] = 1, [CAUSE(DEADLINE)] = 0,
};

API(FailureCause) failure_cause(const struct operation *operation)
{
    const struct fault *fault = &operation->fault;
    if (fault->code == MRPC_DEADLINE_EXCEEDED)
        return CAUSE(DEADLINE);
    if (operation->worker_lost)
        return fault->code == MRPC_RESOURCE_EXHAUSTED ? CAUSE(KILLED) : CAUSE(CRASH);
    if (fault->code == MRPC_UNAVAILABLE || (fault->code == MRPC_RESOURCE_EXHAUSTED && fault->retry_after_ms))
        return CAUSE(UNAVAILABLE);
    return fault->code == MRPC_RESOURCE_EXHAUSTED ? CAUSE(LIMIT) : CAUSE(REFUSED);
}

bool failure_is_worth_another(const struct job *job, const struct operation *operation)
{
    return pauses[failure_cause(operation)] && job->attempt < job->max_attempts;
}

int64_t failure_pause_ms(const struct job *job, const struct operation *operation)
{
    unsigned doublings = job->attempt - 1 < DOUBLINGS_MAX ? job->attempt - 1 : DOUBLINGS_MAX;
    int64_t pause = (job->backoff_ms * pauses[failure_cause(operation)]) << doublings;
    return pause + (int64_t)(job->number * 2654435761u % 1000) * pause / 4000;
}

/* @lines is cut where its lines end. */
static size_t split(char *lines, char *frames[FRAMES_MAX])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line && count < FRAMES_MAX; line = strtok_r(NULL, "\n", &rest))
        frames[count++] = line;
    return count;
}

int failure_keep(struct job *job, const struct operation *operation)
{
    API(JobFailure) failure;
    char *frames[FRAMES_MAX], *lines = operation->backtrace ? strdup(operation->backtrace) : NULL;
    API_INIT(job_failure, &failure);
    failure.code = operation->fault.code;
    failure.message = (char *)operation->fault.text;
    failure.field = (char *)operation->fault.field;
    failure.signal = (char *)operation->signal_name;
    failure.stderr_tail = (char *)operation->stderr_tail;
    failure.cause = failure_cause(operation);
    failure.dead_letter = operation->worker_lost && failure.cause != CAUSE(DEADLINE);
    failure.backtrace = frames;
    failure.n_backtrace = lines ? split(lines, frames) : 0;
    struct fault fault = FAULT_INIT;
    free(job->failure.data);
    job->failure = (struct api_bytes){NULL, 0};
    int code = api_encode(API_INFO(job_failure), &failure, &job->failure, &fault);
    free(lines);
    return code;
}

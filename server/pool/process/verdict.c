/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "log/crash.h"
#include "pool/process/worker.h"

#define STDERR_TAIL_MAX 4096

/* How a job ended that its plugin did not bring to an end. */

int verdict_of_ending(struct process_job *job)
{
    struct fault *fault = &job->result.fault;
    int code = 0;

    switch (job->ending) {
    case JOB_RUNS:
        return 0;
    case JOB_CANCELLED:
        code = fault_set(fault, MRPC_CANCELLED, "the task was cancelled");
        break;
    case JOB_TIMED_OUT:
        code = fault_set(fault, MRPC_DEADLINE_EXCEEDED, "the task's deadline passed");
        break;
    case JOB_POOL_STOPS:
        code = fault_set(fault, MRPC_UNAVAILABLE, "the server is stopping");
        break;
    }
    fault->field[0] = 0;
    table_free(job->result.table);
    job->result.table = NULL;
    job->result.artifact = NULL;
    job->result.artifact_bytes = 0;
    job->result.description = NULL;
    return code;
}

static const char *signal_name(int number, struct mrpc_arena *arena)
{
    const char *name = sigabbrev_np(number);
    const char *text = name ? mrpc_arena_printf(arena, "SIG%s", name) : mrpc_arena_printf(arena, "signal %d", number);

    return text ? text : "";
}

static void judge_signal(const struct worker *worker, struct process_job *job, int number)
{
    job->result.signal = number;
    job->result.signal_name = signal_name(number, job->arena);
    /* we did not send it, so the kernel or an administrator did */
    if (number == SIGKILL)
        fault_set(&job->result.fault, MRPC_RESOURCE_EXHAUSTED,
                  "the worker was killed from outside (SIGKILL), as when memory runs out");
    else
        fault_set(&job->result.fault, MRPC_INTERNAL, "the plugin crashed its worker (%s)", job->result.signal_name);
}

/* Where the report of a crash (log/crash.h) begins in what a worker wrote, or its end. */
static char *find_report(char *text)
{
    static const char head[] = "mltrainer-worker" CRASH_WORDS;
    char *found = NULL;

    for (char *at = strstr(text, head); at; at = strstr(at + 1, head))
        found = at;
    return found ? found : text + strlen(text);
}

/* What it said, and after that, when it crashed, where. */
static void keep_last_words(const struct worker *worker, struct process_job *job)
{
    struct process_result *result = &job->result;
    char *text = worker->error_bytes ? mrpc_arena_strdup(job->arena, worker->error_tail) : NULL;

    result->stderr_tail = result->backtrace = "";
    if (!text)
        return;
    char *report = find_report(text), *frames = strchr(report, '\n');
    *report = 0;
    size_t size = (size_t)(report - text);
    result->stderr_tail = size > STDERR_TAIL_MAX ? text + size - STDERR_TAIL_MAX : text;
    result->backtrace = frames ? frames + 1 : "";
}

void verdict_of_death(const struct worker *worker, const siginfo_t *how, struct process_job *job)
{
    struct process_result *result = &job->result;

    result->worker_lost = 1;
    result->queued_us = job->started_us - job->submitted_us;
    result->ran_us = job_now_us() - job->started_us;
    keep_last_words(worker, job);
    if (how->si_code == CLD_KILLED || how->si_code == CLD_DUMPED) {
        result->signal = how->si_status;
        result->signal_name = signal_name(how->si_status, job->arena);
    }
    if (verdict_of_ending(job))
        return;
    if (worker->doom == WORKER_BROKE_PROTOCOL)
        fault_set(&result->fault, MRPC_INTERNAL, "the worker broke the protocol: %s", worker->doom_text);
    else if (worker->doom == WORKER_STOOD_STILL)
        fault_set(&result->fault, MRPC_INTERNAL, "the worker stood still: %s", worker->doom_text);
    else if (result->signal)
        judge_signal(worker, job, result->signal);
    else
        fault_set(&result->fault, MRPC_INTERNAL, "the plugin ended its worker with exit status %d", how->si_status);
}

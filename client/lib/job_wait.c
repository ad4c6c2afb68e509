/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <mltrainer/execution/v1/execution.mrpc.h>

#include "client.h"

static double find(Mltrainer__Execution__V1__Metric **metrics, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(metrics[i]->name, name) == 0)
            return metrics[i]->value;
    return NAN;
}

static void read_metrics(const Mltrainer__Execution__V1__JobResult *result, struct mlt_job *out)
{
    bool tested = result->n_test_metrics > 0;
    Mltrainer__Execution__V1__Metric **names = tested ? result->test_metrics : result->train_metrics;
    size_t count = tested ? result->n_test_metrics : result->n_train_metrics;
    for (size_t i = 0; i < count && i < MLT_METRICS_MAX; i++) {
        struct mlt_metric *metric = &out->metrics[out->metric_count++];
        snprintf(metric->name, sizeof metric->name, "%s", names[i]->name);
        metric->train = find(result->train_metrics, result->n_train_metrics, names[i]->name);
        metric->test = find(result->test_metrics, result->n_test_metrics, names[i]->name);
        char baseline[160]; /* predicting the mean of the training part is the one that every task has */
        snprintf(baseline, sizeof baseline, "mean.%s", names[i]->name);
        metric->baseline = find(result->baseline_metrics, result->n_baseline_metrics, baseline);
    }
}

static int read_job(const Mltrainer__Execution__V1__Job *job, struct mlt_job *out, struct mlt_error *error)
{
    struct mlt_job read = {.artifact = ""};
    snprintf(read.id, sizeof read.id, "%s", job->id);
    if (job->result) {
        snprintf(read.artifact, sizeof read.artifact, "%s", job->result->artifact);
        read_metrics(job->result, &read);
    }
    if (out)
        *out = read;
    if (job->state == MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED)
        return 0;
    int code = job->failure && job->failure->code ? job->failure->code : MRPC_CANCELLED;
    return client_fail_text(error, code, "job %s: %s", job->id,
                            job->failure ? job->failure->message : "it did not succeed");
}

int mlt_job_wait(struct mlt_client *client, const char *id,
                 void (*progress)(void *arg, double fraction, const char *stage), void *arg, struct mlt_job *out,
                 struct mlt_error *error)
{
    Mltrainer__Execution__V1__WatchJobRequest request = MLTRAINER__EXECUTION__V1__WATCH_JOB_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    request.id = (char *)id;
    int failed = mltrainer__execution__v1__execution_service__watch_job__start(client->channel, &options, &request,
                                                                               NULL, NULL, &call);
    if (failed)
        return client_fail_text(error, MRPC_INTERNAL, "%s", mrpc_error_text(failed));
    const Mltrainer__Execution__V1__WatchJobResponse *message;
    int ended = 0, outcome = 0;
    while ((message = mltrainer__execution__v1__execution_service__watch_job__recv(call))) {
        const Mltrainer__Execution__V1__JobEvent *event = message->event;
        if (progress && event && event->event_case == MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_PROGRESS)
            progress(arg, event->progress->fraction, event->progress->stage);
        else if (progress && message->job)
            progress(arg, message->job->progress, message->job->stage);
        if (message->job && message->job->state >= MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED) {
            outcome = read_job(message->job, out, error);
            ended = 1;
        }
    }
    int code = mrpc_client_call_finish(call, &reply);
    if (code && !ended)
        client_fail(error, &reply.status);
    else if (!ended)
        code = client_fail_text(error, MRPC_UNKNOWN, "the server ended the watch before the job");
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return ended ? outcome : code;
}

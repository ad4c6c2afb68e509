/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/execution.h"

static const Mltrainer__Execution__V1__Metric *find_metric(Mltrainer__Execution__V1__Metric **metrics, size_t count,
                                                           const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(metrics[i]->name, name) == 0)
            return metrics[i];
    return NULL;
}

/* Baselines are named by what they predict: "mean.rmse", "last.rmse". */
static const struct {
    const char *prefix, *title;
} baselines[] = {
    {"mean", ">PREDICT THE MEAN"},
    {"last", ">PREDICT THE LAST"},
    {"majority", ">PREDICT THE MOST FREQUENT"},
    {"hold", ">BUY AND HOLD"},
    {"historical", ">RISK AS IT WAS"},
};
enum { BASELINES = sizeof baselines / sizeof *baselines };

static bool has_baseline(const Mltrainer__Execution__V1__JobResult *result, const char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < result->n_baseline_metrics; i++)
        if (strncmp(result->baseline_metrics[i]->name, prefix, length) == 0 &&
            result->baseline_metrics[i]->name[length] == '.')
            return true;
    return false;
}

static void add_value(struct columns *columns, Mltrainer__Execution__V1__Metric **metrics, size_t count,
                      const char *prefix, const char *name)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s%s", prefix, *prefix ? "." : "", name);
    const Mltrainer__Execution__V1__Metric *metric = find_metric(metrics, count, full);
    if (metric)
        columns_add(columns, "%.6g", metric->value);
    else
        columns_add(columns, "-");
}

/* After several folds a mean, and how far they lie apart. */
static void add_spread(struct columns *columns, Mltrainer__Execution__V1__Metric **metrics, size_t count,
                       const char *name)
{
    char full[160];
    snprintf(full, sizeof full, "%s.deviation", name);
    const Mltrainer__Execution__V1__Metric *mean = find_metric(metrics, count, name);
    const Mltrainer__Execution__V1__Metric *deviation = find_metric(metrics, count, full);
    if (mean && deviation)
        columns_add(columns, "%.6g +- %.2g", mean->value, deviation->value);
    else
        add_value(columns, metrics, count, "", name);
}

static bool is_deviation(const char *name)
{
    const char *end = strrchr(name, '.');
    return end && strcmp(end, ".deviation") == 0;
}

static void add_metric_row(struct columns *columns, const Mltrainer__Execution__V1__JobResult *result, const char *name)
{
    columns_add(columns, "%s", name);
    add_spread(columns, result->train_metrics, result->n_train_metrics, name);
    add_spread(columns, result->test_metrics, result->n_test_metrics, name);
    for (size_t i = 0; i < BASELINES; i++)
        if (has_baseline(result, baselines[i].prefix))
            add_value(columns, result->baseline_metrics, result->n_baseline_metrics, baselines[i].prefix, name);
}

static void print_metrics(const Mltrainer__Execution__V1__JobResult *result)
{
    const char *titles[3 + BASELINES + 1] = {"METRIC", ">TRAIN", ">TEST"};
    size_t title_count = 3;
    if (result->n_test_metrics == 0 && result->n_train_metrics == 0)
        return;
    for (size_t i = 0; i < BASELINES; i++)
        if (has_baseline(result, baselines[i].prefix))
            titles[title_count++] = baselines[i].title;
    bool has_test = result->n_test_metrics > 0;
    Mltrainer__Execution__V1__Metric **rows = has_test ? result->test_metrics : result->train_metrics;
    size_t count = has_test ? result->n_test_metrics : result->n_train_metrics;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < count; i++)
        if (!is_deviation(rows[i]->name))
            add_metric_row(columns, result, rows[i]->name);
    columns_print(columns);
}

/* The first metric of the task tells folds apart best. */
static void print_folds(const Mltrainer__Execution__V1__JobResult *result)
{
    if (result->n_folds == 0 || result->folds[0]->n_test_metrics == 0)
        return;
    const char *name = result->folds[0]->test_metrics[0]->name;
    char title[80];
    snprintf(title, sizeof title, ">TEST %s", name);
    const char *const titles[] = {">FOLD", ">TRAIN ROWS", ">TEST ROWS", "TEST FROM", "TO", title, NULL};
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < result->n_folds; i++) {
        const Mltrainer__Execution__V1__FoldResult *fold = result->folds[i];
        const Mltrainer__Execution__V1__SplitSummary *split = fold->split;
        columns_add(columns, "%zu", i + 1);
        columns_add(columns, "%" PRIu64, split ? split->train_rows : 0);
        columns_add(columns, "%" PRIu64, split ? split->test_rows : 0);
        columns_add(columns, "%s", split && *split->test_begin ? split->test_begin : "-");
        columns_add(columns, "%s", split && *split->test_end ? split->test_end : "-");
        add_value(columns, fold->test_metrics, fold->n_test_metrics, "", name);
    }
    columns_print(columns);
}

enum { TRIALS_SHOWN = 10 };

static void add_parameters(struct columns *columns, const Mltrainer__Execution__V1__TrialResult *trial)
{
    char text[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < trial->n_parameters && length < sizeof text; i++) {
        char value[128];
        execution_parameter_text(trial->parameters[i]->value, value, sizeof value);
        int written = snprintf(text + length, sizeof text - length, "%s%s=%s", length ? " " : "",
                               trial->parameters[i]->key, value);
        length += written > 0 ? (size_t)written : 0;
    }
    columns_add(columns, "%s", text);
}

static void print_trials(const Mltrainer__Execution__V1__JobResult *result)
{
    static const char *const titles[] = {">TRIAL", ">OBJECTIVE", "PARAMETERS", NULL};
    if (result->tune)
        printf("trials     %u succeeded, %u failed, %u given up\n", result->tune->succeeded, result->tune->failed,
               result->tune->pruned);
    if (result->n_trials == 0)
        return;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < result->n_trials && i < TRIALS_SHOWN; i++) {
        columns_add(columns, "%u", result->trials[i]->number);
        columns_add(columns, "%.6g", result->trials[i]->objective);
        add_parameters(columns, result->trials[i]);
    }
    columns_print(columns);
}

static void print_confusion(const Mltrainer__Execution__V1__ConfusionMatrix *matrix)
{
    if (!matrix || matrix->n_counts != matrix->n_classes * matrix->n_classes)
        return;
    for (size_t i = 0; i < matrix->n_classes; i++) {
        printf("was %-6g said", matrix->classes[i]);
        for (size_t j = 0; j < matrix->n_classes; j++)
            printf(" %g: %" PRIu64, matrix->classes[j], matrix->counts[i * matrix->n_classes + j]);
        putchar('\n');
    }
}

static void print_split(const Mltrainer__Execution__V1__SplitSummary *split)
{
    printf("split      %" PRIu64 " rows to train", split->train_rows);
    if (*split->train_begin)
        printf(" (%s to %s)", split->train_begin, split->train_end);
    printf(", %" PRIu64 " to test", split->test_rows);
    if (*split->test_begin)
        printf(" (%s to %s)", split->test_begin, split->test_end);
    printf(", %" PRIu64 " left out\n", split->dropped_rows);
}

const char *execution_artifact_name(const Mltrainer__Execution__V1__Job *job)
{
    const Mltrainer__Execution__V1__TrainSpec *train = NULL;
    if (job->spec && job->spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN)
        train = job->spec->train;
    else if (job->spec && job->spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE)
        train = job->spec->tune->train;
    if (!train)
        return NULL;
    return *train->artifact_name ? train->artifact_name : train->model;
}

static void print_artifact(const Mltrainer__Execution__V1__Job *job, const char *artifact)
{
    const char *name = execution_artifact_name(job);
    if (*artifact && name)
        printf("artifact   %s (%s)\n", name, artifact);
    else if (*artifact)
        printf("artifact   %s\n", artifact);
}

void execution_print_job(const Mltrainer__Execution__V1__Job *job)
{
    printf("job        %s\nstate      %s, attempt %u\n", job->id, execution_job_state(job->state), job->attempt);
    if (job->failure) {
        printf("failure    %s: %s%s%s\n", mrpc_code_name(job->failure->code), job->failure->field,
               *job->failure->field ? ": " : "", job->failure->message);
        if (*job->failure->signal)
            printf("signal     %s\n", job->failure->signal);
        for (size_t i = 0; i < job->failure->n_backtrace; i++)
            printf("%-10s %s\n", i ? "" : "at", job->failure->backtrace[i]);
        if (*job->failure->stderr_tail)
            printf("stderr     %s\n", job->failure->stderr_tail);
    }
    const Mltrainer__Execution__V1__JobResult *result = job->result;
    if (!result)
        return;
    print_artifact(job, result->artifact);
    if (*result->dataset)
        printf("dataset    %s (%" PRIu64 " rows)\n", result->dataset, result->row_count);
    if (result->split)
        print_split(result->split);
    print_trials(result);
    print_folds(result);
    print_metrics(result);
    print_confusion(result->confusion);
}

static void print_event(const Mltrainer__Execution__V1__JobEvent *event)
{
    printf("%-5" PRIu64 " ", event->sequence);
    switch (event->event_case) {
    case MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_STATE:
        printf("%s -> %s%s%s\n", execution_job_state(event->state->from), execution_job_state(event->state->to),
               *event->state->reason ? ": " : "", event->state->reason);
        break;
    case MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_PROGRESS:
        printf("%3.0f %% %s\n", 100 * event->progress->fraction, event->progress->stage);
        break;
    case MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_METRIC:
        printf("%s = %.6g (step %" PRId64 ")\n", event->metric->name, event->metric->value, event->metric->step);
        break;
    case MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_LOG:
        printf("log: %s\n", event->log->text);
        break;
    default:
        printf("?\n");
    }
    fflush(stdout);
}

int execution_follow(struct cli *cli, const char *id, uint64_t after, bool print_events)
{
    Mltrainer__Execution__V1__WatchJobRequest request = MLTRAINER__EXECUTION__V1__WATCH_JOB_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    struct progress progress = {.label = "training"};
    request.id = (char *)id;
    request.after_sequence = after;
    int error = mltrainer__execution__v1__execution_service__watch_job__start(cli->channel, &options, &request, NULL,
                                                                              NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    const Mltrainer__Execution__V1__WatchJobResponse *message;
    Mltrainer__Execution__V1__JobState state = 0;
    while ((message = mltrainer__execution__v1__execution_service__watch_job__recv(call))) {
        if (message->job)
            state = message->job->state;
        if (cli->json) {
            cli_print_json_line(&mltrainer__execution__v1__watch_job_response__info, &message->base);
            continue;
        }
        const Mltrainer__Execution__V1__JobEvent *event = message->event;
        if (event && event->event_case == MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_PROGRESS)
            progress_show(&progress, event->progress->fraction, event->progress->stage);
        if (event && print_events && event->event_case != MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_PROGRESS) {
            progress_end(&progress);
            print_event(event);
        }
        if (message->job && execution_job_ended(state)) {
            progress_end(&progress);
            execution_print_job(message->job);
        }
    }
    progress_end(&progress);
    mrpc_client_call_finish(call, &reply);
    int code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code ? code : state == MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED ? 0 : CLI_FAILED;
}

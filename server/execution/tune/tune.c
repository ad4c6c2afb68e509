/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/tune/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/job/job.h"
#include "execution/parameter_message.h"

enum { RACE_FIGURES_MAX = 512, RACE_FIGURES_MIN = 5 };

/* What trials brought after so many folds, for those that shall go no further. */
struct race {
    double figures[RACE_FIGURES_MAX];
    size_t count;
};

struct trial {
    struct tuning *tuning;
    struct operation *operation; /* while it runs */
    struct trial *next;          /* that runs */
    uint64_t number;
    double point[SEARCH_DIMENSIONS_MAX];
    double sum; /* of the objective over the folds so far */
    bool pruned;
};

/* The best so far; also the others that the result will name. */
struct finished {
    uint64_t number;
    double loss;
    double point[SEARCH_DIMENSIONS_MAX];
    API(Metric) * *metrics; /* in the tuning's arena */
    size_t metric_count;
};

struct tuning {
    struct operation *operation; /* the job's */
    const API(TuneSpec) * spec;
    struct search *search;
    struct trial *running;
    size_t running_count;
    uint64_t asked, succeeded, failed, pruned;
    int64_t end_ms; /* of the budget; 0: none */
    bool filling;
    struct finished *best; /* TUNE_TRIALS_KEPT at most, best first */
    size_t best_count;
    struct fault last_fault;
    struct race *races; /* a fold; NULL: nothing is pruned */
};

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static struct tuning *tuning_of(const struct operation *operation)
{
    return operation->driver;
}

/* ---- The objective ---- */

static double metric_of(const API(FoldResult) * fold, const char *objective)
{
    bool maximise = *objective == '-';
    for (size_t i = 0; i < fold->n_test_metrics; i++)
        if (strcmp(fold->test_metrics[i]->name, objective + maximise) == 0)
            return maximise ? -fold->test_metrics[i]->value : fold->test_metrics[i]->value;
    return NAN;
}

/* ---- What is told ---- */

static void tell_trial(struct tuning *tuning, const struct trial *trial, double loss)
{
    struct operation *operation = tuning->operation;
    bool maximise = *tuning->spec->objective == '-';
    struct process_event event = {.kind = PROCESS_EVENT_METRIC,
                                  .name = "trial.objective",
                                  .value = maximise ? -loss : loss,
                                  .step = (int64_t)trial->number};
    if (!operation->on_event)
        return;
    operation->on_event(operation, &event);
    event = (struct process_event){.kind = PROCESS_EVENT_PROGRESS, .progress = 0};
    operation->on_event(operation, &event);
}

/* ---- What is kept ---- */

static API(Metric) * *copy_metrics(const struct operation *from, struct mrpc_arena *arena)
{
    const API(JobResult) *result = from->result;
    API(Metric) **copies = mrpc_arena_calloc(arena, result->n_test_metrics + 1, sizeof *copies);
    for (size_t i = 0; copies && i < result->n_test_metrics; i++) {
        copies[i] = API_NEW(arena, Metric, metric);
        if (!copies[i] || !(copies[i]->name = mrpc_arena_strdup(arena, result->test_metrics[i]->name)))
            return NULL;
        copies[i]->value = result->test_metrics[i]->value;
    }
    return copies;
}

/* Of equals the one that was asked for first. */
static bool is_better(double loss, uint64_t number, const struct finished *other)
{
    return loss < other->loss || (loss == other->loss && number < other->number);
}

static int keep_trial(struct tuning *tuning, const struct trial *trial, double loss, struct fault *fault)
{
    size_t at = tuning->best_count;
    while (at > 0 && is_better(loss, trial->number, &tuning->best[at - 1]))
        at--;
    if (at == TUNE_TRIALS_KEPT)
        return 0;
    API(Metric) **metrics = copy_metrics(trial->operation, tuning->operation->arena);
    if (!metrics)
        return no_memory(fault);
    if (tuning->best_count < TUNE_TRIALS_KEPT)
        tuning->best_count++;
    memmove(tuning->best + at + 1, tuning->best + at, (tuning->best_count - at - 1) * sizeof *tuning->best);
    tuning->best[at] = (struct finished){.number = trial->number,
                                         .loss = loss,
                                         .metrics = metrics,
                                         .metric_count = trial->operation->result->n_test_metrics};
    memcpy(tuning->best[at].point, trial->point, sizeof trial->point);
    return 0;
}

static int take_result(struct tuning *tuning, struct trial *trial, struct fault *fault)
{
    const struct operation *operation = trial->operation;
    double loss = trial->sum / (double)operation->plan.count;
    if (!isfinite(loss))
        return fault_set(fault, MRPC_FAILED_PRECONDITION,
                         "trial %llu has no finite \"%s\" among its validation metrics",
                         (unsigned long long)trial->number, tuning->spec->objective);
    if (search_tell(tuning->search, trial->point, loss))
        return no_memory(fault);
    int code = keep_trial(tuning, trial, loss, fault);
    if (!code) {
        tuning->succeeded++;
        tell_trial(tuning, trial, loss);
    }
    return code;
}

/* ---- Pruning ---- */

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static double median(const struct race *race)
{
    double sorted[RACE_FIGURES_MAX];
    memcpy(sorted, race->figures, race->count * sizeof *sorted);
    qsort(sorted, race->count, sizeof *sorted, by_value);
    return sorted[race->count / 2];
}

/* A trial that after some folds is worse than the median of those before it will hardly win: Golovin et al., "Google
 * Vizier", 2017, the median stopping rule. */
static bool fold_judged(struct operation *operation, size_t fold)
{
    struct trial *trial = operation->driver;
    struct tuning *tuning = trial->tuning;
    trial->sum += metric_of(operation->folds[fold], tuning->spec->objective);
    if (!tuning->races || fold + 1 == operation->plan.count)
        return true;
    struct race *race = &tuning->races[fold];
    double mean = trial->sum / (double)(fold + 1);
    trial->pruned = race->count >= RACE_FIGURES_MIN && mean > median(race);
    if (race->count < RACE_FIGURES_MAX && isfinite(mean))
        race->figures[race->count++] = mean;
    return !trial->pruned;
}

/* ---- The end ---- */

static API(TrialResult) * trial_message(struct tuning *tuning, const struct finished *from, struct fault *fault)
{
    struct operation *operation = tuning->operation;
    struct mrpc_arena *arena = operation->arena;
    API(TrialResult) *message = API_NEW(arena, TrialResult, trial_result);
    const struct mltrainer_parameter *const *parameters =
        message ? tune_parameters(operation, tuning->spec, from->point, arena) : NULL;
    if (!parameters) {
        no_memory(fault);
        return NULL;
    }
    message->number = (uint32_t)from->number;
    message->objective = *tuning->spec->objective == '-' ? -from->loss : from->loss;
    message->n_test_metrics = from->metric_count;
    message->test_metrics = from->metrics;
    size_t count = 0;
    const struct mltrainer_parameter **varied =
        mrpc_arena_calloc(arena, tuning->spec->n_dimensions + 1, sizeof *varied);
    for (size_t i = 0; varied && i < operation->parameter_count; i++)
        if (parameters[i] != operation->parameters[i])
            varied[count++] = parameters[i];
    if (!varied || parameter_messages_write(varied, count, arena, &message->n_parameters,
                                            (API(Artifact__ParametersEntry) ***)&message->parameters, fault)) {
        no_memory(fault);
        return NULL;
    }
    return message;
}
_Static_assert(sizeof(struct parameter_entry) == sizeof(API(TrialResult__ParametersEntry)), "one layout");

static int describe_trials(struct tuning *tuning, struct fault *fault)
{
    API(JobResult) *result = tuning->operation->result;
    API(TuneSummary) *summary = API_NEW(tuning->operation->arena, TuneSummary, tune_summary);
    result->trials = mrpc_arena_calloc(tuning->operation->arena, tuning->best_count + 1, sizeof *result->trials);
    if (!summary || !result->trials)
        return no_memory(fault);
    summary->succeeded = (uint32_t)tuning->succeeded;
    summary->failed = (uint32_t)tuning->failed;
    summary->pruned = (uint32_t)tuning->pruned;
    result->tune = summary;
    for (; result->n_trials < tuning->best_count; result->n_trials++) {
        API(TrialResult) *message = trial_message(tuning, &tuning->best[result->n_trials], fault);
        if (!message)
            return fault->code;
        result->trials[result->n_trials] = message;
    }
    return 0;
}

/* The trainings are over: what is left of the tuning is what its operation says. */
static void conclude(struct tuning *tuning)
{
    struct operation *operation = tuning->operation;
    struct fault fault = FAULT_INIT;
    if (operation_must_stop(operation))
        return;
    if (!tuning->best_count) {
        fault_set(&fault, tuning->last_fault.code ? tuning->last_fault.code : MRPC_DEADLINE_EXCEEDED,
                  "none of %llu trials succeeded; the last: %.300s", (unsigned long long)tuning->asked,
                  tuning->last_fault.code ? tuning->last_fault.text : "the budget was spent");
        return operation_end(operation, &fault);
    }
    if (describe_trials(tuning, &fault))
        return operation_end(operation, &fault);
    operation->parameters = tune_parameters(operation, tuning->spec, tuning->best[0].point, operation->arena);
    if (!operation->parameters) {
        no_memory(&fault);
        return operation_end(operation, &fault);
    }
    operation->on_cancel = NULL;
    operation_train(operation);
}

/* ---- Trials ---- */

static void fill(struct tuning *tuning);

static void unlist(struct tuning *tuning, const struct trial *trial)
{
    struct trial **link = &tuning->running;
    while (*link && *link != trial)
        link = &(*link)->next;
    if (*link)
        *link = trial->next;
    tuning->running_count--;
}

static void add_times(struct operation *to, const struct operation *from)
{
    to->queued_us += from->queued_us;
    to->preparing_us += from->preparing_us;
    to->running_us += from->running_us;
    to->cpu_us += from->cpu_us;
}

static void trial_done(struct operation *operation)
{
    struct trial *trial = operation->driver;
    struct tuning *tuning = trial->tuning;
    struct fault fault = operation->fault;
    tuning->operation->steps_done++;
    if (!fault.code)
        take_result(tuning, trial, &fault);
    if (trial->pruned) {
        tuning->pruned++;
    } else if (fault.code) {
        tuning->failed++;
        tuning->last_fault = fault;
    }
    unlist(tuning, trial);
    add_times(tuning->operation, operation);
    operation_free(operation);
    fill(tuning);
}

static int bind_trial(struct tuning *tuning, struct trial *trial, struct operation *operation, struct fault *fault)
{
    struct operation *parent = tuning->operation;
    operation->catalog = parent->catalog; /* what was checked is what is run, whatever is reloaded meanwhile */
    snapshot_ref(&operation->catalog->snapshot);
    int code = job_bind_train(operation, tuning->spec->train, "spec.tune.train", fault);
    if (code)
        return code;
    operation->parameters = tune_parameters(operation, tuning->spec, trial->point, operation->arena);
    return operation->parameters ? 0 : no_memory(fault);
}

static void start_trial(struct tuning *tuning)
{
    struct operation *parent = tuning->operation;
    struct operation *operation = operation_new(parent->engine);
    struct trial *trial = operation ? mrpc_arena_calloc(operation->arena, 1, sizeof *trial) : NULL;
    struct fault fault = FAULT_INIT;
    uint64_t number = tuning->asked++;
    if (!trial) {
        operation_free(operation);
        tuning->failed++;
        no_memory(&tuning->last_fault);
        return;
    }
    *trial = (struct trial){.tuning = tuning, .operation = operation, .next = tuning->running, .number = number};
    tuning->running = trial;
    tuning->running_count++;
    search_ask(tuning->search, number, trial->point);
    operation->driver = trial;
    operation->on_done = trial_done;
    operation->on_fold = fold_judged;
    operation->deadline_ms = parent->deadline_ms;
    operation->isolation = parent->isolation;
    if (bind_trial(tuning, trial, operation, &fault))
        return operation_end(operation, &fault);
    operation_train(operation);
}

static bool may_ask(const struct tuning *tuning)
{
    const struct operation *operation = tuning->operation;
    int64_t now_ms = domain_loop_now_ms(operation->engine->loop);
    size_t parallel = tuning->spec->parallel ? tuning->spec->parallel : 1;
    bool late = (tuning->end_ms && now_ms >= tuning->end_ms) ||
                (operation->deadline_ms && now_ms >= operation->deadline_ms);
    return !operation->cancelled && !late && tuning->asked < tuning->spec->trials && tuning->running_count < parallel;
}

/* A trial that cannot even begin ends within: hence a loop and not a recursion. */
static void fill(struct tuning *tuning)
{
    if (tuning->filling)
        return;
    tuning->filling = true;
    while (may_ask(tuning))
        start_trial(tuning);
    tuning->filling = false;
    if (!tuning->running_count)
        conclude(tuning);
}

/* ---- The beginning ---- */

static void cancel_trials(struct operation *operation)
{
    for (struct trial *trial = tuning_of(operation)->running; trial; trial = trial->next)
        operation_cancel(trial->operation);
}

static void tuning_release(struct operation *operation)
{
    struct tuning *tuning = tuning_of(operation);
    search_free(tuning->search);
    free(tuning->best);
    free(tuning->races);
}

static int make_search(struct operation *operation, struct tuning *tuning, struct fault *fault)
{
    struct search_dimension dimensions[SEARCH_DIMENSIONS_MAX];
    struct search_options options = {.dimensions = dimensions,
                                     .dimension_count = tuning->spec->n_dimensions,
                                     .seed = tuning->spec->train->seed};
    int code = tune_dimensions(operation, tuning->spec, "spec.tune", dimensions, fault);
    if (!code)
        code = tune_method(tuning->spec, "spec.tune", &options, fault);
    if (!code && !(tuning->search = search_new(&options)))
        code = no_memory(fault);
    return code;
}

/* On the thread pool, though it takes no time: from here on the operation is the engine's, and can be cancelled. */
static int prepare(struct operation *operation, struct fault *fault)
{
    struct tuning *tuning = mrpc_arena_calloc(operation->arena, 1, sizeof *tuning);
    if (!tuning)
        return no_memory(fault);
    *tuning = (struct tuning){.operation = operation, .spec = operation->spec->tune, .last_fault = FAULT_INIT};
    operation->driver = tuning;
    operation->on_release = tuning_release;
    tuning->best = calloc(TUNE_TRIALS_KEPT, sizeof *tuning->best);
    tuning->races = tuning->spec->prune ? calloc(FOLDS_MAX, sizeof *tuning->races) : NULL;
    if (!tuning->best || (tuning->spec->prune && !tuning->races))
        return no_memory(fault);
    return make_search(operation, tuning, fault);
}

static void begin(struct operation *operation)
{
    struct tuning *tuning = tuning_of(operation);
    int64_t budget_ms = tuning->spec->budget ? api_duration_ms(tuning->spec->budget) : 0;
    tuning->end_ms = budget_ms ? domain_loop_now_ms(operation->engine->loop) + budget_ms : 0;
    operation->on_cancel = cancel_trials;
    operation->steps = tuning->spec->trials + 1;
    operation->stage = "trying";
    fill(tuning);
}

void operation_tune(struct operation *operation)
{
    operation_on_thread(operation, "preparing", prepare, begin);
}

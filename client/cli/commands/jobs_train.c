/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/jobs_train.h"

enum { LAGGED_MAX = 16, LAGS_MAX = 64, FEATURES_MAX = 256 };

/* The job as the command line describes it, with everything that it points at. */
struct training {
    Mltrainer__Execution__V1__TrainSpec train;
    Mltrainer__Execution__V1__FeatureSpec features;
    Mltrainer__Execution__V1__ColumnSelection selection;
    Mltrainer__Execution__V1__Validation validation;
    Mltrainer__Execution__V1__HoldOut hold_out;
    Mltrainer__Execution__V1__KFold k_fold;
    Mltrainer__Execution__V1__WalkForward walk_forward;
    Mltrainer__Execution__V1__Preprocessing preprocessing;
    Mltrainer__Execution__V1__LaggedColumn lagged[LAGGED_MAX], *lagged_pointers[LAGGED_MAX];
    char lagged_names[LAGGED_MAX][129];
    uint32_t lags[LAGGED_MAX][LAGS_MAX];
    char *feature_columns[FEATURES_MAX];
    struct execution_parameters parameters;
    Mltrainer__Execution__V1__TrainSpec__ParametersEntry entries[EXECUTION_PARAMETERS_MAX];
    Mltrainer__Execution__V1__TrainSpec__ParametersEntry *entry_pointers[EXECUTION_PARAMETERS_MAX];
    struct execution_data data;
};

static Mltrainer__Execution__V1__Transform parse_transform(const char *text, size_t length)
{
    static const char *const names[] = {"", "level", "difference", "simple-return", "log-return"};
    for (int i = 1; i <= 4; i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            return (Mltrainer__Execution__V1__Transform)i;
    exit(cli_usage("\"%.*s\" is not level, difference, simple-return or log-return", (int)length, text));
}

/* COLUMN:TRANSFORM:1,2,3 */
static void parse_lags(struct training *t, const char *text)
{
    size_t at = t->features.n_features;
    Mltrainer__Execution__V1__LaggedColumn *lagged = &t->lagged[at];
    const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (!second || first == text || first - text > 128 || at == LAGGED_MAX)
        exit(cli_usage("--lags: \"%s\" is not COLUMN:TRANSFORM:LAG,LAG…", text));
    mltrainer__execution__v1__lagged_column__init(lagged);
    snprintf(t->lagged_names[at], sizeof t->lagged_names[at], "%.*s", (int)(first - text), text);
    lagged->column = t->lagged_names[at];
    lagged->transform = parse_transform(first + 1, (size_t)(second - first - 1));
    lagged->lags = t->lags[at];
    for (const char *c = second + 1;; c++) {
        char *end;
        unsigned long lag = strtoul(c, &end, 10);
        if (end == c || (*end && *end != ',') || lag > 10000 || lagged->n_lags == LAGS_MAX)
            exit(cli_usage("--lags: \"%s\" is not a list of lags in 0..10000", second + 1));
        t->lags[at][lagged->n_lags++] = (uint32_t)lag;
        if (!*end)
            break;
        c = end;
    }
    t->lagged_pointers[at] = lagged;
    t->features.n_features++;
}

static void describe_columns(const struct cli_arguments *arguments, struct training *t)
{
    const char *text, *target = cli_option(arguments, "target", "");
    for (size_t i = 0; (text = cli_option_at(arguments, "lags", i)); i++)
        parse_lags(t, text);
    if (t->features.n_features > 0) {
        const char *transform = cli_option(arguments, "target-transform", "level");
        t->features.target_column = (char *)target;
        t->features.target_transform = parse_transform(transform, strlen(transform));
        t->features.horizon = (uint32_t)cli_number(arguments, "horizon", 1, 1, 10000);
        t->features.features = t->lagged_pointers;
        t->train.columns_case = MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
        t->train.features = &t->features;
        return;
    }
    t->selection.target_column = (char *)target;
    t->selection.feature_columns = t->feature_columns;
    while (t->selection.n_feature_columns < FEATURES_MAX &&
           (text = cli_option_at(arguments, "feature", t->selection.n_feature_columns)))
        t->feature_columns[t->selection.n_feature_columns++] = (char *)text;
    t->train.columns_case = MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_SELECTION;
    t->train.selection = &t->selection;
}

static void describe_parameters(const struct cli_arguments *arguments, struct training *t)
{
    execution_parse_parameters(arguments, &t->parameters);
    for (size_t i = 0; i < t->parameters.count; i++) {
        mltrainer__execution__v1__train_spec__parameters_entry__init(&t->entries[i]);
        t->entries[i].key = t->parameters.names[i];
        t->entries[i].value = &t->parameters.values[i];
        t->entry_pointers[i] = &t->entries[i];
    }
    t->train.parameters = t->entry_pointers;
    t->train.n_parameters = t->parameters.count;
}

/* NAME, NAME:NUMBER or NAME:NUMBER,NUMBER; the numbers are 0 where they are left out. */
static bool is_method(const char *text, const char *name, unsigned numbers, unsigned long long out[2])
{
    size_t length = strlen(name);
    if (strncmp(text, name, length) != 0 || (text[length] && text[length] != ':'))
        return false;
    const char *at = text + length;
    out[0] = out[1] = 0;
    for (unsigned i = 0; i < numbers && *at; i++) {
        char *end;
        out[i] = strtoull(at + 1, &end, 10);
        if (end == at + 1 || out[i] > INT64_MAX || (*end && *end != ','))
            exit(cli_usage("--validation: \"%s\" has no numbers behind \"%s\"", text, name));
        at = end;
    }
    if (*at)
        exit(cli_usage("--validation: \"%s\" has too much behind \"%s\"", text, name));
    return true;
}

static void describe_validation(const struct cli_arguments *arguments, struct training *t)
{
    const char *text = cli_option(arguments, "validation", "hold-out");
    uint32_t embargo = (uint32_t)cli_number(arguments, "embargo", 0, 0, 100000);
    unsigned long long numbers[2];
    t->hold_out.test_fraction = cli_real(arguments, "test-fraction", 0);
    t->hold_out.shuffle = t->k_fold.shuffle = cli_switch(arguments, "shuffle");
    t->hold_out.embargo_rows = t->k_fold.embargo_rows = t->walk_forward.embargo_rows = embargo;
    t->train.validation = &t->validation;
    if (is_method(text, "hold-out", 0, numbers)) {
        t->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_HOLD_OUT;
        t->validation.hold_out = &t->hold_out;
    } else if (is_method(text, "k-fold", 1, numbers)) {
        t->k_fold.folds = numbers[0] > UINT32_MAX ? UINT32_MAX : (uint32_t)numbers[0];
        t->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_K_FOLD;
        t->validation.k_fold = &t->k_fold;
    } else if (is_method(text, "walk-forward", 2, numbers) || is_method(text, "expanding", 2, numbers)) {
        t->walk_forward.train_rows = numbers[0];
        t->walk_forward.test_rows = numbers[1];
        t->walk_forward.expanding = *text == 'e';
        t->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_WALK_FORWARD;
        t->validation.walk_forward = &t->walk_forward;
    } else if (is_method(text, "none", 0, numbers)) {
        t->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_SKIP;
        t->validation.skip = true;
    } else {
        exit(cli_usage(
            "--validation: \"%s\" is not hold-out, k-fold:K, walk-forward:TRAIN,TEST, expanding:TRAIN,TEST or "
            "none",
            text));
    }
}

static int one_of(const struct cli_arguments *arguments, const char *option, const char *const *names, int first)
{
    const char *text = cli_option(arguments, option, names[0]);
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return first + i;
    exit(cli_usage("--%s: there is no \"%s\"", option, text));
}

static void describe_preprocessing(const struct cli_arguments *arguments, struct training *t)
{
    static const char *const imputations[] = {"none", "mean", "median", "zero", NULL};
    static const char *const scalings[] = {"none", "standard", "min-max", "robust", NULL};
    t->preprocessing.imputation = (Mltrainer__Execution__V1__Imputation)one_of(arguments, "impute", imputations, 1);
    t->preprocessing.scaling = (Mltrainer__Execution__V1__Scaling)one_of(arguments, "scale", scalings, 1);
    bool any = t->preprocessing.imputation > 1 || t->preprocessing.scaling > 1;
    t->train.preprocessing = any ? &t->preprocessing : NULL;
}

static void describe_training(const struct cli_arguments *arguments, struct training *t)
{
    mltrainer__execution__v1__train_spec__init(&t->train);
    mltrainer__execution__v1__feature_spec__init(&t->features);
    mltrainer__execution__v1__column_selection__init(&t->selection);
    mltrainer__execution__v1__validation__init(&t->validation);
    mltrainer__execution__v1__hold_out__init(&t->hold_out);
    mltrainer__execution__v1__kfold__init(&t->k_fold);
    mltrainer__execution__v1__walk_forward__init(&t->walk_forward);
    mltrainer__execution__v1__preprocessing__init(&t->preprocessing);
    t->train.model = (char *)arguments->operands[0];
    t->train.data = execution_parse_data(arguments, &t->data);
    t->train.time_column = (char *)cli_option(arguments, "time", "");
    t->train.seed = (uint64_t)cli_number(arguments, "seed", 0, 0, INT64_MAX);
    t->train.artifact_name = (char *)cli_option(arguments, "artifact", "");
    t->train.refit = cli_switch(arguments, "refit");
    describe_validation(arguments, t);
    describe_preprocessing(arguments, t);
    describe_columns(arguments, t);
    describe_parameters(arguments, t);
}

Mltrainer__Execution__V1__TrainSpec *jobs_train_spec(const struct cli_arguments *arguments)
{
    static struct training training;
    describe_training(arguments, &training);
    return &training.train;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__JobSpec job = MLTRAINER__EXECUTION__V1__JOB_SPEC__INIT;
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN;
    job.train = jobs_train_spec(arguments);
    return jobs_submit(cli, arguments, &job);
}

static const struct cli_option options[] = {
    JOBS_TRAIN_OPTIONS,
    JOBS_SUBMIT_OPTIONS,
    {0},
};

const struct cli_command jobs_train_command = {
    .noun = "jobs",
    .verb = "train",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Train a model",
    .examples =
        "  mltctl jobs train ridge --dataset prices --target y --follow\n"
        "  mltctl jobs train ridge --dataset sp500 --target close --target-transform log-return \\\n"
        "    --lags close:log-return:1,2,3 --time date --artifact sp500-ridge --follow\n"
        "  mltctl jobs train ridge --dataset prices --target y --validation k-fold:5 --scale standard --follow\n",
    .run = run,
};

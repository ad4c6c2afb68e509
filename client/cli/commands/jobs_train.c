/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/jobs_submit.h"

enum { LAGGED_MAX = 16, LAGS_MAX = 64, FEATURES_MAX = 256 };

/* The job as the command line describes it, with everything that it points at. */
struct training {
    Mltrainer__Execution__V1__JobSpec job;
    Mltrainer__Execution__V1__TrainSpec train;
    Mltrainer__Execution__V1__FeatureSpec features;
    Mltrainer__Execution__V1__ColumnSelection selection;
    Mltrainer__Execution__V1__Validation validation;
    Mltrainer__Execution__V1__HoldOut hold_out;
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

static void describe(const struct cli_arguments *arguments, struct training *t)
{
    mltrainer__execution__v1__job_spec__init(&t->job);
    mltrainer__execution__v1__train_spec__init(&t->train);
    mltrainer__execution__v1__feature_spec__init(&t->features);
    mltrainer__execution__v1__column_selection__init(&t->selection);
    mltrainer__execution__v1__validation__init(&t->validation);
    mltrainer__execution__v1__hold_out__init(&t->hold_out);
    t->job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN;
    t->job.train = &t->train;
    t->train.model = (char *)arguments->operands[0];
    t->train.data = execution_parse_data(arguments, &t->data);
    t->train.time_column = (char *)cli_option(arguments, "time", "");
    t->train.seed = (uint64_t)cli_number(arguments, "seed", 0, 0, INT64_MAX);
    t->train.artifact_name = (char *)cli_option(arguments, "artifact", "");
    t->train.refit = cli_switch(arguments, "refit");
    t->hold_out.test_fraction = cli_real(arguments, "test-fraction", 0);
    t->hold_out.shuffle = cli_switch(arguments, "shuffle");
    t->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_HOLD_OUT;
    t->validation.hold_out = &t->hold_out;
    t->train.validation = &t->validation;
    describe_columns(arguments, t);
    describe_parameters(arguments, t);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct training training;
    describe(arguments, &training);
    return jobs_submit(cli, arguments, &training.job);
}

static const struct cli_option options[] = {
    {"dataset", "NAME", "a dataset: NAME, NAME@VERSION or sha256:HEX"},
    {"target", "COLUMN", "what to predict"},
    {"feature", "COLUMN", "a feature; may be repeated [every other numeric column]"},
    {"lags", "COLUMN:TRANSFORM:LAGS", "features from the past of a series, close:log-return:1,2,5; may be repeated"},
    {"target-transform", "TRANSFORM", "with --lags: level, difference, simple-return or log-return [level]"},
    {"horizon", "N", "with --lags: rows ahead to predict [1]"},
    {"time", "COLUMN", "orders the rows; the test part then is the latest"},
    {"test-fraction", "X", "share of rows kept for testing [0.2]"},
    {"shuffle", NULL, "draw the test rows at random"},
    {"refit", NULL, "train on all rows after validation"},
    {"param", "NAME=VALUE", "a parameter of the model; may be repeated"},
    {"seed", "N", "of models that draw random numbers [0]"},
    {"artifact", "NAME", "name of what comes out"},
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
    .examples = "  mltctl jobs train ridge --dataset prices --target y --follow\n"
                "  mltctl jobs train ridge --dataset sp500 --target close --target-transform log-return \\\n"
                "    --lags close:log-return:1,2,3 --time date --artifact sp500-ridge --follow\n",
    .run = run,
};

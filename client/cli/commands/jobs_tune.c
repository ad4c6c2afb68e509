/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/jobs_train.h"

enum { DIMENSIONS_MAX = 64, CHOICES_MAX = 64, TEXT_BYTES = 1024 };

/* One --vary, with its texts. */
struct varied {
    Mltrainer__Execution__V1__SearchDimension dimension;
    char text[TEXT_BYTES];
    char *choices[CHOICES_MAX];
};

/* LOW..HIGH or LOW..HIGH:log, cut where the dots are: strtod() would take the first of "1..10" for its own. */
static bool parse_range(struct varied *varied, char *text)
{
    char *dots = strstr(text, ".."), *log = dots ? strstr(dots, ":log") : NULL;
    if (!dots)
        return false;
    *dots = '\0';
    if (log && !log[strlen(":log")])
        *log = '\0';
    varied->dimension.scale =
        log ? MLTRAINER__EXECUTION__V1__SCALE__SCALE_LOG : MLTRAINER__EXECUTION__V1__SCALE__SCALE_LINEAR;
    if (cli_parse_real(text, &varied->dimension.minimum) != 0 ||
        cli_parse_real(dots + 2, &varied->dimension.maximum) != 0)
        exit(cli_usage("--vary: %s: \"%s\" and \"%s\" are not two numbers", varied->text, text, dots + 2));
    return true;
}

static void parse_choices(struct varied *varied, char *text)
{
    if (!strchr(text, '|'))
        exit(cli_usage("--vary: %s: \"%s\" is neither LOW..HIGH nor TEXT|TEXT", varied->text, text));
    char *rest, *choice = strtok_r(text, "|", &rest);
    for (; choice; choice = strtok_r(NULL, "|", &rest)) {
        if (varied->dimension.n_choices == CHOICES_MAX)
            exit(cli_usage("--vary: more than %d choices", CHOICES_MAX));
        varied->choices[varied->dimension.n_choices++] = choice;
    }
    varied->dimension.choices = varied->choices;
}

/* NAME=LOW..HIGH, NAME=LOW..HIGH:log, NAME=TEXT|TEXT… or NAME alone, for a truth value. */
static void parse_varied(struct varied *varied, const char *text)
{
    mltrainer__execution__v1__search_dimension__init(&varied->dimension);
    if ((size_t)snprintf(varied->text, sizeof varied->text, "%s", text) >= sizeof varied->text)
        exit(cli_usage("--vary: \"%.40s…\" is too long", text));
    char *value = strchr(varied->text, '=');
    if (value)
        *value++ = 0;
    if (!*varied->text)
        exit(cli_usage("--vary: \"%s\" names no parameter", text));
    varied->dimension.parameter = varied->text;
    if (value && !parse_range(varied, value))
        parse_choices(varied, value);
}

static size_t describe_dimensions(const struct cli_arguments *arguments,
                                  Mltrainer__Execution__V1__SearchDimension **out)
{
    static struct varied varied[DIMENSIONS_MAX];
    const char *text;
    size_t count = 0;
    while ((text = cli_option_at(arguments, "vary", count))) {
        if (count == DIMENSIONS_MAX)
            exit(cli_usage("--vary: more than %d", DIMENSIONS_MAX));
        parse_varied(&varied[count], text);
        out[count] = &varied[count].dimension;
        count++;
    }
    return count;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__JobSpec job = MLTRAINER__EXECUTION__V1__JOB_SPEC__INIT;
    Mltrainer__Execution__V1__TuneSpec tune = MLTRAINER__EXECUTION__V1__TUNE_SPEC__INIT;
    Mltrainer__Execution__V1__SearchDimension *dimensions[DIMENSIONS_MAX];
    Google__Protobuf__Duration budget = GOOGLE__PROTOBUF__DURATION__INIT;
    int64_t budget_ms = cli_duration_ms(arguments, "budget", 0);
    budget.seconds = budget_ms / 1000;
    budget.nanos = (int32_t)(budget_ms % 1000) * 1000000;
    tune.train = jobs_train_spec(arguments);
    tune.searcher = (char *)cli_option(arguments, "searcher", "tpe");
    tune.n_dimensions = describe_dimensions(arguments, dimensions);
    tune.dimensions = dimensions;
    tune.trials = (uint32_t)cli_number(arguments, "trials", 30, 1, 10000);
    tune.parallel = (uint32_t)cli_number(arguments, "parallel", 1, 1, 256);
    tune.objective = (char *)cli_option(arguments, "objective", "rmse");
    tune.prune = cli_switch(arguments, "prune");
    tune.budget = budget_ms ? &budget : NULL;
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE;
    job.tune = &tune;
    return jobs_submit(cli, arguments, &job);
}

static const struct cli_option options[] = {
    {"vary", "NAME=RANGE", "a parameter and where to look: LOW..HIGH, LOW..HIGH:log or TEXT|TEXT; may be repeated"},
    {"trials", "N", "trainings to try [30]"},
    {"parallel", "N", "at once [1]"},
    {"objective", "METRIC", "the validation metric to minimise, \"-\" before it to maximise [rmse]"},
    {"searcher", "NAME", "tpe or random_search [tpe]"},
    {"prune", NULL, "give a trial up between folds when it is worse than the median"},
    {"budget", "TIME", "no more trials begin after this time"},
    JOBS_TRAIN_OPTIONS,
    JOBS_SUBMIT_OPTIONS,
    {0},
};

const struct cli_command jobs_tune_command = {
    .noun = "jobs",
    .verb = "tune",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Find good parameters, and train with them",
    .examples = "  mltctl jobs tune ridge --dataset prices --target y --vary alpha=0.001..1000:log --trials 50 \\\n"
                "    --validation k-fold:5 --objective rmse --follow\n",
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/jobs_submit.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct execution_data data;
    Mltrainer__Execution__V1__JobSpec job = MLTRAINER__EXECUTION__V1__JOB_SPEC__INIT;
    Mltrainer__Execution__V1__EvaluateSpec evaluate = MLTRAINER__EXECUTION__V1__EVALUATE_SPEC__INIT;
    evaluate.artifact = (char *)arguments->operands[0];
    evaluate.data = execution_parse_data(arguments, &data);
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_EVALUATE;
    job.evaluate = &evaluate;
    return jobs_submit(cli, arguments, &job);
}

static const struct cli_option options[] = {
    {"dataset", "NAME", "rows to test on: NAME, NAME@VERSION or sha256:HEX"},
    JOBS_SUBMIT_OPTIONS,
    {0},
};

const struct cli_command jobs_evaluate_command = {
    .noun = "jobs",
    .verb = "evaluate",
    .operands = "ARTIFACT",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Measure a trained model on other rows",
    .examples = "  mltctl jobs evaluate sp500-ridge --dataset sp500 --follow\n",
    .run = run,
};

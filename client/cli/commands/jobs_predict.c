/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/jobs_submit.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct execution_data data;
    Mltrainer__Execution__V1__JobSpec job = MLTRAINER__EXECUTION__V1__JOB_SPEC__INIT;
    Mltrainer__Execution__V1__PredictSpec predict = MLTRAINER__EXECUTION__V1__PREDICT_SPEC__INIT;
    predict.artifact = (char *)arguments->operands[0];
    predict.data = execution_parse_data(arguments, &data);
    predict.output_dataset = (char *)cli_option(arguments, "to-dataset", "");
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT;
    job.predict = &predict;
    return jobs_submit(cli, arguments, &job);
}

static const struct cli_option options[] = {
    {"dataset", "NAME", "rows to predict for: NAME, NAME@VERSION or sha256:HEX"},
    {"to-dataset", "NAME", "store the predictions as this dataset"},
    JOBS_SUBMIT_OPTIONS,
    {0},
};

const struct cli_command jobs_predict_command = {
    .noun = "jobs",
    .verb = "predict",
    .operands = "ARTIFACT",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Predict a whole dataset as a job",
    .examples = "  mltctl jobs predict sp500-ridge --dataset sp500 --follow\n",
    .run = run,
};

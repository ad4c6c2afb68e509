/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/jobs_submit.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct execution_data data;
    static struct execution_parameters parameters;
    Mltrainer__Execution__V1__JobSpec job = MLTRAINER__EXECUTION__V1__JOB_SPEC__INIT;
    Mltrainer__Execution__V1__ComputeSpec compute = MLTRAINER__EXECUTION__V1__COMPUTE_SPEC__INIT;
    Mltrainer__Execution__V1__ComputeSpec__ParametersEntry entries[EXECUTION_PARAMETERS_MAX];
    Mltrainer__Execution__V1__ComputeSpec__ParametersEntry *pointers[EXECUTION_PARAMETERS_MAX];
    execution_parse_parameters(arguments, &parameters);
    for (size_t i = 0; i < parameters.count; i++) {
        mltrainer__execution__v1__compute_spec__parameters_entry__init(&entries[i]);
        entries[i].key = parameters.names[i];
        entries[i].value = &parameters.values[i];
        pointers[i] = &entries[i];
    }
    compute.model = (char *)arguments->operands[0];
    compute.parameters = pointers;
    compute.n_parameters = parameters.count;
    compute.data = execution_parse_data(arguments, &data);
    compute.output_dataset = (char *)cli_option(arguments, "to-dataset", "");
    compute.seed = (uint64_t)cli_number(arguments, "seed", 0, 0, INT64_MAX);
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    job.compute = &compute;
    return jobs_submit(cli, arguments, &job);
}

static const struct cli_option options[] = {
    {"dataset", "NAME", "NAME, NAME@VERSION or sha256:HEX"},
    {"param", "NAME=VALUE", "a parameter, a list in brackets: [1,2]; may be repeated"},
    {"seed", "N", "of models that draw random numbers [0]"},
    {"to-dataset", "NAME", "store the result as this dataset"},
    JOBS_SUBMIT_OPTIONS,
    {0},
};

const struct cli_command jobs_compute_command = {
    .noun = "jobs",
    .verb = "compute",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Compute over a whole dataset as a job",
    .examples = "  mltctl jobs compute rsi --dataset sp500 --follow\n",
    .run = run,
};

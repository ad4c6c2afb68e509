/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    uint64_t after = (uint64_t)cli_number(arguments, "after", 0, 0, INT64_MAX);
    return execution_follow(cli, arguments->operands[0], after, true);
}

static const struct cli_option options[] = {{"after", "SEQUENCE", "replay the events behind this one [0]"}, {0}};

const struct cli_command jobs_watch_command = {
    .noun = "jobs",
    .verb = "watch",
    .operands = "JOB",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Replay and follow a job's events until it ends",
    .examples = "  mltctl jobs watch JOB\n",
    .run = run,
};

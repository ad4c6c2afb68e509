/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_JOBS_SUBMIT_H
#define MLTCTL_JOBS_SUBMIT_H

#include "commands/execution.h"

/* What every command that submits a job has in common. */

/** The entries of a command's option table for it. */
#define JOBS_SUBMIT_OPTIONS                                                                                            \
    {"priority", "N", "-100..100, higher first [0]"}, {"job-timeout", "TIME", "end the job after this time"},          \
        {"after", "JOB", "wait until this job has succeeded; may be given again"},                                     \
        {"webhook", "URL", "who is told of the end, by POST"},                                                         \
        {"request-id", "ID", "submitting again with the same id gives the same job"},                                  \
        {"validate-only", NULL, "check, do not run"},                                                                  \
        {"follow", NULL, "show progress until the end; exit 1 if the job fails"}

/** Complete @job (its work is set) from those options, submit it, and print its id or follow it. Returns the exit
 *  code. */
int jobs_submit(struct cli *cli, const struct cli_arguments *arguments, Mltrainer__Execution__V1__JobSpec *job);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_SCHEDULES_H
#define MLTCTL_SCHEDULES_H

#include "commands/execution.h"

/* What the commands of schedules share. */

/** The entries of an option table that say when, and how. */
#define SCHEDULES_WHEN_OPTIONS                                                                                         \
    {"cron", "TEXT", "five fields as in crontab(5): minute hour day month weekday"},                                   \
        {"every", "TIME", "instead: a pause from start to start, 1s to 366d"},                                         \
        {"zone", "NAME", "time zone of --cron by its IANA name [UTC]"},                                                \
        {"missed", "POLICY", "runs missed while the server was down: latest, all or skip [latest]"},                   \
        {"overlap", NULL, "begin a run although the one before has not ended"}

/** A schedule made of those options; its memory is static. Exits with CLI_USAGE when they contradict each other. */
Mltrainer__Execution__V1__Schedule *schedules_parse(const struct cli_arguments *arguments, const char *name);

/** Ask what the job or pipeline @id was, for --like ID, and let @schedule submit the same. On success @reply holds it:
 *  mrpc_reply_fini(). */
bool schedules_work_like(struct cli *cli, const char *id, Mltrainer__Execution__V1__Schedule *schedule,
                         struct mrpc_reply *reply);

/** "cron 30 22 * * 1-5 America/New_York" or "every 90 s". */
void schedules_when(const Mltrainer__Execution__V1__Schedule *schedule, char *out, size_t bytes);
/** Local time, or "-". */
void schedules_time(const Google__Protobuf__Timestamp *time, char out[32]);
/** The job or pipeline that it submitted last, or "-". */
const char *schedules_last(const Mltrainer__Execution__V1__Schedule *schedule);
/** For a person. */
void schedules_print(const Mltrainer__Execution__V1__Schedule *schedule);

#endif

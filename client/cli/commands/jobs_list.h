/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_JOBS_LIST_H
#define MLTCTL_JOBS_LIST_H

#include "commands/execution.h"

/* What lists of jobs share: asking for a page of them, newest first. */

struct jobs_wanted {
    const Mltrainer__Execution__V1__JobState *states; /* state_count of them; 0: all */
    size_t state_count;
    const char *schedule; /* that submitted them; "": any */
    int32_t limit;
};

/** Ask. Returns an exit code, having said why on stderr. @reply, which the caller frees, owns *@out; NULL after a
 *  failure. */
int jobs_list(struct cli *cli, const struct jobs_wanted *wanted, struct mrpc_reply *reply,
              const Mltrainer__Execution__V1__ListJobsResponse **out);

#endif

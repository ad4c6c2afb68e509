/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "execution/job/state.h"

struct state_rule {
    const char *name;
    unsigned next; /* bits 1 << enum job_state; none: the state is final */
};

#define TO(state) (1u << JOB_##state)

static const struct state_rule rules[JOB_STATES] = {
    [JOB_NONE] = {"NONE", TO(WAITING) | TO(QUEUED)},
    [JOB_WAITING] = {"WAITING", TO(QUEUED) | TO(SKIPPED) | TO(CANCELLED) | TO(TIMED_OUT)},
    [JOB_QUEUED] = {"QUEUED", TO(RUNNING) | TO(CANCELLED) | TO(TIMED_OUT)},
    /* QUEUED: only at recovery, when the server that ran it is gone; CANCELLED and TIMED_OUT wait for the worker to let
     * go in CANCELLING, or for the pool to have ended it. */
    [JOB_RUNNING] = {"RUNNING", TO(SUCCEEDED) | TO(FAILED) | TO(CANCELLING) | TO(TIMED_OUT) | TO(RETRY_WAIT) |
                                    TO(QUEUED) | TO(INTERRUPTED)},
    [JOB_CANCELLING] = {"CANCELLING", TO(CANCELLED)},
    [JOB_RETRY_WAIT] = {"RETRY_WAIT", TO(QUEUED) | TO(CANCELLED) | TO(TIMED_OUT)},
    [JOB_SUCCEEDED] = {"SUCCEEDED", 0},
    [JOB_FAILED] = {"FAILED", 0},
    [JOB_CANCELLED] = {"CANCELLED", 0},
    [JOB_TIMED_OUT] = {"TIMED_OUT", 0},
    [JOB_INTERRUPTED] = {"INTERRUPTED", 0},
    [JOB_SKIPPED] = {"SKIPPED", 0},
};

static bool known(enum job_state state)
{
    return (unsigned)state < JOB_STATES;
}

const char *job_state_name(enum job_state state)
{
    return known(state) ? rules[state].name : "?";
}

bool job_state_is_final(enum job_state state)
{
    return known(state) && !rules[state].next;
}

bool job_state_follows(enum job_state from, enum job_state to)
{
    return known(from) && known(to) && (rules[from].next >> to & 1);
}

void job_state_move(enum job_state *state, enum job_state to)
{
    if (!job_state_follows(*state, to)) {
        fprintf(stderr, "job state: %s does not follow %s\n", job_state_name(to), job_state_name(*state));
        abort();
    }
    *state = to;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_PROCESS_STATE_H
#define MLT_WORKER_PROCESS_STATE_H

#include <fenv.h>
#include <signal.h>

/* What belongs to the process and not to a call, and what a plugin might leave otherwise than it found it: how numbers
 * are rounded, which signals are blocked, how texts are read. The next task of the same worker begins as the first
 * did. */

struct process_state {
    fenv_t rounding;
    sigset_t blocked;
    char locale[128];
};

/** Remember how things are. Thread: that which runs tasks. */
void process_state_take(struct process_state *state);
/** Make them so again. */
void process_state_restore(const struct process_state *state);

#endif

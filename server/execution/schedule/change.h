/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_CHANGE_H
#define MLT_EXECUTION_SCHEDULE_CHANGE_H

#include "execution/schedule/schedule.h"
#include "execution/service.h"

/* A change of what schedules there are, on its way to the disk:
 *
 *     command (loop) ─► the zone is read (thread) ─► taken in hand (loop) ─► committed ─► it holds ─► answer
 *
 * One change of a schedule at a time; what it stands at is not saved meanwhile, so that the store gets things in order.
 * All of them return COMMAND_LATER, or a code with @fault filled. Thread: the execution loop's. */

/** Make what @message says, which was checked; it lies in the call's arena. */
int schedule_change_create(struct command *command, API(Schedule) * message, API(Schedule) * *answer,
                           struct fault *fault) MRPC_MUST_USE;
/** Let @schedule be what @message says; due times count from now on if @anew. */
int schedule_change_update(struct command *command, struct schedule *schedule, API(Schedule) * message, bool anew,
                           API(Schedule) * *answer, struct fault *fault) MRPC_MUST_USE;
int schedule_change_delete(struct command *command, struct schedule *schedule, struct fault *fault) MRPC_MUST_USE;

/** NOT_FOUND, or ABORTED while another change is under way. */
int schedule_to_change(struct command *command, const char *name, struct schedule **out,
                       struct fault *fault) MRPC_MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_RUN_H
#define MLT_EXECUTION_SCHEDULE_RUN_H

#include "execution/schedule/schedule.h"

/* What one due time brings: a job or a pipeline, or the note why not. Thread: the execution loop's. */

/** What it submitted last has not ended. */
bool schedule_is_busy(const struct schedule *schedule);
/** Do what the plan says, which is not to wait or to hold. A submission is answered later: schedule->submitting. */
void schedule_deal_with(struct schedule *schedule, struct plan_step step);
/** @job or else @pipeline, durable, is what @due_ms has brought. Saves nothing, tells nobody. */
void schedule_settle(struct schedule *schedule, int64_t due_ms, const struct job *job, const struct pipeline *pipeline);

/** Which schedule and due time a pipeline's request_id tells of; false: none. @name has room for 129 bytes. */
bool schedule_of_request(const char *request_id, char *name, int64_t *due_ms);

#endif

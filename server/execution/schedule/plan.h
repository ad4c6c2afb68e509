/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_PLAN_H
#define MLT_EXECUTION_SCHEDULE_PLAN_H

#include "execution/schedule/due.h"

/* What a schedule does at a moment. Pure: the clock is an argument, so that tests can turn it.
 *
 * The cursor is the newest due time that was dealt with (run, passed over, or refused); it moves only forwards, so no
 * due time is dealt with twice, however often and late anybody looks. The one exception is a clock that was put back by
 * more than PLAN_CLOCK_BACK_MS: then it had been wrong, and waiting for it to come there again could take years. A run
 * that was submitted already is recognised by its request key all the same. */

enum plan_missed { PLAN_MISSED_LATEST, PLAN_MISSED_ALL, PLAN_MISSED_SKIP };

enum {
    PLAN_MADE_UP_MAX = 100,           /* of what was missed, the newest */
    PLAN_LATE_MS = 60 * 1000,         /* what is found later than this was missed */
    PLAN_CLOCK_BACK_MS = 3600 * 1000,
};

struct plan {
    struct due_rule rule;
    enum plan_missed missed;
    bool allow_overlap;
    bool paused;
    int64_t cursor_ms;
};

enum plan_action {
    PLAN_WAIT,   /* until wake_ms; INT64_MAX: for good */
    PLAN_RUN,    /* submit what is due at due_ms; when that is done the cursor becomes due_ms */
    PLAN_PASS,   /* the cursor becomes due_ms, nothing is submitted: it was missed */
    PLAN_LEAVE,  /* the same, for the run before has not ended */
    PLAN_HOLD,   /* due, but waits for the run before to end */
    PLAN_RESET,  /* the clock was put back: the cursor becomes due_ms, which is now */
};

struct plan_step {
    enum plan_action action;
    int64_t due_ms;
    int64_t wake_ms;
};

/** @busy: the run before has not ended. Work is bounded whatever the clock says. */
struct plan_step plan_next(const struct plan *plan, int64_t now_ms, bool busy);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/plan.h"

static struct plan_step wait_until(int64_t wake_ms)
{
    return (struct plan_step){PLAN_WAIT, 0, wake_ms};
}

static struct plan_step deal_with(enum plan_action action, int64_t due_ms)
{
    return (struct plan_step){action, due_ms, 0};
}

/* One after the other, oldest first; each waits for the one before unless they may overlap. */
static struct plan_step make_up_for_all(const struct plan *plan, int64_t now_ms, bool busy)
{
    int64_t due[PLAN_MADE_UP_MAX];
    if (!due_between(&plan->rule, plan->cursor_ms, now_ms, due, PLAN_MADE_UP_MAX))
        return wait_until(due_next(&plan->rule, plan->cursor_ms));
    return deal_with(busy && !plan->allow_overlap ? PLAN_HOLD : PLAN_RUN, due[0]);
}

struct plan_step plan_next(const struct plan *plan, int64_t now_ms, bool busy)
{
    int64_t due;
    if (plan->paused)
        return wait_until(INT64_MAX);
    if (now_ms < plan->cursor_ms - PLAN_CLOCK_BACK_MS)
        return deal_with(PLAN_RESET, now_ms);
    if (plan->missed == PLAN_MISSED_ALL)
        return make_up_for_all(plan, now_ms, busy);
    if (!due_between(&plan->rule, plan->cursor_ms, now_ms, &due, 1))
        return wait_until(due_next(&plan->rule, plan->cursor_ms));
    if (plan->missed == PLAN_MISSED_SKIP && now_ms - due > PLAN_LATE_MS)
        return deal_with(PLAN_PASS, due);
    return deal_with(busy && !plan->allow_overlap ? PLAN_LEAVE : PLAN_RUN, due);
}

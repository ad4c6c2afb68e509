/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/plan.h"
#include "test.h"

/* A schedule with a clock that the test turns: what is due is dealt with at once, runs last as long as the test
 * says. */
struct fixture {
    struct plan plan;
    int64_t now_ms;
    bool busy;
    int64_t runs[1000];
    int run_count, left, passed, resets;
    struct plan_step last;
};

enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static struct fixture every_minute(enum plan_missed missed)
{
    return (struct fixture){.plan = {.rule = {.is_interval = true, .interval_ms = MINUTE}, .missed = missed},
                            .now_ms = 0};
}

/* What the loop does when it looks; runs end at once unless the fixture is busy. */
static void look(struct fixture *f)
{
    for (int steps = 0; steps < 500; steps++) {
        f->last = plan_next(&f->plan, f->now_ms, f->busy);
        if (f->last.action == PLAN_WAIT || f->last.action == PLAN_HOLD)
            return;
        f->left += f->last.action == PLAN_LEAVE;
        f->passed += f->last.action == PLAN_PASS;
        f->resets += f->last.action == PLAN_RESET;
        if (f->last.action == PLAN_RUN)
            f->runs[f->run_count++] = f->last.due_ms;
        f->plan.cursor_ms = f->last.due_ms;
    }
    fail_msg("it never waits");
}

static void turn(struct fixture *f, int64_t by_ms, int64_t step_ms)
{
    int64_t end_ms = f->now_ms + by_ms;
    for (; f->now_ms < end_ms; f->now_ms += step_ms)
        look(f);
    f->now_ms = end_ms;
    look(f);
}

static void each_due_time_runs_once_however_often_one_looks(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_LATEST);
    turn(&f, 10 * MINUTE, 250);
    assert_int_equal(f.run_count, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(f.runs[i], (i + 1) * MINUTE);
    assert_int_equal(f.last.wake_ms, 11 * MINUTE);
}

static void after_a_pause_latest_makes_up_for_one(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_LATEST);
    turn(&f, 3 * DAY + 5, 3 * DAY + 5);
    assert_int_equal(f.run_count, 1);
    assert_int_equal(f.runs[0], 3 * DAY);
}

static void after_a_pause_all_makes_up_for_all_in_order_but_no_more_than_100(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_ALL);
    turn(&f, 7 * MINUTE, 7 * MINUTE);
    assert_int_equal(f.run_count, 7);
    assert_int_equal(f.runs[0], MINUTE);
    assert_int_equal(f.runs[6], 7 * MINUTE);
    turn(&f, DAY, DAY);
    assert_int_equal(f.run_count, 107);
    assert_int_equal(f.runs[7], 7 * MINUTE + DAY - 99 * MINUTE);
    assert_int_equal(f.runs[106], 7 * MINUTE + DAY);
}

static void after_a_pause_skip_makes_up_for_none(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_SKIP);
    f.plan.rule.interval_ms = HOUR;
    turn(&f, 5 * HOUR + 2 * MINUTE, 5 * HOUR + 2 * MINUTE);
    assert_int_equal(f.run_count, 0);
    assert_int_equal(f.passed, 1);
    turn(&f, HOUR, 1000);
    assert_int_equal(f.run_count, 1);
    assert_int_equal(f.runs[0], 6 * HOUR);
}

static void a_little_late_is_not_missed(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_SKIP);
    f.plan.rule.interval_ms = HOUR;
    turn(&f, HOUR + 30 * 1000, HOUR + 30 * 1000);
    assert_int_equal(f.run_count, 1);
}

static void what_would_overlap_is_left_out_and_counted(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_LATEST);
    turn(&f, MINUTE, 1000);
    f.busy = true;
    turn(&f, 2 * MINUTE, 1000);
    f.busy = false;
    turn(&f, MINUTE, 1000);
    assert_int_equal(f.run_count, 2);
    assert_int_equal(f.left, 2);
    assert_int_equal(f.runs[1], 4 * MINUTE);
}

static void what_may_overlap_runs(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_LATEST);
    f.plan.allow_overlap = f.busy = true;
    turn(&f, 3 * MINUTE, 1000);
    assert_int_equal(f.run_count, 3);
}

static void all_waits_for_the_run_before_instead_of_leaving_one_out(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_ALL);
    turn(&f, MINUTE, 1000);
    f.busy = true;
    turn(&f, 3 * MINUTE, 1000);
    assert_int_equal(f.run_count, 1);
    assert_int_equal(f.last.action, PLAN_HOLD);
    f.busy = false;
    look(&f);
    assert_int_equal(f.run_count, 4);
    assert_int_equal(f.runs[1], 2 * MINUTE);
}

static void a_paused_schedule_waits_for_good(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_ALL);
    f.plan.paused = true;
    turn(&f, DAY, HOUR);
    assert_int_equal(f.run_count, 0);
    assert_true(f.last.wake_ms == INT64_MAX);
}

/* O12, O08: a clock that leaps ahead (by hand, or because the process was stopped) is one run, not a storm. */
static void a_clock_that_leaps_ahead_fires_no_storm(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_LATEST);
    f.plan.rule.interval_ms = 1000;
    turn(&f, 10 * 1000, 100);
    assert_int_equal(f.run_count, 10);
    turn(&f, 3650 * (int64_t)DAY, 3650 * (int64_t)DAY);
    assert_int_equal(f.run_count, 11);
    turn(&f, 5 * 1000, 100);
    assert_int_equal(f.run_count, 16);
}

/* A small step back repeats nothing; a large one means that the clock had been wrong, and does not stop the schedule
 * until it is there again. */
static void a_clock_that_is_put_back_repeats_nothing_and_stops_nothing(void **state)
{
    struct fixture f = every_minute(PLAN_MISSED_LATEST);
    turn(&f, 60 * MINUTE, 1000);
    assert_int_equal(f.run_count, 60);
    f.now_ms -= 10 * MINUTE;
    turn(&f, 10 * MINUTE, 1000);
    assert_int_equal(f.run_count, 60);
    turn(&f, MINUTE, 1000);
    assert_int_equal(f.run_count, 61);
    f.now_ms += 3650 * (int64_t)DAY;
    look(&f);
    assert_int_equal(f.run_count, 62);
    f.now_ms -= 3650 * (int64_t)DAY;
    turn(&f, 5 * MINUTE, 1000);
    assert_int_equal(f.resets, 1);
    assert_int_equal(f.run_count, 67);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_due_time_runs_once_however_often_one_looks),
        cmocka_unit_test(after_a_pause_latest_makes_up_for_one),
        cmocka_unit_test(after_a_pause_all_makes_up_for_all_in_order_but_no_more_than_100),
        cmocka_unit_test(after_a_pause_skip_makes_up_for_none),
        cmocka_unit_test(a_little_late_is_not_missed),
        cmocka_unit_test(what_would_overlap_is_left_out_and_counted),
        cmocka_unit_test(what_may_overlap_runs),
        cmocka_unit_test(all_waits_for_the_run_before_instead_of_leaving_one_out),
        cmocka_unit_test(a_paused_schedule_waits_for_good),
        cmocka_unit_test(a_clock_that_leaps_ahead_fires_no_storm),
        cmocka_unit_test(a_clock_that_is_put_back_repeats_nothing_and_stops_nothing),
    };
    return cmocka_run_group_tests_name("execution/plan", tests, NULL, NULL);
}

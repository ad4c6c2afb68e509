/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution/job/state.h"
#include "test.h"

/* design.md section 4, written down a second time: one row a state, "-" for a step that must not be. */
static const char *const allowed[JOB_STATES] = {
    /*                    -WQRCrSFXTIK   none Waiting Queued Running Cancelling retry Succeeded Failed X=cancelled Timed
       Int sKipped */
    [JOB_NONE] = "-WQ---------",      [JOB_WAITING] = "--Q-----XT-K",     [JOB_QUEUED] = "---R----XT--",
    [JOB_RUNNING] = "--Q-CrSF-TI-",   [JOB_CANCELLING] = "--------X---",  [JOB_RETRY_WAIT] = "--Q-----XT--",
    [JOB_SUCCEEDED] = "------------", [JOB_FAILED] = "------------",      [JOB_CANCELLED] = "------------",
    [JOB_TIMED_OUT] = "------------", [JOB_INTERRUPTED] = "------------", [JOB_SKIPPED] = "------------",
};

static void allows_exactly_the_steps_of_the_design(void **state)
{
    for (int from = 0; from < JOB_STATES; from++) {
        assert_int_equal(strlen(allowed[from]), JOB_STATES);
        for (int to = 0; to < JOB_STATES; to++)
            if (job_state_follows(from, to) != (allowed[from][to] != '-'))
                fail_msg("%s to %s", job_state_name(from), job_state_name(to));
    }
    assert_false(job_state_follows(JOB_STATES, JOB_QUEUED));
    assert_false(job_state_follows(JOB_QUEUED, JOB_STATES));
    assert_false(job_state_follows(-1, -1));
}

static void has_six_final_states_that_nothing_leaves(void **state)
{
    int finals = 0;
    for (int from = 1; from < JOB_STATES; from++)
        if (job_state_is_final(from)) {
            finals++;
            for (int to = 0; to < JOB_STATES; to++)
                assert_false(job_state_follows(from, to));
        }
    assert_int_equal(finals, 6);
}

/* From every state that is not final some final one can be reached, so no job can be stuck for good. */
static void every_job_can_end(void **state)
{
    bool ends[JOB_STATES];
    for (int i = 0; i < JOB_STATES; i++)
        ends[i] = job_state_is_final(i);
    for (int round = 0; round < JOB_STATES; round++)
        for (int from = 0; from < JOB_STATES; from++)
            for (int to = 0; to < JOB_STATES; to++)
                ends[from] |= job_state_follows(from, to) && ends[to];
    for (int i = 0; i < JOB_STATES; i++)
        assert_true(ends[i]);
}

static void an_illegal_step_aborts(void **state)
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        enum job_state ended = JOB_SUCCEEDED;
        job_state_move(&ended, JOB_RUNNING);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    enum job_state running = JOB_RUNNING;
    job_state_move(&running, JOB_CANCELLING);
    assert_int_equal(running, JOB_CANCELLING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_exactly_the_steps_of_the_design),
        cmocka_unit_test(has_six_final_states_that_nothing_leaves),
        cmocka_unit_test(every_job_can_end),
        cmocka_unit_test(an_illegal_step_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* The watchdog without its thread: the test keeps the time, and answers when it likes. */

#include "watchdog/watchdog.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

struct loop {
    void (*answer)(void *beat);
    void *beat;            /* asked, and not answered; or NULL */
    unsigned asked;
    bool refuses;
};

static unsigned alive;

static void count_alive(void)
{
    alive++;
}

static int ask(void *arg, unsigned index, void (*answer)(void *beat), void *beat)
{
    struct loop *loop = arg;
    if (loop->refuses)
        return -1;
    loop->asked++;
    loop->answer = answer;
    loop->beat = beat;
    return 0;
}

static void answer(struct loop *loop)
{
    if (loop->beat)
        loop->answer(loop->beat);
    loop->beat = NULL;
}

struct fixture {
    struct watchdog *watchdog;
    struct log *log;
    struct loop good, bad;
    int64_t now_ms;
    int lines[2];          /* a pipe */
    char text[8192];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    alive = 0;
    f->now_ms = 1000000;
    assert_int_equal(pipe(f->lines), 0);
    assert_int_equal(log_new(f->lines[1], LOG_LEVEL_INFO, &f->log), 0);
    const struct watchdog_options options = {.log = f->log, .stall_ms = 1000, .alive_ms = 500, .alive = count_alive};
    assert_int_equal(watchdog_new(&options, &f->watchdog), 0);
    assert_int_equal(watchdog_watch(f->watchdog, "good", ask, &f->good, 0), 0);
    assert_int_equal(watchdog_watch(f->watchdog, "bad", ask, &f->bad, 0), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    answer(&f->good);
    answer(&f->bad);
    watchdog_forget(f->watchdog, &f->good);
    watchdog_forget(f->watchdog, &f->bad);
    watchdog_free(f->watchdog);
    log_free(f->log);
    close(f->lines[0]);
    close(f->lines[1]);
    free(f);
    return 0;
}

static void look(struct fixture *f, unsigned times, bool bad_answers)
{
    for (unsigned i = 0; i < times; i++) {
        watchdog_look(f->watchdog, f->now_ms);
        f->now_ms += WATCHDOG_LOOK_MS;
        answer(&f->good);
        if (bad_answers)
            answer(&f->bad);
    }
}

/* What is in the log so far. A mark is written, so that reading never waits. */
static const char *lines(struct fixture *f)
{
    size_t used = strlen(f->text);
    log_info(f->log, "test", "mark");
    while (!strstr(f->text + used, "mark")) {
        size_t at = strlen(f->text);
        ssize_t got = read(f->lines[0], f->text + at, sizeof f->text - at - 1);
        assert_true(got > 0);
        f->text[at + (size_t)got] = 0;
    }
    return f->text;
}

static int write_text(void *arg, const char *text, size_t size)
{
    char *all = arg;
    strncat(all, text, size);
    return 0;
}

static void loops_that_answer_are_nobodys_news(void **state)
{
    struct fixture *f = *state;
    look(f, 40, true);
    assert_null(strstr(lines(f), "stands still"));
    assert_int_equal(f->bad.asked, 40);
    assert_int_equal(alive, 20);   /* each 500 ms, once they have answered */
}

static void one_that_stands_still_is_told_once_and_keeps_systemd_uninformed(void **state)
{
    struct fixture *f = *state;
    look(f, 4, true);
    unsigned before = alive;
    look(f, 12, false);
    const char *text = strstr(lines(f), "loop bad stands still");
    assert_non_null(text);
    assert_null(strstr(text + 1, "loop bad stands still"));
    assert_non_null(strstr(text, "test_unit_watchdog"));   /* its stack: this thread's, which answered for it */
    assert_null(strstr(f->text, "loop good"));
    unsigned during = alive;
    assert_true(during <= before + 3);   /* until it was known */
    look(f, 4, false);
    assert_int_equal(alive, during);
    look(f, 4, true);
    assert_non_null(strstr(lines(f), "loop bad goes on"));
    assert_true(alive > during);
    char page[4096] = "";
    assert_int_equal(watchdog_write_metrics(f->watchdog, write_text, page), 0);
    assert_non_null(strstr(page, "mltrainer_loop_stalls_total{loop=\"bad\"} 1\n"));
    assert_non_null(strstr(page, "mltrainer_loop_stalls_total{loop=\"good\"} 0\n"));
}

/* SIGSTOP, or a machine that slept: nobody could answer, and nobody could look. */
static void time_that_everybody_slept_through_does_not_count(void **state)
{
    struct fixture *f = *state;
    look(f, 4, true);
    look(f, 1, false);
    f->now_ms += 60000;
    look(f, 1, false);
    answer(&f->bad);
    look(f, 2, true);
    assert_null(strstr(lines(f), "stands still"));
}

/* Timed waits return at once under a clock that is set: no time has passed in which a loop could have answered. */
static void looks_before_their_time_do_not_count(void **state)
{
    struct fixture *f = *state;
    look(f, 1, false);
    for (unsigned i = 0; i < 40; i++)
        watchdog_look(f->watchdog, f->now_ms - WATCHDOG_LOOK_MS + 1);
    assert_null(strstr(lines(f), "stands still"));
    look(f, 5, false);
    assert_non_null(strstr(lines(f), "loop bad stands still"));
}

static void one_that_cannot_be_asked_does_not_count(void **state)
{
    struct fixture *f = *state;
    f->bad.refuses = true;
    look(f, 20, false);
    assert_null(strstr(lines(f), "stands still"));
    f->bad.refuses = false;
}

static void *answer_later(void *arg)
{
    answer(arg);
    return NULL;
}

/* What was asked may be on its way to memory that is to go. */
static void forgetting_waits_for_the_answer(void **state)
{
    struct fixture *f = *state;
    look(f, 1, false);
    assert_non_null(f->bad.beat);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_later, &f->bad), 0);
    watchdog_forget(f->watchdog, &f->bad);
    assert_int_equal(pthread_join(thread, NULL), 0);
    unsigned asked = f->bad.asked;
    look(f, 4, false);
    assert_int_equal(f->bad.asked, asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loops_that_answer_are_nobodys_news, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_stands_still_is_told_once_and_keeps_systemd_uninformed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(time_that_everybody_slept_through_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(looks_before_their_time_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_cannot_be_asked_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgetting_waits_for_the_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

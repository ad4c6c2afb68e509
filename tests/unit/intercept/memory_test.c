/* SPDX-License-Identifier: Apache-2.0 */

/* What interceptors do when the i-th allocation fails: an error, or a call that is not recorded, and nothing lost. */

#include <stdlib.h>

#include <mrpc/error.h>

#include "failing_malloc.h"
#include "interceptor_set.h"
#include "session_driver.h"
#include "test.h"

#define ATTEMPTS_MAX 200

static int drop_text(void *arg, const char *text, size_t size)
{
    *(size_t *)arg += size;
    return 0;
}

/* 0, or MRPC_ERR_NOMEM; with *@bytes of a page when all of it was there. */
static int record_and_read(size_t *bytes)
{
    struct mrpc_metrics *metrics;
    struct mrpc_metrics_recorder *recorder;
    int error = mrpc_metrics_new(NULL, &metrics);
    if (error != 0)
        return error;
    error = mrpc_metrics_recorder_new(metrics, &recorder);
    for (int i = 0; error == 0 && i < 20; i++) {
        static const char *const targets[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
        struct mrpc_metrics_series *series = mrpc_metrics_client_series(recorder, "/a/b", targets[i % 10]);
        mrpc_metrics_attempt_started(series);
        mrpc_metrics_attempt_ended(series, i % 17, 1, 2, 3);
        mrpc_metrics_call_ended(series, i % 17, 1);
    }
    if (error == 0)
        error = mrpc_metrics_write_prometheus(metrics, drop_text, bytes);
    mrpc_metrics_free(metrics);
    return error;
}

static void metrics_survive_any_allocation_that_fails(void **state)
{
    size_t whole = 0;
    assert_int_equal(record_and_read(&whole), 0);
    assert_true(whole > 0);
    size_t nth = 0, bytes = 0;
    for (bool failed = true; failed;) {
        assert_true(++nth < ATTEMPTS_MAX);
        bytes = 0;
        failing_malloc_at(nth, 0);
        int error = record_and_read(&bytes);
        failed = failing_malloc_calls() >= nth;
        failing_malloc_at(0, 0);
        assert_true(error == 0 || (failed && error == MRPC_ERR_NOMEM));
    }
    assert_int_equal(bytes, whole);
    assert_true(nth > 20);   /* so many there were */
}

static void making_them_fails_cleanly(void **state)
{
    struct mrpc_tracing *tracing;
    struct mrpc_metrics *metrics;
    struct mrpc_call_log *log;
    struct mrpc_authentication *authentication;
    struct mrpc_rate_limit *limit;
    const struct mrpc_call_log_options lines = {.write = (void (*)(void *, int, const char *))abort};
    const struct mrpc_authentication_options who = {.struct_bytes = sizeof(who)};
    const struct mrpc_rate_limit_options rate = {.calls_per_second = 1};
    for (size_t nth = 1; nth <= 2; nth++) {
        failing_malloc_at(1, 0);
        assert_int_equal(mrpc_tracing_new(&tracing), MRPC_ERR_NOMEM);
        failing_malloc_at(1, 0);
        assert_int_equal(mrpc_metrics_new(NULL, &metrics), MRPC_ERR_NOMEM);
        failing_malloc_at(1, 0);
        assert_int_equal(mrpc_call_log_new(&lines, &log), MRPC_ERR_NOMEM);
        failing_malloc_at(1, 0);
        assert_int_equal(mrpc_authentication_new(&who, &authentication), MRPC_ERR_NOMEM);
        failing_malloc_at(nth, 0);
        assert_int_equal(mrpc_rate_limit_new(&rate, &limit), MRPC_ERR_NOMEM);
    }
    failing_malloc_at(0, 0);
}

/* The server's recorder, its series and what a status needs are made by calls: one that fails is a call that is not
 * recorded, and is answered all the same. */
static void calls_are_answered_though_they_cannot_be_recorded(void **state)
{
    unsigned answered = 0;
    for (size_t nth = 1; nth <= 40; nth++) {
        struct interceptor_set set = {.kinds = WITH_ALL};
        struct session_driver *driver = calloc(1, sizeof(*driver));
        driver_open_with(driver, interceptor_set_add, &set);
        driver_call(driver, 1, "Split", "1:1");   /* what a connection needs is there; Say's series is not */
        driver_headers(driver, 3, "Say", NULL, 0);
        driver_message(driver, 3, "hello", true);
        size_t size;
        uint8_t *bytes = driver_take_queued(driver, &size);
        failing_malloc_at(nth, 0);
        mrpc_session_receive(driver->session, driver->now_ms, bytes, size);
        failing_malloc_at(0, 0);
        free(bytes);
        driver_pump(driver);
        int status = driver_status(driver, 3);
        assert_true(status == 0 || status == MRPC_RESOURCE_EXHAUSTED || status == -1);   /* -1: the connection itself */
        answered += status == 0;
        driver_call(driver, 5, "Say", "hello");
        driver_close(driver);
        interceptor_set_fini(&set);
        free(driver);
    }
    assert_true(answered >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_survive_any_allocation_that_fails),
        cmocka_unit_test(making_them_fails_cleanly),
        cmocka_unit_test(calls_are_answered_though_they_cannot_be_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

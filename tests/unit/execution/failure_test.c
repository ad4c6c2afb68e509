/* SPDX-License-Identifier: Apache-2.0 */
/* Which failures are worth another attempt, and after how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "execution/job/failure.h"

#define CAUSE(name) MLTRAINER__EXECUTION__V1__FAILURE_CAUSE__FAILURE_CAUSE_##name

static const struct {
    struct fault fault;
    bool worker_lost;
    API(FailureCause) cause;
    unsigned pauses; /* 0: no other attempt */
} endings[] = {
    {{.code = MRPC_INVALID_ARGUMENT}, false, CAUSE(REFUSED), 0},
    {{.code = MRPC_FAILED_PRECONDITION}, false, CAUSE(REFUSED), 0},
    {{.code = MRPC_INTERNAL}, false, CAUSE(REFUSED), 0},
    {{.code = MRPC_RESOURCE_EXHAUSTED}, false, CAUSE(LIMIT), 0},
    {{.code = MRPC_RESOURCE_EXHAUSTED, .retry_after_ms = 1000}, false, CAUSE(UNAVAILABLE), 1},
    {{.code = MRPC_UNAVAILABLE}, false, CAUSE(UNAVAILABLE), 1},
    {{.code = MRPC_INTERNAL}, true, CAUSE(CRASH), 1},
    {{.code = MRPC_RESOURCE_EXHAUSTED}, true, CAUSE(KILLED), 4},
    {{.code = MRPC_DEADLINE_EXCEEDED}, true, CAUSE(DEADLINE), 0},
    {{.code = MRPC_DEADLINE_EXCEEDED}, false, CAUSE(DEADLINE), 0},
};

enum { ENDINGS = sizeof endings / sizeof *endings, BACKOFF_MS = 1000, ATTEMPTS = 4 };

static void each_ending_has_its_cause_and_its_pause(void **state)
{
    for (size_t i = 0; i < ENDINGS; i++) {
        struct operation operation = {.fault = endings[i].fault, .worker_lost = endings[i].worker_lost};
        struct job job = {.number = 7, .attempt = 1, .max_attempts = ATTEMPTS, .backoff_ms = BACKOFF_MS};
        assert_int_equal(failure_cause(&operation), endings[i].cause);
        assert_int_equal(failure_is_worth_another(&job, &operation), endings[i].pauses > 0);
        int64_t least_ms = (int64_t)endings[i].pauses * BACKOFF_MS;
        assert_in_range(failure_pause_ms(&job, &operation), least_ms, least_ms + least_ms / 4);
    }
}

static void attempts_are_counted_and_pauses_double(void **state)
{
    struct operation operation = {.fault = {.code = MRPC_INTERNAL}, .worker_lost = true};
    struct job job = {.number = 7, .max_attempts = ATTEMPTS, .backoff_ms = BACKOFF_MS};
    int64_t before_ms = 0;
    for (job.attempt = 1; job.attempt < ATTEMPTS; job.attempt++) {
        int64_t pause_ms = failure_pause_ms(&job, &operation);
        assert_true(failure_is_worth_another(&job, &operation));
        assert_true(pause_ms >= 2 * before_ms);
        before_ms = pause_ms;
    }
    assert_false(failure_is_worth_another(&job, &operation));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ending_has_its_cause_and_its_pause),
        cmocka_unit_test(attempts_are_counted_and_pauses_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

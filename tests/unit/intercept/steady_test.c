/* SPDX-License-Identifier: Apache-2.0 */

/* With all interceptors of the library a unary call allocates nothing once the first have been made. */

#include <stdlib.h>

#include "failing_malloc.h"
#include "interceptor_set.h"
#include "session_driver.h"
#include "test.h"

#define CALLS 50

static int32_t next_id;

static uint8_t *requests(struct session_driver *driver, size_t *size)
{
    for (int i = 0; i < CALLS; i++, next_id += 2) {
        driver_headers(driver, next_id, "Say", NULL, 0);
        driver_message(driver, next_id, i % 10 == 9 ? "fail:5:none" : "hello", true);
    }
    return driver_take_queued(driver, size);
}

static size_t allocations_of(unsigned kinds)
{
    struct interceptor_set set = {.kinds = kinds, .lines_per_second = 1000000};
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_with(driver, interceptor_set_add, &set);
    raw_window_update(&driver->client, 0, 1 << 30);
    next_id = 1;
    size_t size, allocations = 0;
    for (int round = 0; round < 4; round++) {
        uint8_t *bytes = requests(driver, &size);
        failing_malloc_at(0, 0);
        driver_feed(driver, bytes, size);
        allocations = failing_malloc_calls();
        assert_true(round > 0 || allocations > 0);   /* they are counted */
        free(bytes);
    }
    assert_int_equal(driver->echo.said, 4 * CALLS);
    assert_int_equal(set.lines, kinds & WITH_CALL_LOG ? 4 * CALLS : 0);
    driver_close(driver);
    interceptor_set_fini(&set);
    free(driver);
    return allocations;
}

static void calls_allocate_nothing_in_steady_state(void **state)
{
    size_t without = allocations_of(0);
    assert_int_equal(allocations_of(WITH_ALL), without);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_int_equal(without, 0);   /* sanitizers are given what nghttp2 allocates too: session/memory.c */
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_allocate_nothing_in_steady_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

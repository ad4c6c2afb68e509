/* SPDX-License-Identifier: Apache-2.0 */

/* What happens by itself on a connection: drain, keepalive, age. The clock is the test's. */

#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"

#define MINUTE_MS (60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)

static int set_up(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .connection_idle_ms = 100 * HOUR_MS};
    if (*state != NULL)
        limits.connection_age_ms = 100 * HOUR_MS;
    driver_open(driver, &limits);
    *state = driver;
    return 0;
}

static int tear_down(void **state)
{
    struct session_driver *driver = *state;
    echo_service_finish_held(&driver->echo, 1);
    driver_close(driver);
    free(driver);
    return 0;
}

static int32_t goaway_last_id(const struct raw_frame *frame)
{
    return (int32_t)((uint32_t)frame->payload[0] << 24 | (uint32_t)frame->payload[1] << 16 |
                     (uint32_t)frame->payload[2] << 8 | frame->payload[3]);
}

static void acknowledge_pings(struct session_driver *driver)
{
    const struct raw_frame *ping = raw_peer_find(&driver->client, NGHTTP2_PING, 0);
    assert_non_null(ping);
    assert_int_equal(ping->flags & NGHTTP2_FLAG_ACK, 0);
    raw_frame(&driver->client, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, ping->payload, 8);
    driver_pump(driver);
}

static void a_drain_says_goaway_twice_and_serves_what_was_under_way(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hold");
    mrpc_session_drain(driver->session, driver->now_ms);
    driver_pump(driver);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_GOAWAY, 0), 1);
    assert_int_equal(goaway_last_id(raw_peer_find(&driver->client, NGHTTP2_GOAWAY, 0)), 0x7fffffff);
    driver_call(driver, 3, "Say", "sent before the GOAWAY was seen");
    assert_int_equal(driver_status(driver, 3), 0);
    acknowledge_pings(driver);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_GOAWAY, 0), 2);
    assert_int_equal(goaway_last_id(raw_peer_find(&driver->client, NGHTTP2_GOAWAY, 0)), 3);
    driver_call(driver, 5, "Say", "too late");
    assert_int_equal(driver->echo.said, 2);
    assert_false(mrpc_session_finished(driver->session));
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 0);
    assert_true(mrpc_session_finished(driver->session));
}

static void a_drain_does_not_wait_for_a_ping_that_is_not_answered(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hello");
    mrpc_session_drain(driver->session, driver->now_ms);
    driver_pump(driver);
    assert_false(mrpc_session_finished(driver->session));
    driver_advance(driver, 5000);
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(goaway_last_id(raw_peer_find(&driver->client, NGHTTP2_GOAWAY, 0)), 1);
}

static void a_quiet_peer_is_pinged_and_kept_if_it_answers(void **state)
{
    struct session_driver *driver = *state;
    driver_advance(driver, 2 * HOUR_MS - 1);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_PING, 0), 0);
    driver_advance(driver, 1);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_PING, 0), 1);
    driver_advance(driver, 10 * 1000);
    acknowledge_pings(driver);
    driver_advance(driver, HOUR_MS);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_PING, 0), 1);
    driver_advance(driver, HOUR_MS + MINUTE_MS);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_PING, 0), 2);
    driver_advance(driver, 20 * 1000);
    assert_true(mrpc_session_finished(driver->session));
    assert_true(driver_rejected(driver, "keepalive_timeout"));
}

static void an_old_connection_is_drained_within_its_jitter_and_cut_after_the_grace(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hold");
    driver_advance(driver, 54 * MINUTE_MS - 1);
    assert_int_equal(driver_goaway(driver), -1);
    driver_advance(driver, 12 * MINUTE_MS + 1);
    assert_int_equal(driver_goaway(driver), NGHTTP2_NO_ERROR);
    assert_false(mrpc_session_finished(driver->session));
    driver_advance(driver, 5 * MINUTE_MS);
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver->echo.cancelled, 1);
    assert_true(driver_rejected(driver, "connection_age"));
}

int main(void)
{
    static int ageless;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_drain_says_goaway_twice_and_serves_what_was_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_drain_does_not_wait_for_a_ping_that_is_not_answered, set_up, tear_down),
        cmocka_unit_test_prestate_setup_teardown(a_quiet_peer_is_pinged_and_kept_if_it_answers, set_up, tear_down,
                                                 &ageless),
        cmocka_unit_test_setup_teardown(an_old_connection_is_drained_within_its_jitter_and_cut_after_the_grace, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

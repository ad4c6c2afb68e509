/* SPDX-License-Identifier: Apache-2.0 */

/* Windows that overflow, stay shut, or are not heeded, and peers that do not read: rows H19 to H21. */

#include <stdlib.h>

#include "hostile_peer.h"

static void h19_the_connection_window_overflows(void **state)
{
    struct session_driver *driver = *state;
    raw_window_update(&driver->client, 0, 0x7fffffff);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_FLOW_CONTROL_ERROR, "protocol_error");
}

static void h19_data_beyond_our_window(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.hold_messages = true;
    driver_headers(driver, 1, "Chat", NULL, 0);
    driver_message(driver, 1, "held", false);
    uint8_t *bytes = calloc(1, 16384);
    for (int i = 0; i < 5; i++)
        raw_data(&driver->client, 1, false, bytes, 16384);
    free(bytes);
    driver_pump_frames(driver);
    assert_true(driver_goaway(driver) == NGHTTP2_FLOW_CONTROL_ERROR ||
                raw_frame_error(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, 1)) == NGHTTP2_FLOW_CONTROL_ERROR);
    mrpc_call_resume(driver->echo.chat);   /* it was held, and must be let go though it is cancelled */
}

static void h20_replies_wait_with_their_calls_while_the_window_is_zero(void **state)
{
    struct session_driver *driver = *state;
    raw_setting(&driver->client, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    for (int32_t id = 1; id < 200; id += 2) {
        begin(driver, id);
        driver_message(driver, id, "size:4000000", true);
    }
    driver_pump(driver);
    assert_int_equal(driver->echo.said, 100);
    assert_true(driver->session->output.pending_bytes < 64 * 1024);
    /* Encoded when a window opens, not before: the handler's own message is all there is. */
    assert_true(raw_peer_count(&driver->client, NGHTTP2_DATA, -1) == 0);
    driver_advance(driver, 59999);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_RST_STREAM, -1), 0);
    driver_advance(driver, 1);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_RST_STREAM, -1), 100);
    assert_true(driver_rejected(driver, "send_stall"));
}

static void h21_a_peer_that_reads_nothing_is_not_read_from_either(void **state)
{
    struct session_driver *driver = *state;
    raw_setting(&driver->client, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff);
    raw_window_update(&driver->client, 0, 0x70000000);
    driver_pump(driver);
    driver->deaf = true;
    for (int32_t id = 1; id < 200; id += 2) {
        begin(driver, id);
        driver_message(driver, id, "size:100000", true);
        driver_pump(driver);
    }
    assert_false(mrpc_session_want_read(driver->session));
    assert_in_range(driver->session->output.pending_bytes, 256 << 10, (256 << 10) + 20000);
    driver_advance(driver, 60000);
    assert_true(mrpc_session_finished(driver->session));
    assert_true(driver_rejected(driver, "output_stall"));
    assert_int_equal(driver->session->output.pending_bytes, 0);
}

static void h21_control_frames_are_not_queued_without_end(void **state)
{
    struct session_driver *driver = *state;
    driver->deaf = true;
    for (int i = 0; i < 3000; i++)
        raw_frame(&driver->client, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
    for (int i = 0; i < 3000; i++)
        raw_frame(&driver->client, NGHTTP2_PING, 0, 0, "12345678", 8);
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(h19_the_connection_window_overflows),
        ROW(h19_data_beyond_our_window),
        ROW(h20_replies_wait_with_their_calls_while_the_window_is_zero),
        ROW(h21_a_peer_that_reads_nothing_is_not_read_from_either),
        ROW(h21_control_frames_are_not_queued_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

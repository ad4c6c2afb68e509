/* SPDX-License-Identifier: Apache-2.0 */

/* Streams that are reset, provoked, or used against their state and number: rows H06 to H08 and H25 to H27. */

#include "hostile_peer.h"

static void h06_rapid_reset_ends_the_connection(void **state)
{
    struct session_driver *driver = *state;
    int32_t id = 1;
    for (; id < 2 * 5000 && !mrpc_session_finished(driver->session); id += 2) {
        begin(driver, id);
        driver_message(driver, id, "hold", true);
        raw_rst(&driver->client, id, NGHTTP2_CANCEL);
        if (id % 10 == 1)
            driver_pump(driver);
    }
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver_goaway(driver), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(driver->echo.said <= 100);   /* no more handlers than streams are allowed */
    assert_true(id < 2 * 1200);
}

static void h06_rapid_reset_by_one_that_does_not_read(void **state)
{
    struct session_driver *driver = *state;
    driver->deaf = true;
    for (int32_t id = 1; id < 2 * 5000; id += 2) {
        begin(driver, id);
        raw_rst(&driver->client, id, NGHTTP2_CANCEL);
    }
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
    assert_true(driver->session->counts.streams_opened <= 1001);
}

static void provoke(struct session_driver *driver, void (*fault)(struct session_driver *driver, int32_t id))
{
    int32_t id = 1;
    for (; id < 2 * 2000 && !mrpc_session_finished(driver->session); id += 2) {
        fault(driver, id);
        driver_pump(driver);
    }
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver_goaway(driver), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(driver_rejected(driver, "provoked_resets"));
    assert_true(id <= 2 * 110);
}

static void overflow_window(struct session_driver *driver, int32_t id)
{
    begin(driver, id);
    raw_window_update(&driver->client, id, 0x7fffffff);
}

static void break_content_length(struct session_driver *driver, int32_t id)
{
    driver_headers(driver, id, "Say", &(struct raw_field){"content-length", "3"}, 1);
    driver_message(driver, id, "hello", true);
}

static void break_headers(struct session_driver *driver, int32_t id)
{
    driver_headers(driver, id, "Say", &(struct raw_field){"connection", "close"}, 1);
}

static void break_trailers(struct session_driver *driver, int32_t id)
{
    begin(driver, id);
    raw_headers(&driver->client, id, true, &(struct raw_field){":path", "/"}, 1);
}

static void h07_provoked_resets_window_overflow(void **state)
{
    provoke(*state, overflow_window);
}

static void h07_provoked_resets_content_length(void **state)
{
    provoke(*state, break_content_length);
}

static void h07_provoked_resets_bad_headers(void **state)
{
    provoke(*state, break_headers);
}

static void h07_provoked_resets_bad_trailers(void **state)
{
    provoke(*state, break_trailers);
}

static void h08_window_update_of_zero(void **state)
{
    struct session_driver *driver = *state;
    begin(driver, 1);
    raw_window_update(&driver->client, 1, 0);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "window_update_of_zero");
}

static void h08_data_on_a_closed_stream(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hello");
    raw_data(&driver->client, 1, true, "x", 1);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_STREAM_CLOSED, "stream_closed");
}

static void h08_headers_on_a_half_closed_stream(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hold");
    begin(driver, 1);
    driver_pump(driver);
    assert_true(driver_goaway(driver) == NGHTTP2_STREAM_CLOSED || driver_goaway(driver) == NGHTTP2_PROTOCOL_ERROR);
    assert_true(mrpc_session_finished(driver->session));
}

static void h08_headers_after_a_reset(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Nope", "refused");
    begin(driver, 3);
    raw_rst(&driver->client, 3, NGHTTP2_CANCEL);
    begin(driver, 3);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_STREAM_CLOSED, "stream_closed");
}

static void h25_an_even_stream_id(void **state)
{
    struct session_driver *driver = *state;
    begin(driver, 2);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void a_goodbye_with_the_number_of_the_clients_own_stream_is_no_fault(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hello");
    raw_goaway(&driver->client, 1, NGHTTP2_NO_ERROR, "client transport shutdown");   /* so says grpc-go */
    driver_pump(driver);
    assert_int_equal(driver_goaway(driver), NGHTTP2_PROTOCOL_ERROR);
    assert_string_equal(driver->rejected, "");
}

static void a_complaint_with_a_wrong_stream_id_is_one(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hello");
    raw_goaway(&driver->client, 1, NGHTTP2_INTERNAL_ERROR, "");
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void h25_a_lower_stream_id(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 5, "Say", "hello");
    begin(driver, 3);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "stream_id");
}

static void h25_a_lower_stream_id_after_many(void **state)
{
    struct session_driver *driver = *state;
    for (int32_t id = 1; id < 100; id += 14)
        driver_call(driver, id, "Say", "hello");
    begin(driver, 97);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "stream_id");
}

static void h26_more_streams_than_allowed(void **state)
{
    struct session_driver *driver = *state;
    for (int32_t id = 1; id < 2 * 101; id += 2)
        begin(driver, id);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void h26_what_counts_is_handlers_not_streams(void **state)
{
    struct session_driver *driver = *state;
    for (int32_t id = 1; id < 200; id += 2) {
        begin(driver, id);
        driver_message(driver, id, "hold", true);
        raw_rst(&driver->client, id, NGHTTP2_CANCEL);
    }
    driver_pump(driver);
    assert_int_equal(driver->echo.held_count, 100);
    driver_call(driver, 201, "Say", "hello");
    assert_int_equal(raw_frame_error(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, 201)), NGHTTP2_REFUSED_STREAM);
    echo_service_finish_held(&driver->echo, 1);
    driver_pump(driver);
    driver_call(driver, 203, "Say", "hello");
    assert_int_equal(driver_status(driver, 203), 0);
}

static void h27_a_push_promise_from_a_client(void **state)
{
    struct session_driver *driver = *state;
    raw_frame(&driver->client, NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, "\0\0\0\2\x83", 5);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void h27_a_reset_of_an_idle_stream(void **state)
{
    struct session_driver *driver = *state;
    raw_rst(&driver->client, 9, NGHTTP2_CANCEL);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(h06_rapid_reset_ends_the_connection),
        ROW(h06_rapid_reset_by_one_that_does_not_read),
        ROW(h07_provoked_resets_window_overflow),
        ROW(h07_provoked_resets_content_length),
        ROW(h07_provoked_resets_bad_headers),
        ROW(h07_provoked_resets_bad_trailers),
        ROW(h08_window_update_of_zero),
        ROW(h08_data_on_a_closed_stream),
        ROW(h08_headers_on_a_half_closed_stream),
        ROW(h08_headers_after_a_reset),
        ROW(h25_an_even_stream_id),
        ROW(a_goodbye_with_the_number_of_the_clients_own_stream_is_no_fault),
        ROW(a_complaint_with_a_wrong_stream_id_is_one),
        ROW(h25_a_lower_stream_id),
        ROW(h25_a_lower_stream_id_after_many),
        ROW(h26_more_streams_than_allowed),
        ROW(h26_what_counts_is_handlers_not_streams),
        ROW(h27_a_push_promise_from_a_client),
        ROW(h27_a_reset_of_an_idle_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

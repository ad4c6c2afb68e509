/* SPDX-License-Identifier: Apache-2.0 */

/* Calls through a session in memory, whole and byte by byte: what a client gets for what handlers do. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"

/* Made with googleapis-common-protos in Python: google.rpc.Status with one packed detail, base64 without padding. */
#define DETAILS_BAD_REQUEST \
    "CAMSFXRleHQ6IGlzIDEwMCUgIndyb25nIhpGCil0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuQmFkUmVxdWVzdBIZChcK" \
    "BHRleHQSD2lzIDEwMCUgIndyb25nIg"
#define DETAILS_RETRY \
    "CA4SBWxhdGVyGjYKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCgoICAEQgMq17gE"

/* The tests run once with everything in one piece and once byte by byte. */
static int set_up(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    size_t piece = *state != NULL ? *(const size_t *)*state : 0;
    driver_open(driver, NULL);
    driver->piece = piece;
    *state = driver;
    return 0;
}

static int tear_down(void **state)
{
    struct session_driver *driver = *state;
    driver_close(driver);
    free(driver);
    return 0;
}

static void expect_texts(struct session_driver *driver, int32_t id, const char *expected)
{
    char *texts = driver_texts(driver, id);
    assert_string_equal(texts, expected);
    free(texts);
}

static size_t frames_with_end(struct session_driver *driver, int32_t id)
{
    size_t count = 0;
    for (size_t i = 0; i < driver->client.frame_count; i++)
        count += driver->client.frames[i].id == id && driver->client.frames[i].type <= NGHTTP2_HEADERS &&
                 (driver->client.frames[i].flags & NGHTTP2_FLAG_END_STREAM) != 0;
    return count;
}

static void unary_is_answered_with_headers_data_and_trailers(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hello");
    expect_texts(driver, 1, "hello");
    assert_int_equal(driver_status(driver, 1), 0);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_HEADERS, 1), 2);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_DATA, 1), 1);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_RST_STREAM, 1), 0);
    assert_int_equal(frames_with_end(driver, 1), 1);
    assert_string_equal(driver->echo.peer, "memory:1");
    assert_int_equal(driver->echo.released, 1);
    assert_string_equal(driver->ended, "0 ");
}

static void an_empty_message_is_a_message(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", NULL, 0);
    raw_message(&driver->client, 1, true, NULL, 0);
    driver_pump(driver);
    expect_texts(driver, 1, "");
    assert_int_equal(driver_status(driver, 1), 0);
}

static void an_error_without_data_is_trailers_only(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "fail:5:n\xc3\xb6t here 100%");
    assert_int_equal(driver_status(driver, 1), 5);
    assert_string_equal(driver_trailer(driver, 1, "grpc-message"), "n%C3%B6t here 100%25");
    assert_string_equal(driver_trailer(driver, 1, ":status"), "200");
    assert_string_equal(driver_trailer(driver, 1, "content-type"), "application/grpc");
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_HEADERS, 1), 1);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_DATA, 1), 0);
    assert_string_equal(driver->ended, "5 ");
}

static void details_travel_as_a_google_rpc_status(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "details");
    assert_int_equal(driver_status(driver, 1), 3);
    assert_string_equal(driver_trailer(driver, 1, "grpc-message"), "text: is 100%25 \"wrong\"");
    assert_string_equal(driver_trailer(driver, 1, "grpc-status-details-bin"), DETAILS_BAD_REQUEST);
    driver_call(driver, 3, "Say", "retry");
    assert_int_equal(driver_status(driver, 3), 14);
    assert_string_equal(driver_trailer(driver, 3, "grpc-status-details-bin"), DETAILS_RETRY);
    assert_string_equal(driver_trailer(driver, 3, "grpc-retry-pushback-ms"), "1500");
}

static void a_held_call_is_answered_when_it_is_finished(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hold");
    driver_call(driver, 3, "Say", "hold");
    driver_call(driver, 5, "Say", "now");
    assert_int_equal(driver_status(driver, 1), -1);
    expect_texts(driver, 5, "now");
    echo_service_finish_held(&driver->echo, 0);
    assert_int_equal(driver_status(driver, 1), -1);
    assert_int_equal(driver->wakes, 1);   /* one wake-up for both */
    driver_pump(driver);
    expect_texts(driver, 1, "late");
    expect_texts(driver, 3, "late");
    assert_int_equal(driver_status(driver, 3), 0);
    assert_int_equal(driver->output_ready, 1);
    assert_int_equal(driver->echo.released, 3);
    assert_int_equal(driver->echo.cancelled, 0);
}

static void a_reset_cancels_once_and_the_finish_says_nothing(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hold");
    assert_false(mrpc_call_cancelled(driver->echo.held[0]));
    raw_rst(&driver->client, 1, NGHTTP2_CANCEL);
    driver_pump(driver);
    assert_int_equal(driver->echo.cancelled, 1);
    assert_true(mrpc_call_cancelled(driver->echo.held[0]));
    assert_int_equal(driver->echo.released, 0);
    size_t frames = driver->client.frame_count;
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    assert_int_equal(driver->client.frame_count, frames);
    assert_int_equal(driver->echo.released, 1);
    assert_string_equal(driver->ended, "1 ");
    driver_call(driver, 3, "Say", "next");
    expect_texts(driver, 3, "next");
}

static void a_call_may_finish_in_its_cancel_callback(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.answer_at_cancel = true;
    driver_call(driver, 1, "Say", "hold");
    driver_call(driver, 3, "Say", "hold");
    raw_rst(&driver->client, 3, NGHTTP2_CANCEL);
    driver_pump(driver);
    assert_int_equal(driver->echo.released, 1);
    driver_disconnect(driver);
    assert_int_equal(driver->echo.cancelled, 2);
    assert_int_equal(driver->echo.released, 2);
}

static void a_lost_connection_cancels_and_the_call_outlives_it(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "hold");
    driver_disconnect(driver);
    assert_int_equal(driver->echo.cancelled, 1);
    assert_int_equal(mrpc_session_host_calls(driver->host), 1);
    assert_string_equal(mrpc_call_peer(driver->echo.held[0]), "memory:1");
    echo_service_finish_held(&driver->echo, 13);
    driver_pump(driver);
    assert_int_equal(mrpc_session_host_calls(driver->host), 0);
}

static void the_deadline_ends_a_held_call_with_a_status(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", &(struct raw_field){"grpc-timeout", "250m"}, 1);
    driver_message(driver, 1, "hold", true);
    driver_pump(driver);
    assert_int_equal(mrpc_call_deadline_ms(driver->echo.held[0]), driver->now_ms + 250);
    assert_int_equal(mrpc_session_next_timeout_ms(driver->session, driver->now_ms), 250);
    driver_advance(driver, 249);
    assert_int_equal(driver_status(driver, 1), -1);
    driver_advance(driver, 1);
    assert_int_equal(driver_status(driver, 1), 4);
    assert_int_equal(driver->echo.cancelled, 1);
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_HEADERS, 1), 1);
    assert_string_equal(driver->ended, "4 ");
}

static void a_stream_is_answered_message_by_message(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Split", "3:2");
    expect_texts(driver, 1, "xx|xx|xx");
    assert_int_equal(driver_status(driver, 1), 0);
    driver_call(driver, 3, "Split", "0:0");
    assert_int_equal(driver_status(driver, 3), 0);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_DATA, 3), 0);
}

static void a_client_stream_is_collected(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Join", NULL, 0);
    driver_message(driver, 1, "one", false);
    driver_message(driver, 1, "three", false);
    driver_pump(driver);
    assert_int_equal(driver->echo.messages, 2);
    driver_message(driver, 1, "", true);
    driver_pump(driver);
    expect_texts(driver, 1, "3:8");
    driver_headers(driver, 3, "Join", NULL, 0);
    raw_data(&driver->client, 3, true, NULL, 0);
    driver_pump(driver);
    expect_texts(driver, 3, "0:0");
}

static void bidi_messages_go_both_ways(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Chat", NULL, 0);
    driver_message(driver, 1, "a", false);
    driver_pump(driver);
    expect_texts(driver, 1, "a");
    driver_message(driver, 1, "b", false);
    driver_message(driver, 1, "c", true);
    driver_pump(driver);
    expect_texts(driver, 1, "a|b|c");
    assert_int_equal(driver_status(driver, 1), 0);
    assert_int_equal(driver->echo.half_closes, 1);
}

static void messages_wait_until_the_handler_resumes(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.hold_messages = true;
    driver_headers(driver, 1, "Chat", NULL, 0);
    driver_message(driver, 1, "a", false);
    driver_message(driver, 1, "b", false);
    driver_message(driver, 1, "c", true);
    driver_pump(driver);
    assert_int_equal(driver->echo.messages, 1);
    mrpc_call_resume(driver->echo.chat);
    driver_pump(driver);
    assert_int_equal(driver->echo.messages, 2);
    mrpc_call_resume(driver->echo.chat);
    driver_pump(driver);
    assert_int_equal(driver->echo.half_closes, 0);
    mrpc_call_resume(driver->echo.chat);
    driver_pump(driver);
    assert_int_equal(driver->echo.half_closes, 1);
    expect_texts(driver, 1, "a|b|c");
}

static void a_stream_that_is_between_messages_ends_with_its_connection(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Chat", NULL, 0);
    driver_message(driver, 1, "a", false);
    driver_headers(driver, 3, "Join", NULL, 0);
    driver_pump(driver);
    assert_int_equal(mrpc_session_host_calls(driver->host), 2);
    raw_rst(&driver->client, 3, NGHTTP2_CANCEL);
    driver_pump(driver);
    assert_int_equal(mrpc_session_host_calls(driver->host), 1);
    driver_disconnect(driver);
    assert_int_equal(mrpc_session_host_calls(driver->host), 0);
}

static void large_replies_keep_to_the_windows(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "size:200000");
    size_t size;
    free(driver_data(driver, 1, &size));
    assert_int_equal(size, 65535);
    for (int i = 0; i < 3; i++) {
        raw_window_update(&driver->client, 0, 65535);
        raw_window_update(&driver->client, 1, 65535);
        driver_pump(driver);
    }
    char *texts = driver_texts(driver, 1);
    assert_int_equal(strlen(texts), 200000);
    assert_int_equal(strspn(texts, "x"), 200000);
    free(texts);
    assert_int_equal(driver_status(driver, 1), 0);
    assert_int_equal(driver->echo.released, 1);
}

static void a_handler_is_stopped_when_the_client_does_not_read(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Split", "100:10000");
    size_t size;
    free(driver_data(driver, 1, &size));
    assert_int_equal(size, 65535);
    for (int i = 0; i < 40 && driver_status(driver, 1) < 0; i++) {
        raw_window_update(&driver->client, 0, 30000);
        raw_window_update(&driver->client, 1, 30000);
        driver_pump(driver);
    }
    free(driver_data(driver, 1, &size));
    assert_int_equal(size, 100 * (10000 + 3 + 5));
    assert_int_equal(driver_status(driver, 1), 0);
}

static void requests_larger_than_the_window_come_in(void **state)
{
    struct session_driver *driver = *state;
    size_t size = 300000;
    char *text = malloc(size + 1);
    memset(text, 'y', size);
    text[size] = '\0';
    driver_headers(driver, 1, "Join", NULL, 0);
    driver_message(driver, 1, text, true);
    free(text);
    driver_pump_frames(driver);   /* a client has to wait for its window */
    expect_texts(driver, 1, "1:300000");
    assert_true(raw_peer_count(&driver->client, NGHTTP2_WINDOW_UPDATE, 1) >= 3);
}

#define BOTH(test)                                                                                                     \
    {#test, test, set_up, tear_down, NULL}, {#test "_byte_by_byte", test, set_up, tear_down, &one_byte}

int main(void)
{
    static size_t one_byte = 1;
    const struct CMUnitTest tests[] = {
        BOTH(unary_is_answered_with_headers_data_and_trailers),
        BOTH(an_empty_message_is_a_message),
        BOTH(an_error_without_data_is_trailers_only),
        BOTH(details_travel_as_a_google_rpc_status),
        BOTH(a_held_call_is_answered_when_it_is_finished),
        BOTH(a_reset_cancels_once_and_the_finish_says_nothing),
        BOTH(a_call_may_finish_in_its_cancel_callback),
        BOTH(a_lost_connection_cancels_and_the_call_outlives_it),
        BOTH(the_deadline_ends_a_held_call_with_a_status),
        BOTH(a_stream_is_answered_message_by_message),
        BOTH(a_client_stream_is_collected),
        BOTH(bidi_messages_go_both_ways),
        BOTH(messages_wait_until_the_handler_resumes),
        BOTH(a_stream_that_is_between_messages_ends_with_its_connection),
        BOTH(large_replies_keep_to_the_windows),
        BOTH(a_handler_is_stopped_when_the_client_does_not_read),
        BOTH(requests_larger_than_the_window_come_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

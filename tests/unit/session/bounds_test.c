/* SPDX-License-Identifier: Apache-2.0 */

/* What a session holds and says has bounds: answers that are too long for a header block, requests that are kept while
 * their end does not come, frames that stop half-way, calls that only their handler may end. */

#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "session_driver.h"
#include "test.h"

static int set_up(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
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

/* driver_trailer() cuts; this does not. */
static size_t trailer_bytes(struct session_driver *driver, int32_t id, const char *name)
{
    const struct raw_frame *frame = raw_peer_find(&driver->client, NGHTTP2_HEADERS, id);
    const char *line = strstr(frame->headers, name);
    return line != NULL ? strcspn(line + strlen(name) + 2, "\n") : 0;
}

static void a_long_message_is_cut_and_its_details_are_left_out(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "long:1000000");
    assert_int_equal(driver_status(driver, 1), 5);
    assert_int_equal(trailer_bytes(driver, 1, "grpc-message"), 4096);
    driver_call(driver, 3, "Say", "details:3000");
    assert_int_equal(driver_status(driver, 3), 5);
    assert_int_equal(trailer_bytes(driver, 3, "grpc-message"), 3000);
    assert_true(trailer_bytes(driver, 3, "grpc-status-details-bin") > 8000);
    driver_call(driver, 5, "Say", "details:200000");
    assert_int_equal(driver_status(driver, 5), 5);
    assert_int_equal(trailer_bytes(driver, 5, "grpc-message"), 4096);
    assert_int_equal(trailer_bytes(driver, 5, "grpc-status-details-bin"), 0);
    assert_int_equal(mrpc_session_streams(driver->session), 0);
}

static void trailers_end_where_the_status_needs_the_room(void **state)
{
    struct session_driver *driver = *state;
    driver_call(driver, 1, "Say", "trailers:100");
    assert_int_equal(driver->echo.trailers_taken, 15);
    assert_int_equal(driver_status(driver, 1), 14);
    assert_int_equal(strlen(driver_trailer(driver, 1, "x-long")), 1024);
    assert_int_equal(mrpc_session_streams(driver->session), 0);
}

static void a_client_that_takes_little_gets_the_status(void **state)
{
    struct session_driver *driver = *state;
    raw_setting(&driver->client, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 500);
    driver_call(driver, 1, "Say", "trailers:3");
    assert_int_equal(driver_status(driver, 1), 14);
    assert_string_equal(driver_trailer(driver, 1, "grpc-message"), "with trailers");
    assert_string_equal(driver_trailer(driver, 1, "x-long"), "");
    driver_call(driver, 3, "Say", "long:1000");
    assert_int_equal(driver_status(driver, 3), 5);
    assert_string_equal(driver_trailer(driver, 3, "grpc-message"), "");
}

static void requests_that_are_kept_count_until_their_end_comes(void **state)
{
    struct session_driver *driver = *state;
    size_t size = 3 << 20;
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    for (int32_t id = 1; id < 21; id += 2) {
        driver_headers(driver, id, "Say", NULL, 0);
        driver_message(driver, id, text, false);
        driver_pump_frames(driver);
    }
    /* Four are kept; while the fifth is put together the budget of 16 MiB runs out. */
    assert_true(driver->session->charged_bytes >= 4 * size);
    assert_true(driver->session->charged_bytes <= 16 << 20);
    assert_int_equal(driver_status(driver, 7), -1);
    assert_int_equal(driver_status(driver, 9), MRPC_RESOURCE_EXHAUSTED);
    raw_data(&driver->client, 1, true, NULL, 0);
    driver_pump(driver);
    assert_int_equal(driver->echo.said, 1);
    assert_true(driver->session->charged_bytes < 4 * size);
    free(text);
}

static void expect_abort_after(struct session_driver *driver, int64_t ms)
{
    driver_pump(driver);
    driver_advance(driver, ms - 1);
    assert_false(mrpc_session_finished(driver->session));
    driver_advance(driver, 1);
    assert_int_equal(driver_goaway(driver), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(driver_rejected(driver, "header_block_timeout"));
}

static void h10_a_frame_head_that_stops(void **state)
{
    struct session_driver *driver = *state;
    raw_bytes(&driver->client, "\0\0\x08\x06", 4);
    expect_abort_after(driver, 10000);
}

static void h10_headers_that_drip(void **state)
{
    struct session_driver *driver = *state;
    raw_bytes(&driver->client, "\0\1\0\1\4\0\0\0\1", 9);
    for (int i = 0; i < 9; i++) {
        raw_bytes(&driver->client, "\x83", 1);
        driver_pump(driver);
        driver_advance(driver, 1000);
    }
    expect_abort_after(driver, 1000);
}

static void h10_a_refused_header_block_that_ends_is_no_fault(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.keep_chats = true;
    for (int32_t id = 1; id <= 199; id += 2)
        driver_headers(driver, id, "Chat", NULL, 0);
    for (int32_t id = 1; id <= 199; id += 2)
        raw_rst(&driver->client, id, NGHTTP2_CANCEL);
    driver_pump(driver);
    /* The handlers are still at work, so one more is refused; its header block comes in two frames. */
    raw_frame(&driver->client, NGHTTP2_HEADERS, 0, 201, "\x83", 1);
    driver_pump(driver);
    raw_frame(&driver->client, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 201, "\x86\x84", 2);
    driver_pump(driver);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_RST_STREAM, 201), 1);
    driver_advance(driver, 10000);
    assert_false(driver_rejected(driver, "header_block_timeout"));
    echo_service_finish_held(&driver->echo, 0);
}

static void data_may_take_its_time(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Join", NULL, 0);
    raw_bytes(&driver->client, "\0\0\x7\0\1\0\0\0\1\0\0", 11);
    driver_pump(driver);
    driver_advance(driver, 25000);
    raw_bytes(&driver->client, "\0\0\2\12\0", 5);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 0);
}

static void g20_a_message_that_drips_without_end(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Chat", NULL, 0);
    raw_data(&driver->client, 1, false, "\0\0\1\0\0", 5);
    driver_pump(driver);
    for (int s = 0; s < 600; s += 10) {
        assert_int_equal(driver_status(driver, 1), -1);
        raw_data(&driver->client, 1, false, "x", 1);
        driver_pump(driver);
        driver_advance(driver, 10000);
    }
    assert_int_equal(driver_status(driver, 1), MRPC_DEADLINE_EXCEEDED);
    assert_true(driver_rejected(driver, "message_timeout"));
}

/* The same for a message that takes long but comes: the time of the first one ends when it begins. */
static void a_slow_message_is_waited_for(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", NULL, 0);
    driver_pump(driver);
    driver_advance(driver, 29000);
    raw_data(&driver->client, 1, false, "\0\0\0\0\4\12\2", 7);
    driver_pump(driver);
    driver_advance(driver, 500000);
    raw_data(&driver->client, 1, true, "ok", 2);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 0);
}

/* The handler, its deadline and the peer's reset at the same moment, in any order: one end, and nothing twice. */
static void g22_the_deadline_and_the_end_at_the_same_tick(void **state)
{
    struct session_driver *driver = *state;
    const struct raw_field timeout = {"grpc-timeout", "10m"};
    unsigned dice = 22, ok = 0;
    for (int32_t id = 1; id < 40001; id += 2) {
        driver_headers(driver, id, "Say", &timeout, 1);
        driver_message(driver, id, "hold", true);
        driver_pump(driver);
        dice = dice * 1103515245 + 12345;
        unsigned order = dice >> 16;
        driver->echo.answer_at_cancel = (order & 4) != 0;
        if ((order & 1) != 0)
            echo_service_finish_held(&driver->echo, 0);
        if ((order & 0xf8) == 0xf8)   /* 1 in 32: nghttp2 takes more for an attack, by a clock of its own */
            raw_rst(&driver->client, id, NGHTTP2_CANCEL);
        if ((order & 2) != 0)
            driver_pump(driver);
        driver_advance(driver, 10);
        echo_service_finish_held(&driver->echo, 0);
        driver_pump(driver);
        ok += driver_status(driver, id) == 0;
        assert_int_equal(driver_goaway(driver), -1);
        raw_peer_forget(&driver->client);   /* they are many */
    }
    assert_false(mrpc_session_finished(driver->session));
    assert_int_equal(mrpc_session_streams(driver->session), 0);
    assert_int_equal(driver->echo.released, 20000);
    assert_in_range(ok, 1, 19999);
}

/* Server 9 of the checklist: streams whose handlers take nothing hold their own windows, not the connection's. */
static void a_slow_stream_leaves_the_others_the_connection(void **state)
{
    struct session_driver *driver = *state;
    uint8_t *bytes = calloc(1, 16384);
    struct mrpc_call *slow[20];
    driver->echo.hold_messages = true;
    for (int32_t id = 1; id < 41; id += 2) {
        driver_headers(driver, id, "Chat", NULL, 0);
        driver_message(driver, id, "held", false);
        for (int i = 0; i < 3; i++)   /* 20 streams with 48 KiB each: nearly the connection's window of 1 MiB */
            raw_data(&driver->client, id, false, bytes, 16384);
        driver_pump_frames(driver);
        slow[id / 2] = driver->echo.chat;
    }
    driver_headers(driver, 41, "Join", NULL, 0);
    raw_data(&driver->client, 41, false, "\0\0\4\0\0\12\375\377\17", 9);
    for (int i = 0; i < 16; i++)
        raw_data(&driver->client, 41, i == 15, bytes, i == 15 ? 16380 : 16384);
    driver_pump_frames(driver);
    assert_int_equal(driver_goaway(driver), -1);
    assert_int_not_equal(driver_status(driver, 41), -1);
    for (int32_t id = 1; id < 41; id += 2)
        raw_rst(&driver->client, id, NGHTTP2_CANCEL);
    driver_pump(driver);
    for (int i = 0; i < 20; i++)
        mrpc_call_resume(slow[i]);
    driver_pump(driver);
    free(bytes);
}

static void a_kept_call_ends_by_its_finish_alone(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.keep_chats = true;
    driver_headers(driver, 1, "Chat", NULL, 0);
    driver_message(driver, 1, "one", true);
    driver_pump(driver);
    assert_int_equal(driver->echo.half_closes, 1);
    assert_int_equal(driver_status(driver, 1), -1);
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 0);
}

#define ROW(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_long_message_is_cut_and_its_details_are_left_out),
        ROW(trailers_end_where_the_status_needs_the_room),
        ROW(a_client_that_takes_little_gets_the_status),
        ROW(requests_that_are_kept_count_until_their_end_comes),
        ROW(h10_a_frame_head_that_stops),
        ROW(h10_headers_that_drip),
        ROW(h10_a_refused_header_block_that_ends_is_no_fault),
        ROW(data_may_take_its_time),
        ROW(g20_a_message_that_drips_without_end),
        ROW(a_slow_message_is_waited_for),
        ROW(g22_the_deadline_and_the_end_at_the_same_tick),
        ROW(a_slow_stream_leaves_the_others_the_connection),
        ROW(a_kept_call_ends_by_its_finish_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Peers that break HTTP/2 or lean on it: rows H of the list of faults, each under its number. In every row the server
 * stays bounded, says GOAWAY where the connection is over, and leaves no call behind (driver_close asserts that). */

#include <stdio.h>
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

static int set_up_silent(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_silent(driver, NULL);
    *state = driver;
    return 0;
}

static int set_up_silent_strict(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_silent_strict(driver);
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

static void expect_end(struct session_driver *driver, uint32_t code, const char *reason)
{
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver_goaway(driver), code);
    if (!driver_rejected(driver, reason))
        fail_msg("rejected for: %s", driver->rejected);
}

static void preface(struct session_driver *driver)
{
    raw_bytes(&driver->client, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

/* HEADERS of a Say whose message is to follow, or not. */
static void begin(struct session_driver *driver, int32_t id)
{
    driver_headers(driver, id, "Say", NULL, 0);
}

static void h01_silence_is_closed_after_the_handshake_timeout(void **state)
{
    struct session_driver *driver = *state;
    driver_advance(driver, 9999);
    assert_false(mrpc_session_finished(driver->session));
    driver_advance(driver, 1);
    assert_true(mrpc_session_finished(driver->session));
    assert_true(driver_rejected(driver, "handshake_timeout"));
}

static void h02_a_slow_preface_does_not_move_the_timeout(void **state)
{
    struct session_driver *driver = *state;
    for (int i = 0; i < 10; i++) {
        raw_bytes(&driver->client, &NGHTTP2_CLIENT_MAGIC[i], 1);
        driver_pump(driver);
        assert_false(mrpc_session_finished(driver->session));
        driver_advance(driver, 1000);
    }
    assert_true(mrpc_session_finished(driver->session));
}

static void h03_http1_is_told_so_and_noise_is_closed(void **state)
{
    struct session_driver *driver = *state;
    driver->deaf = true;
    raw_bytes(&driver->client, "GET / HTTP/1.1\r\n\r\n", 18);
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
    struct iovec piece;
    assert_int_equal(mrpc_session_output(driver->session, &piece, 1), 1);
    assert_memory_equal(piece.iov_base, "HTTP/1.1 505 ", 13);
    const char *body = memmem(piece.iov_base, piece.iov_len, "\r\n\r\n", 4);
    assert_non_null(body);
    const char *length = memmem(piece.iov_base, piece.iov_len, "content-length: ", 16);
    assert_int_equal((const char *)piece.iov_base + piece.iov_len - body - 4, atoi(length + 16));
    assert_true(driver_rejected(driver, "http1"));
}

static void h03_http1_is_known_byte_by_byte(void **state)
{
    struct session_driver *driver = *state;
    driver->piece = 1;
    driver->deaf = true;
    raw_bytes(&driver->client, "PUT /x HTTP/1.1\r\n", 17);
    driver_pump(driver);
    assert_true(driver_rejected(driver, "http1"));
}

static void h03_tls_on_the_clear_port_is_closed(void **state)
{
    struct session_driver *driver = *state;
    raw_bytes(&driver->client, "\x16\x03\x01\x02\x00\x01", 6);
    driver_pump(driver);
    struct iovec piece;
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(mrpc_session_output(driver->session, &piece, 1), 0);
    assert_true(driver_rejected(driver, "bad_preface"));
}

static void h03_a_wrong_preface_is_found_at_any_byte(void **state)
{
    struct session_driver *driver = *state;
    preface(driver);
    driver->client.out[23] = 'x';
    driver->piece = 1;
    driver->deaf = true;
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
}

static void h04_the_first_frame_is_settings(void **state)
{
    struct session_driver *driver = *state;
    preface(driver);
    raw_frame(&driver->client, NGHTTP2_PING, 0, 0, "12345678", 8);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void h05_settings_that_are_never_acknowledged(void **state)
{
    struct session_driver *driver = *state;
    preface(driver);
    raw_settings(&driver->client);
    driver_pump(driver);
    driver_call(driver, 1, "Say", "hello");
    assert_int_equal(driver_status(driver, 1), 0);   /* one may call meanwhile */
    driver_advance(driver, 10000);
    expect_end(driver, NGHTTP2_SETTINGS_TIMEOUT, "settings_timeout");
}

static void h05_streams_over_the_cap_before_the_ack_are_refused_and_counted(void **state)
{
    struct session_driver *driver = *state;
    preface(driver);
    raw_settings(&driver->client);
    for (int32_t id = 1; id < 2 * 1000; id += 2)
        begin(driver, id);
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
    assert_true(driver_rejected(driver, "refused_stream"));
    assert_true(driver_rejected(driver, "provoked_resets"));
}

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

static void h09_continuations_without_end(void **state)
{
    struct session_driver *driver = *state;
    raw_frame(&driver->client, NGHTTP2_HEADERS, 0, 1, "\x83", 1);
    for (int i = 0; i < 5; i++)
        raw_frame(&driver->client, NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "continuations");
}

static void h10_another_frame_inside_a_header_block(void **state)
{
    struct session_driver *driver = *state;
    raw_frame(&driver->client, NGHTTP2_HEADERS, 0, 1, "\x83", 1);
    raw_frame(&driver->client, NGHTTP2_PING, 0, 0, "12345678", 8);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void h10_a_header_block_that_stops(void **state)
{
    struct session_driver *driver = *state;
    raw_frame(&driver->client, NGHTTP2_HEADERS, 0, 1, "\x83", 1);
    driver_pump(driver);
    driver_advance(driver, 9999);
    assert_false(mrpc_session_finished(driver->session));
    driver_advance(driver, 1);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "header_block_timeout");
}

static void h11_an_hpack_bomb_costs_its_stream_only(void **state)
{
    struct session_driver *driver = *state;
    /* One 2,000-byte value, then references of a byte each to it. */
    char value[2001];
    memset(value, 'v', 2000);
    value[2000] = '\0';
    struct raw_field fields[50];
    for (int i = 0; i < 50; i++)
        fields[i] = (struct raw_field){"x-bomb", value};
    driver_headers(driver, 1, "Say", fields, 50);
    driver_pump(driver);
    assert_non_null(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, 1));
    assert_true(driver_rejected(driver, "header_list"));
    /* HPACK is still in step, with the same table. */
    driver_headers(driver, 3, "Say", fields, 1);
    driver_message(driver, 3, "hello", true);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 3), 0);
}

static void h12_header_blocks_that_are_no_hpack(void **state)
{
    struct session_driver *driver = *state;
    raw_frame(&driver->client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_COMPRESSION_ERROR, "protocol_error");
}

static void h13_pings_that_come_too_often(void **state)
{
    struct session_driver *driver = *state;
    for (int i = 0; i < 3; i++) {
        raw_frame(&driver->client, NGHTTP2_PING, 0, 0, "12345678", 8);
        driver_pump(driver);
        assert_false(mrpc_session_finished(driver->session));
    }
    raw_frame(&driver->client, NGHTTP2_PING, 0, 0, "12345678", 8);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
    const struct raw_frame *goaway = raw_peer_find(&driver->client, NGHTTP2_GOAWAY, 0);
    assert_int_equal(goaway->size, 8 + 14);
    assert_memory_equal(goaway->payload + 8, "too_many_pings", 14);
}

static void h13_pings_between_answers_are_fine(void **state)
{
    struct session_driver *driver = *state;
    for (int32_t id = 1; id < 101; id += 2) {
        driver_call(driver, id, "Say", "hello");
        raw_frame(&driver->client, NGHTTP2_PING, 0, 0, "12345678", 8);
        driver_pump(driver);
    }
    assert_false(mrpc_session_finished(driver->session));
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_PING, 0), 50);
}

static void h14_settings_that_come_too_often(void **state)
{
    struct session_driver *driver = *state;
    for (int i = 0; i < 10; i++)
        raw_settings(&driver->client);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "settings");
}

static void h14_settings_with_too_many_entries(void **state)
{
    struct session_driver *driver = *state;
    uint8_t entries[6 * 64] = {0};
    for (int i = 0; i < 64; i++) {
        entries[6 * i + 1] = NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE;
        entries[6 * i + 4] = 1;
    }
    raw_frame(&driver->client, NGHTTP2_SETTINGS, 0, 0, entries, sizeof(entries));
    driver_pump(driver);
    assert_true(mrpc_session_finished(driver->session));
}

static void h15_empty_data(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Chat", NULL, 0);
    raw_data(&driver->client, 1, false, NULL, 0);
    driver_message(driver, 1, "a", false);
    raw_data(&driver->client, 1, false, NULL, 0);
    driver_pump(driver);
    assert_false(mrpc_session_finished(driver->session));
    raw_data(&driver->client, 1, false, NULL, 0);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "empty_data");
}

static void h15_data_that_is_only_padding(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Chat", NULL, 0);
    for (int i = 0; i < 4; i++)
        raw_frame(&driver->client, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\x03\0\0\0", 4);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "empty_data");
}

static void h15_a_message_in_frames_of_one_byte(void **state)
{
    struct session_driver *driver = *state;
    size_t size = 200000;
    uint8_t *bytes = calloc(1, size + 9);
    bytes[2] = (uint8_t)((size + 4) >> 16 & 0xff);
    bytes[1] = 0;
    bytes[2] = (uint8_t)((size + 4) >> 16);
    bytes[3] = (uint8_t)((size + 4) >> 8);
    bytes[4] = (uint8_t)(size + 4);
    bytes[5] = 0x0a;
    bytes[6] = (uint8_t)(size | 0x80);
    bytes[7] = (uint8_t)(size >> 7 | 0x80);
    bytes[8] = (uint8_t)(size >> 14);
    memset(bytes + 9, 'a', size);
    driver_headers(driver, 1, "Join", NULL, 0);
    for (size_t at = 0; at < size + 9; at++) {
        raw_data(&driver->client, 1, at + 1 == size + 9, bytes + at, 1);
        if (at % 1000 == 0)
            driver_pump(driver);
        assert_true(driver->session->charged_bytes <= 2 * size);
    }
    free(bytes);
    driver_pump(driver);
    char *texts = driver_texts(driver, 1);
    assert_string_equal(texts, "1:200000");
    free(texts);
}

static void h16_priorities_without_end(void **state)
{
    struct session_driver *driver = *state;
    for (int i = 0; i < 300; i++)
        raw_frame(&driver->client, NGHTTP2_PRIORITY, 0, 2 * i + 1001, "\0\0\0\0\x0f", 5);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "priorities");
}

static void h16_priorities_that_are_wrong(void **state)
{
    struct session_driver *driver = *state;
    driver->piece = 1;
    raw_frame(&driver->client, NGHTTP2_PRIORITY, 0, 7, "\0\0\0\7\x0f", 5);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "priority");
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

static void h17_unknown_frames_do_not_keep_a_connection(void **state)
{
    struct session_driver *driver = *state;
    for (int minute = 0; minute < 15; minute++) {
        raw_frame(&driver->client, 0x77, 0, 0, "noise", 5);
        driver_advance(driver, 60 * 1000);
    }
    assert_int_equal(driver_goaway(driver), NGHTTP2_NO_ERROR);
    driver_advance(driver, 5000);   /* no answer to our PING */
    assert_true(mrpc_session_finished(driver->session));
}

static void h18_window_updates_without_end(void **state)
{
    struct session_driver *driver = *state;
    for (int i = 0; i < 6; i++)
        raw_window_update(&driver->client, 0, 1);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_ENHANCE_YOUR_CALM, "window_updates");
}

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

static void expect_setting_refused(struct session_driver *driver, uint16_t setting, uint32_t value, uint32_t code)
{
    raw_setting(&driver->client, setting, value);
    driver_pump(driver);
    expect_end(driver, code, "protocol_error");
}

static void h23_a_window_beyond_2_31(void **state)
{
    expect_setting_refused(*state, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000u, NGHTTP2_FLOW_CONTROL_ERROR);
}

static void h23_frames_smaller_than_allowed(void **state)
{
    expect_setting_refused(*state, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16383, NGHTTP2_PROTOCOL_ERROR);
}

static void h23_push_that_is_neither_on_nor_off(void **state)
{
    expect_setting_refused(*state, NGHTTP2_SETTINGS_ENABLE_PUSH, 2, NGHTTP2_PROTOCOL_ERROR);
}

static void h24_a_frame_longer_than_16384(void **state)
{
    struct session_driver *driver = *state;
    uint8_t *bytes = calloc(1, 16385);
    begin(driver, 1);
    raw_data(&driver->client, 1, false, bytes, 16385);
    free(bytes);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_FRAME_SIZE_ERROR, "protocol_error");
}

static void h24_more_padding_than_frame(void **state)
{
    struct session_driver *driver = *state;
    begin(driver, 1);
    raw_frame(&driver->client, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\x05xyz", 4);
    driver_pump(driver);
    expect_end(driver, NGHTTP2_PROTOCOL_ERROR, "padding");
}

static void h24_padding_counts_in_flow_control(void **state)
{
    struct session_driver *driver = *state;
    uint8_t padded[256 + 8] = {255, 0, 0, 0, 0, 2, 10, 0};
    driver_headers(driver, 1, "Join", NULL, 0);
    for (int i = 0; i < 1000; i++)
        raw_frame(&driver->client, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, padded, 8 + 255);
    driver_pump_frames(driver);
    assert_int_equal(driver->echo.messages, 1000);
    assert_true(raw_peer_count(&driver->client, NGHTTP2_WINDOW_UPDATE, 1) >= 6);
}

static void h25_an_even_stream_id(void **state)
{
    struct session_driver *driver = *state;
    begin(driver, 2);
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

static void h29_a_connection_that_is_cut_at_any_byte(void **state)
{
    struct session_driver *template = *state;
    driver_headers(template, 1, "Chat", NULL, 0);
    driver_message(template, 1, "one", false);
    driver_headers(template, 3, "Say", NULL, 0);
    driver_message(template, 3, "hold", true);
    raw_rst(&template->client, 1, NGHTTP2_CANCEL);
    driver_headers(template, 5, "Split", NULL, 0);
    driver_message(template, 5, "3:100", true);
    size_t size = template->client.out_size;
    struct session_driver *driver = calloc(1, sizeof(*driver));
    for (size_t cut = 0; cut <= size; cut++) {
        driver_open(driver, NULL);
        raw_bytes(&driver->client, template->client.out, cut);
        driver_pump(driver);
        driver_disconnect(driver);
        echo_service_finish_held(&driver->echo, 0);
        driver_close(driver);
    }
    free(driver);
    template->client.out_size = 0;
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define STRICT(test) cmocka_unit_test_setup_teardown(test, set_up_silent_strict, tear_down)
#define SILENT(test) cmocka_unit_test_setup_teardown(test, set_up_silent, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SILENT(h01_silence_is_closed_after_the_handshake_timeout),
        SILENT(h02_a_slow_preface_does_not_move_the_timeout),
        STRICT(h03_http1_is_told_so_and_noise_is_closed),
        STRICT(h03_http1_is_known_byte_by_byte),
        SILENT(h03_tls_on_the_clear_port_is_closed),
        SILENT(h03_a_wrong_preface_is_found_at_any_byte),
        SILENT(h04_the_first_frame_is_settings),
        SILENT(h05_settings_that_are_never_acknowledged),
        SILENT(h05_streams_over_the_cap_before_the_ack_are_refused_and_counted),
        ROW(h06_rapid_reset_ends_the_connection),
        ROW(h06_rapid_reset_by_one_that_does_not_read),
        ROW(h07_provoked_resets_window_overflow),
        ROW(h07_provoked_resets_content_length),
        ROW(h07_provoked_resets_bad_headers),
        ROW(h07_provoked_resets_bad_trailers),
        ROW(h08_window_update_of_zero),
        ROW(h08_data_on_a_closed_stream),
        ROW(h08_headers_on_a_half_closed_stream),
        ROW(h09_continuations_without_end),
        ROW(h10_another_frame_inside_a_header_block),
        ROW(h10_a_header_block_that_stops),
        ROW(h11_an_hpack_bomb_costs_its_stream_only),
        ROW(h12_header_blocks_that_are_no_hpack),
        ROW(h13_pings_that_come_too_often),
        ROW(h13_pings_between_answers_are_fine),
        ROW(h14_settings_that_come_too_often),
        ROW(h14_settings_with_too_many_entries),
        ROW(h15_empty_data),
        ROW(h15_data_that_is_only_padding),
        ROW(h15_a_message_in_frames_of_one_byte),
        ROW(h16_priorities_without_end),
        ROW(h16_priorities_that_are_wrong),
        ROW(h08_headers_after_a_reset),
        ROW(h17_unknown_frames_do_not_keep_a_connection),
        ROW(h18_window_updates_without_end),
        ROW(h19_the_connection_window_overflows),
        ROW(h19_data_beyond_our_window),
        ROW(h20_replies_wait_with_their_calls_while_the_window_is_zero),
        ROW(h21_a_peer_that_reads_nothing_is_not_read_from_either),
        ROW(h21_control_frames_are_not_queued_without_end),
        ROW(h23_a_window_beyond_2_31),
        ROW(h23_frames_smaller_than_allowed),
        ROW(h23_push_that_is_neither_on_nor_off),
        ROW(h24_a_frame_longer_than_16384),
        ROW(h24_more_padding_than_frame),
        ROW(h24_padding_counts_in_flow_control),
        ROW(h25_an_even_stream_id),
        ROW(h25_a_lower_stream_id),
        ROW(h25_a_lower_stream_id_after_many),
        ROW(h26_more_streams_than_allowed),
        ROW(h26_what_counts_is_handlers_not_streams),
        ROW(h27_a_push_promise_from_a_client),
        ROW(h27_a_reset_of_an_idle_stream),
        ROW(h29_a_connection_that_is_cut_at_any_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

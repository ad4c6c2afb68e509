/* SPDX-License-Identifier: Apache-2.0 */

/* Frames that cost more than they carry: rows H13 to H18. */

#include <stdlib.h>
#include <string.h>

#include "hostile_peer.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(h13_pings_that_come_too_often),
        ROW(h13_pings_between_answers_are_fine),
        ROW(h14_settings_that_come_too_often),
        ROW(h14_settings_with_too_many_entries),
        ROW(h15_empty_data),
        ROW(h15_data_that_is_only_padding),
        ROW(h15_a_message_in_frames_of_one_byte),
        ROW(h16_priorities_without_end),
        ROW(h16_priorities_that_are_wrong),
        ROW(h17_unknown_frames_do_not_keep_a_connection),
        ROW(h18_window_updates_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

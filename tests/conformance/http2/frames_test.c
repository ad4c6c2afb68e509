/* SPDX-License-Identifier: Apache-2.0 */

/* Frames and settings that are malformed, and connections that are cut: rows H23, H24 and H29. */

#include <stdlib.h>

#include "hostile_peer.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(h23_a_window_beyond_2_31),
        ROW(h23_frames_smaller_than_allowed),
        ROW(h23_push_that_is_neither_on_nor_off),
        ROW(h24_a_frame_longer_than_16384),
        ROW(h24_more_padding_than_frame),
        ROW(h24_padding_counts_in_flow_control),
        ROW(h29_a_connection_that_is_cut_at_any_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

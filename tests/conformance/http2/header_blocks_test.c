/* SPDX-License-Identifier: Apache-2.0 */

/* Header blocks without end, inside one another, or that are bombs: rows H09 to H12. */

#include <string.h>

#include "hostile_peer.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(h09_continuations_without_end),
        ROW(h10_another_frame_inside_a_header_block),
        ROW(h10_a_header_block_that_stops),
        ROW(h11_an_hpack_bomb_costs_its_stream_only),
        ROW(h12_header_blocks_that_are_no_hpack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

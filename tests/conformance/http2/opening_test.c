/* SPDX-License-Identifier: Apache-2.0 */

/* Peers that never become one, or that speak something else: rows H01 to H05. */

#include <string.h>

#include "hostile_peer.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Requests that are not quite gRPC, and what they are answered with. Rows G of the list of faults are named. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

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
    /* Whatever the request was, the connection serves the next one. */
    driver_call(driver, 1001, "Say", "still here");
    assert_int_equal(driver_status(driver, 1001), 0);
    driver_close(driver);
    free(driver);
    return 0;
}

/* One Say with a header replaced, dropped (value NULL) or added. */
static void ask(struct session_driver *driver, int32_t id, const char *name, const char *value)
{
    driver_headers(driver, id, "Say", &(struct raw_field){name, value}, 1);
    driver_message(driver, id, "hello", true);
    driver_pump(driver);
}

static void g15_content_type_decides_whether_it_is_grpc(void **state)
{
    struct session_driver *driver = *state;
    static const char *const good[] = {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
                                       "Application/GRPC", "application/grpc+proto; a=b"};
    static const char *const bad[] = {"text/html", "application/grpcx", "application/xml", NULL};
    int32_t id = 1;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++, id += 2) {
        ask(driver, id, "content-type", good[i]);
        assert_int_equal(driver_status(driver, id), 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++, id += 2) {
        ask(driver, id, "content-type", bad[i]);
        assert_string_equal(driver_trailer(driver, id, ":status"), "415");
        assert_int_equal(driver_status(driver, id), -1);
        size_t size;
        uint8_t *body = driver_data(driver, id, &size);
        assert_int_equal(size, atoi(driver_trailer(driver, id, "content-length")));
        free(body);
    }
    ask(driver, id, "content-type", "application/grpc+json"); /* which the message is not */
    assert_int_equal(driver_status(driver, id), 3);
    ask(driver, id + 2, "content-type", "application/grpc+avro");
    assert_int_equal(driver_status(driver, id + 2), 12);
}

static void g15_only_post_is_a_call(void **state)
{
    struct session_driver *driver = *state;
    ask(driver, 1, ":method", "GET");
    assert_string_equal(driver_trailer(driver, 1, ":status"), "405");
    ask(driver, 3, ":method", "PUT");
    assert_string_equal(driver_trailer(driver, 3, ":status"), "405");
    assert_int_equal(driver->echo.said, 0);
}

static void g16_te_may_be_missing_but_not_wrong(void **state)
{
    struct session_driver *driver = *state;
    ask(driver, 1, "te", NULL);
    assert_int_equal(driver_status(driver, 1), 0);
    ask(driver, 3, "te", "gzip");
    assert_int_equal(raw_frame_error(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, 3)), NGHTTP2_PROTOCOL_ERROR);
}

static void g17_a_path_that_is_not_known_is_unimplemented(void **state)
{
    struct session_driver *driver = *state;
    char longest[4001];
    memset(longest, 'a', 4000);
    longest[0] = '/';
    longest[4000] = '\0';
    const char *const paths[] = {"/test.Echo/Nope", "/test.Echo/say", "/nope/Say", "/", "//", "/a", "/a/b/c",
                                 "/test.Echo//Say", "/../test.Echo/Say", "/%74est.Echo/Say", "/test.Echo/Say/",
                                 "/test.Echo/Missing", longest};
    int32_t id = 1;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++, id += 2) {
        ask(driver, id, ":path", paths[i]);
        assert_int_equal(driver_status(driver, id), 12);
    }
    /* nghttp2 itself resets what is no path at all. */
    ask(driver, id, ":path", "test.Echo/Say");
    assert_true(driver_status(driver, id) == 12 || raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, id) != NULL);
    assert_int_equal(driver->echo.said, 0);
    assert_string_equal(driver->ended, "");
}

static void g11_grpc_timeout(void **state)
{
    struct session_driver *driver = *state;
    static const struct {
        const char *value;
        int status;
    } rows[] = {{"1H", 0}, {"99999999H", 0}, {"99999999n", 0}, {"0n", 4}, {"0H", 4}, {"-1S", 13}, {"1.5S", 13},
                {"123456789S", 13}, {"", 13}, {"S", 13}, {"1", 13}, {"1x", 13}, {"1 S", 13}, {"+1S", 13}};
    int32_t id = 1;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++, id += 2) {
        unsigned said = driver->echo.said;
        ask(driver, id, "grpc-timeout", rows[i].value);
        assert_int_equal(driver_status(driver, id), rows[i].status);
        assert_int_equal(driver->echo.said - said, rows[i].status == 0);
    }
}

static void g07_an_unknown_encoding_is_answered_with_those_that_are_known(void **state)
{
    struct session_driver *driver = *state;
    ask(driver, 1, "grpc-encoding", "snappy");
    assert_int_equal(driver_status(driver, 1), 12);
    assert_string_equal(driver_trailer(driver, 1, "grpc-accept-encoding"), "identity,deflate,gzip");
}

/* The five bytes, then what follows. */
static void send_prefixed(struct session_driver *driver, int32_t id, uint8_t flag, uint32_t length, const void *bytes,
                          size_t size, bool end)
{
    uint8_t *framed = malloc(5 + size);
    framed[0] = flag;
    framed[1] = (uint8_t)(length >> 24);
    framed[2] = (uint8_t)(length >> 16);
    framed[3] = (uint8_t)(length >> 8);
    framed[4] = (uint8_t)length;
    if (size > 0)
        memcpy(framed + 5, bytes, size);
    raw_data(&driver->client, id, end, framed, 5 + size);
    free(framed);
}

static void g06_g10_the_compressed_flag_needs_an_encoding(void **state)
{
    struct session_driver *driver = *state;
    for (int flag = 1; flag < 4; flag++) {
        int32_t id = flag * 2 - 1;
        driver_headers(driver, id, "Say", NULL, 0);
        send_prefixed(driver, id, (uint8_t)flag, 0, NULL, 0, true);
        driver_pump(driver);
        assert_int_equal(driver_status(driver, id), 13);
    }
    assert_int_equal(driver->echo.said, 0);
}

static void g01_too_long_a_message_is_refused_from_its_prefix(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", NULL, 0);
    send_prefixed(driver, 1, 0, UINT32_MAX, NULL, 0, false);
    driver_headers(driver, 3, "Say", NULL, 0);
    send_prefixed(driver, 3, 0, (4 << 20) + 1, NULL, 0, false);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 8);
    assert_int_equal(driver_status(driver, 3), 8);
    /* Its client goes on sending: it is asked to stop without blame. */
    assert_int_equal(raw_frame_error(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, 1)), NGHTTP2_NO_ERROR);
    assert_true(driver_rejected(driver, "message_limit"));
}

static void g03_the_end_inside_a_message_is_an_error(void **state)
{
    struct session_driver *driver = *state;
    uint8_t message[] = {0, 0, 0, 0, 7, 10, 5, 'h', 'e', 'l', 'l', 'o'};
    int32_t id = 1;
    for (size_t cut = 1; cut < sizeof(message); cut++, id += 2) {
        driver_headers(driver, id, "Say", NULL, 0);
        raw_data(&driver->client, id, true, message, cut);
        driver_pump(driver);
        assert_int_equal(driver_status(driver, id), 13);
    }
    assert_int_equal(driver->echo.said, 0);
}

static void g04_a_unary_call_has_exactly_one_message(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", NULL, 0);
    raw_data(&driver->client, 1, true, NULL, 0);
    driver_headers(driver, 3, "Say", NULL, 0);
    driver_message(driver, 3, "one", false);
    driver_message(driver, 3, "two", true);
    driver_headers(driver, 5, "Split", NULL, 0);
    driver_message(driver, 5, "1:1", false);
    driver_message(driver, 5, "1:1", true);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 12);
    assert_int_equal(driver_status(driver, 3), 12);
    assert_int_equal(driver_status(driver, 5), 12);
    assert_int_equal(driver->echo.said, 0);
}

static void g05_frames_are_no_boundaries(void **state)
{
    struct session_driver *driver = *state;
    uint8_t two[] = {0, 0, 0, 0, 3, 10, 1, 'a', 0, 0, 0, 0, 4, 10, 2, 'b', 'c'};
    int32_t id = 1;
    for (size_t cut = 1; cut < sizeof(two); cut++, id += 2) {
        driver_headers(driver, id, "Chat", NULL, 0);
        raw_data(&driver->client, id, false, two, cut);
        raw_data(&driver->client, id, true, two + cut, sizeof(two) - cut);
        driver_pump(driver);
        char *texts = driver_texts(driver, id);
        assert_string_equal(texts, "a|bc");
        free(texts);
        assert_int_equal(driver_status(driver, id), 0);
    }
}

static void a_request_that_cannot_be_decoded_is_internal_and_says_why(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", NULL, 0);
    raw_message(&driver->client, 1, true, "\x0a\x02\xff\xfe", 4);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 13);
    assert_non_null(strstr(driver_trailer(driver, 1, "grpc-message"), "value"));
    assert_int_equal(driver->echo.said, 0);
}

static size_t gzip(const char *text, size_t size, uint8_t *out, size_t room)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)size, .next_out = out,
                       .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

static void compressed_requests_are_answered_compressed_if_the_client_takes_it(void **state)
{
    struct session_driver *driver = *state;
    char text[1003] = "\x0a\xe8\x07";
    memset(text + 3, 'z', 1000);
    uint8_t packed[2048];
    size_t packed_bytes = gzip(text, sizeof(text), packed, sizeof(packed));
    struct raw_field fields[] = {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity,gzip"}};
    driver_headers(driver, 1, "Say", fields, 2);
    send_prefixed(driver, 1, 1, (uint32_t)packed_bytes, packed, packed_bytes, true);
    driver_headers(driver, 3, "Say", fields, 1);
    send_prefixed(driver, 3, 1, (uint32_t)packed_bytes, packed, packed_bytes, true);
    driver_pump(driver);
    size_t size;
    uint8_t *bytes = driver_data(driver, 1, &size);
    assert_int_equal(bytes[0], 1);
    assert_true(size < 100);
    free(bytes);
    bytes = driver_data(driver, 3, &size);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(size, 1003 + 5);
    free(bytes);
    assert_int_equal(driver_status(driver, 1), 0);
    assert_int_equal(driver_status(driver, 3), 0);
}

static void g08_a_bomb_is_stopped_at_the_limit(void **state)
{
    struct session_driver *driver = *state;
    size_t size = 64 << 20;
    char *zeros = calloc(1, size);
    uint8_t *packed = malloc(1 << 20);
    size_t packed_bytes = gzip(zeros, size, packed, 1 << 20);
    free(zeros);
    driver_headers(driver, 1, "Say", &(struct raw_field){"grpc-encoding", "gzip"}, 1);
    uint8_t prefix[5] = {1, 0, (uint8_t)(packed_bytes >> 16), (uint8_t)(packed_bytes >> 8), (uint8_t)packed_bytes};
    raw_data(&driver->client, 1, false, prefix, 5);
    for (size_t at = 0; at < packed_bytes; at += 16384)
        raw_data(&driver->client, 1, at + 16384 >= packed_bytes, packed + at,
                 packed_bytes - at < 16384 ? packed_bytes - at : 16384);
    free(packed);
    driver_pump_frames(driver);
    assert_int_equal(driver_status(driver, 1), 8);
}

static void g12_bad_base64_fails_its_stream_only(void **state)
{
    struct session_driver *driver = *state;
    ask(driver, 1, "x-bin", "AAE");
    assert_int_equal(driver_status(driver, 1), 0);
    ask(driver, 3, "x-bin", "AAE=,AA==");
    assert_int_equal(driver_status(driver, 3), 0);
    ask(driver, 5, "x-bin", "A*");
    assert_int_equal(driver_status(driver, 5), 13);
}

static void g18_headers_that_http2_forbids_reset_the_stream(void **state)
{
    struct session_driver *driver = *state;
    static const struct raw_field bad[] = {
        {"connection", "close"}, {"Upper", "case"}, {"bad name", "x"}, {"x-control", "a\x01z"}, {":unknown", "x"}};
    int32_t id = 1;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++, id += 2) {
        ask(driver, id, bad[i].name, bad[i].value);
        assert_int_equal(driver_status(driver, id), -1);
        assert_non_null(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, id));
    }
    struct raw_field hosts[] = {{":authority", "a"}, {"host", "a"}, {"host", "b"}};
    driver_headers(driver, id, "Say", hosts, 3);
    driver_pump(driver);
    assert_non_null(raw_peer_find(&driver->client, NGHTTP2_RST_STREAM, id));
    assert_int_equal(driver->echo.said, 0);
}

static void g19_a_message_that_never_comes_is_not_waited_for(void **state)
{
    struct session_driver *driver = *state;
    driver_headers(driver, 1, "Say", NULL, 0);
    driver_headers(driver, 3, "Chat", NULL, 0);
    driver_pump(driver);
    driver_advance(driver, 29999);
    assert_int_equal(driver_status(driver, 1), -1);
    driver_advance(driver, 1);
    assert_int_equal(driver_status(driver, 1), 4);
    assert_int_equal(driver_status(driver, 3), -1);   /* a stream may be silent: its deadline is its limit */
    assert_true(driver_rejected(driver, "first_message_timeout"));
}

static void g02_memory_follows_what_came_not_what_was_announced(void **state)
{
    struct session_driver *driver = *state;
    for (int32_t id = 1; id < 200; id += 2) {
        driver_headers(driver, id, "Say", NULL, 0);
        send_prefixed(driver, id, 0, 4 << 20, "x", 1, false);
    }
    driver_pump(driver);
    assert_int_equal(driver->echo.said, 0);
    assert_true(driver->session->charged_bytes < 100 * 1024);
    for (int32_t id = 1; id < 200; id += 2)
        raw_rst(&driver->client, id, NGHTTP2_CANCEL);
    driver_pump(driver);
    assert_int_equal(driver->session->charged_bytes, 0);
}

static void the_memory_of_a_connection_is_bounded(void **state)
{
    struct session_driver *driver = *state;
    uint8_t *bytes = calloc(1, 16384);
    for (int32_t id = 1; id < 20; id += 2) {
        driver_headers(driver, id, "Say", NULL, 0);
        send_prefixed(driver, id, 0, 4 << 20, NULL, 0, false);
        for (int i = 0; i < 200; i++)
            raw_data(&driver->client, id, false, bytes, 16384);
        driver_pump_frames(driver);
    }
    free(bytes);
    assert_int_equal(driver_status(driver, 1), -1);
    assert_int_equal(driver_status(driver, 19), 8);
    assert_true(driver->session->charged_bytes <= 16 << 20);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(g15_content_type_decides_whether_it_is_grpc),
        ROW(g15_only_post_is_a_call),
        ROW(g16_te_may_be_missing_but_not_wrong),
        ROW(g17_a_path_that_is_not_known_is_unimplemented),
        ROW(g11_grpc_timeout),
        ROW(g07_an_unknown_encoding_is_answered_with_those_that_are_known),
        ROW(g06_g10_the_compressed_flag_needs_an_encoding),
        ROW(g01_too_long_a_message_is_refused_from_its_prefix),
        ROW(g03_the_end_inside_a_message_is_an_error),
        ROW(g04_a_unary_call_has_exactly_one_message),
        ROW(g05_frames_are_no_boundaries),
        ROW(a_request_that_cannot_be_decoded_is_internal_and_says_why),
        ROW(compressed_requests_are_answered_compressed_if_the_client_takes_it),
        ROW(g08_a_bomb_is_stopped_at_the_limit),
        ROW(g12_bad_base64_fails_its_stream_only),
        ROW(g18_headers_that_http2_forbids_reset_the_stream),
        ROW(g19_a_message_that_never_comes_is_not_waited_for),
        ROW(g02_memory_follows_what_came_not_what_was_announced),
        ROW(the_memory_of_a_connection_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

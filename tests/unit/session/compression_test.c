/* SPDX-License-Identifier: Apache-2.0 */

/* Which responses a handler has compressed: mrpc_call_set_compression(), checked by the flags on the wire. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>
#include <zlib.h>

#include "session_driver.h"
#include "test.h"

static const struct raw_field takes_gzip = {"grpc-accept-encoding", "identity,deflate,gzip"};

static int set_up(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
    *state = driver;
    return 0;
}

static int tear_down(void **state)
{
    driver_close(*state);
    free(*state);
    return 0;
}

static void ask(struct session_driver *driver, int32_t id, const char *method, const struct raw_field *field,
                const char *text)
{
    driver_headers(driver, id, method, field, field != NULL);
    driver_message(driver, id, text, true);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, id), 0);
}

/* The compressed flags of a stream's messages, "101". */
static const char *flags(struct session_driver *driver, int32_t id)
{
    static char text[16];
    size_t size, count = 0;
    uint8_t *bytes = driver_data(driver, id, &size);
    for (size_t at = 0; at < size; at += 5 + ((size_t)bytes[at + 3] << 8 | bytes[at + 4]))
        text[count++] = bytes[at] == 0 ? '0' : '1';
    text[count] = '\0';
    free(bytes);
    return text;
}

/* grpc-encoding of the first HEADERS. */
static const char *encoding(struct session_driver *driver, int32_t id)
{
    for (size_t i = 0; i < driver->client.frame_count; i++) {
        const struct raw_frame *frame = &driver->client.frames[i];
        if (frame->type != NGHTTP2_HEADERS || frame->id != id)
            continue;
        const char *value = raw_frame_header(frame, "grpc-encoding");
        return value != NULL ? value : "";
    }
    return "";
}

static void a_response_is_compressed_when_the_handler_says_so(void **state)
{
    struct session_driver *driver = *state;
    ask(driver, 1, "Say", &takes_gzip, "on:1000");
    assert_int_equal(driver->echo.compression_error, 0);
    assert_string_equal(encoding(driver, 1), "gzip");
    assert_string_equal(flags(driver, 1), "1");
    ask(driver, 3, "Say", &takes_gzip, "size:1000");
    assert_string_equal(encoding(driver, 3), "");
    assert_string_equal(flags(driver, 3), "0");
}

static void deflate_is_taken_when_there_is_no_gzip(void **state)
{
    ask(*state, 1, "Say", &(struct raw_field){"grpc-accept-encoding", "deflate"}, "on:1000");
    assert_string_equal(encoding(*state, 1), "deflate");
    assert_string_equal(flags(*state, 1), "1");
}

static void a_client_that_takes_no_encoding_gets_none(void **state)
{
    struct session_driver *driver = *state;
    ask(driver, 1, "Say", NULL, "on:1000");
    assert_int_equal(driver->echo.compression_error, MRPC_ERR_INVALID);
    assert_string_equal(encoding(driver, 1), "");
    assert_string_equal(flags(driver, 1), "0");
}

static void an_encoding_cannot_be_announced_after_the_headers(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.headers_first = true;
    ask(driver, 1, "Say", &takes_gzip, "on:1000");
    assert_int_equal(driver->echo.compression_error, MRPC_ERR_DONE);
    assert_string_equal(flags(driver, 1), "0");
}

static void single_messages_of_a_stream_are_spared(void **state)
{
    struct session_driver *driver = *state;
    driver->echo.alternate = true;
    ask(driver, 1, "Split", &takes_gzip, "4:1000");
    assert_string_equal(encoding(driver, 1), "gzip");
    assert_string_equal(flags(driver, 1), "1010");
}

/* A Say of "off:000…01000", which is worth compressing, with that flag. */
static void ask_compressed(struct session_driver *driver, int32_t id, uint8_t flag)
{
    uint8_t message[2 + 124] = {0x0a, 124}, packed[256] = {flag};
    memset(message + 2, '0', 124);
    memcpy(message + 2, "off:", 4);
    memcpy(message + 2 + 120, "1000", 4);
    z_stream stream = {.next_in = message, .avail_in = sizeof(message), .next_out = packed + 5, .avail_out = 251};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    size_t size = flag ? stream.total_out : sizeof(message);
    if (!flag)
        memcpy(packed + 5, message, size);
    packed[4] = (uint8_t)size;
    driver_headers(driver, id, "Say", (struct raw_field[]){{"grpc-encoding", "gzip"}, takes_gzip}, 2);
    raw_data(&driver->client, id, true, packed, 5 + size);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, id), 0);
}

static void a_handler_sees_the_flag_and_may_answer_plain(void **state)
{
    struct session_driver *driver = *state;
    ask_compressed(driver, 1, 1);
    assert_true(driver->echo.request_compressed);
    assert_string_equal(flags(driver, 1), "0");
    ask_compressed(driver, 3, 0);
    assert_false(driver->echo.request_compressed);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_response_is_compressed_when_the_handler_says_so),
        ROW(deflate_is_taken_when_there_is_no_gzip),
        ROW(a_client_that_takes_no_encoding_gets_none),
        ROW(an_encoding_cannot_be_announced_after_the_headers),
        ROW(single_messages_of_a_stream_are_spared),
        ROW(a_handler_sees_the_flag_and_may_answer_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The values of gRPC's own headers: grpc-timeout, grpc-message, content-type, :path, grpc-encoding. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#include "wire/content_type.h"
#include "wire/encoding.h"
#include "wire/path.h"
#include "wire/percent.h"
#include "wire/timeout.h"

static void G11_timeouts_are_read_in_every_unit_and_rounded_up(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0n", 0},
        {"1n", 1},
        {"1000001n", 2},
        {"99999999n", 100},
        {"0u", 0},
        {"1u", 1},
        {"1000u", 1},
        {"1001u", 2},
        {"1m", 1},
        {"99999999m", 99999999},
        {"1S", 1000},
        {"007S", 7000},
        {"2M", 120000},
        {"1H", 3600000},
        {"0H", 0},
        {"00000000S", 0},
        {"99999999H", MRPC_TIMEOUT_MAX_MS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = -1;
        assert_int_equal(mrpc_timeout_parse(cases[i].text, strlen(cases[i].text), &ms), 0);
        assert_true(ms == cases[i].ms);
    }
    assert_true(MRPC_TIMEOUT_MAX_MS < INT64_MAX / 2);
}

static void G11_malformed_timeouts_are_refused(void **state)
{
    static const char *const cases[] = {"",   "1",   "S",   "-1S", "+1S",  "1.5S",      "123456789S", "1s",
                                        "1h", "1S ", " 1S", "1SS", "0x1S", "1\xc2\xb5", "1 S",        "1S,1S"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = 4711;
        assert_int_equal(mrpc_timeout_parse(cases[i], strlen(cases[i]), &ms), MRPC_ERR_MALFORMED);
        assert_true(ms == 4711);
    }
    int64_t ms;
    assert_int_equal(mrpc_timeout_parse("1\0S", 3, &ms), MRPC_ERR_MALFORMED);
}

static void timeouts_are_written_in_the_finest_unit_that_fits(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {-5, "0m"},
        {0, "0m"},
        {1, "1m"},
        {99999999, "99999999m"},
        {100000000, "100000S"},
        {100000001, "100001S"}, /* up, never short of what was asked */
        {INT64_C(99999999000), "99999999S"},
        {INT64_C(99999999001), "1666667M"},
        {MRPC_TIMEOUT_MAX_MS, "99999999H"},
        {INT64_MAX, "99999999H"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[MRPC_TIMEOUT_TEXT_BYTES];
        assert_int_equal(mrpc_timeout_format(cases[i].ms, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void a_timeout_that_is_written_reads_back_no_shorter(void **state)
{
    for (int64_t ms = 1; ms < MRPC_TIMEOUT_MAX_MS / 3; ms = ms * 3 + 1) {
        char text[MRPC_TIMEOUT_TEXT_BYTES];
        size_t size = mrpc_timeout_format(ms, text);
        int64_t read;
        assert_int_equal(mrpc_timeout_parse(text, size, &read), 0);
        assert_true(read >= ms);
        assert_true(read - ms < 3600 * 1000);
    }
}

static void messages_are_percent_encoded_as_the_specification_says(void **state)
{
    static const char text[] = "50% of \xc3\xbc\n\x7f~ ";
    static const char expected[] = "50%25 of %C3%BC%0A%7F~ ";
    char out[64];
    size_t size = mrpc_percent_encoded_size(text, sizeof(text) - 1);
    assert_int_equal(size, sizeof(expected) - 1);
    assert_ptr_equal(mrpc_percent_encode(text, sizeof(text) - 1, out), out + size);
    assert_memory_equal(out, expected, size);
}

static void assert_decodes(const char *text, const char *expected)
{
    char out[MRPC_STATUS_MESSAGE_MAX_BYTES + 1];
    assert_int_equal(mrpc_percent_decode(text, strlen(text), out), strlen(expected));
    assert_string_equal(out, expected);
}

static void G13_broken_escapes_stay_as_they_are(void **state)
{
    assert_decodes("", "");
    assert_decodes("%41%62c", "Abc");
    assert_decodes("%c3%bc", "\xc3\xbc");
    assert_decodes("%", "%");
    assert_decodes("%4", "%4");
    assert_decodes("%0", "%0");
    assert_decodes("%zz%4x", "%zz%4x");
    assert_decodes("100%%25", "100%%");
    assert_decodes("a%00b", "a%00b");
    assert_decodes("%0a", "\n");
}

static void G13_bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    assert_decodes("%FF", "\xef\xbf\xbd");
    assert_decodes("a\xff"
                   "b",
                   "a\xef\xbf\xbd"
                   "b");
    assert_decodes("%C3(", "\xef\xbf\xbd(");
    assert_decodes("%C3%2", "\xef\xbf\xbd%2");
    assert_decodes("%ED%A0%80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void G13_a_megabyte_is_cut_at_a_character(void **state)
{
    size_t size = 1 << 20;
    char *text = malloc(size + 2), out[MRPC_STATUS_MESSAGE_MAX_BYTES + 1];
    memset(text, 'x', size);
    assert_int_equal(mrpc_percent_decode(text, size, out), MRPC_STATUS_MESSAGE_MAX_BYTES);
    for (size_t i = 0; i + 1 < size; i += 2)
        memcpy(text + 1 + i, "\xc3\xbc", 2);
    assert_int_equal(mrpc_percent_decode(text, size, out), MRPC_STATUS_MESSAGE_MAX_BYTES - 1);
    assert_int_equal(out[MRPC_STATUS_MESSAGE_MAX_BYTES - 1], 0);
    free(text);
}

static void G13_every_text_survives_encoding_and_decoding(void **state)
{
    for (unsigned c = 1; c < 128; c++) {
        char text[] = {'a', (char)c, '%', (char)c, 0}, coded[32], out[MRPC_STATUS_MESSAGE_MAX_BYTES + 1];
        char *end = mrpc_percent_encode(text, 4, coded);
        for (char *at = coded; at < end; at++)
            assert_true(*at >= 0x20 && *at <= 0x7e);
        assert_int_equal(mrpc_percent_decode(coded, (size_t)(end - coded), out), 4);
        assert_memory_equal(out, text, 4);
    }
}

static void G15_content_types_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum mrpc_content_type type;
    } cases[] = {
        {"application/grpc", MRPC_CONTENT_PROTO},
        {"application/grpc+proto", MRPC_CONTENT_PROTO},
        {"Application/GRPC+Proto", MRPC_CONTENT_PROTO},
        {"application/grpc;charset=utf-8", MRPC_CONTENT_PROTO},
        {"application/grpc+proto; charset=utf-8; x=y", MRPC_CONTENT_PROTO},
        {"application/grpc ;a=b", MRPC_CONTENT_PROTO},
        {"application/grpc;", MRPC_CONTENT_PROTO},
        {"application/grpc+json", MRPC_CONTENT_JSON},
        {"application/grpc+flatbuffers", MRPC_CONTENT_UNKNOWN},
        {"", MRPC_CONTENT_OTHER},
        {"text/html", MRPC_CONTENT_OTHER},
        {"application/grp", MRPC_CONTENT_OTHER},
        {"application/grpcx", MRPC_CONTENT_OTHER},
        {"application/grpc-web", MRPC_CONTENT_OTHER},
        {"application/grpc-web+proto", MRPC_CONTENT_OTHER},
        {"application/grpc;x", MRPC_CONTENT_OTHER},
        {"application/grpc;=y", MRPC_CONTENT_OTHER},
        {"application/grpc+", MRPC_CONTENT_OTHER},
        {"application/json", MRPC_CONTENT_OTHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(mrpc_content_type_parse(cases[i].text, strlen(cases[i].text)), cases[i].type);
}

static void paths_are_split_at_the_last_slash(void **state)
{
    static const struct {
        const char *text, *service, *method;
    } cases[] = {
        {"/helloworld.Greeter/SayHello", "helloworld.Greeter", "SayHello"},
        {"/a/b", "a", "b"},
        {"/a/b/c", "a/b", "c"},
        {"//a/b", "/a", "b"},
        {"/../x", "..", "x"},
        {"/%2e%2e/x", "%2e%2e", "x"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mrpc_path path;
        assert_int_equal(mrpc_path_split(cases[i].text, strlen(cases[i].text), &path), 0);
        assert_int_equal(path.service_bytes, strlen(cases[i].service));
        assert_memory_equal(path.service, cases[i].service, path.service_bytes);
        assert_int_equal(path.method_bytes, strlen(cases[i].method));
        assert_memory_equal(path.method, cases[i].method, path.method_bytes);
    }
}

static void G17_malformed_paths_are_refused(void **state)
{
    static const char *const cases[] = {"",    "/", "//",    "a/b",    "/a",         "/a/",
                                        "//b", "*", "/a /b", "/a/b\n", "/\xc3\xbc/b"};
    struct mrpc_path path;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(mrpc_path_split(cases[i], strlen(cases[i]), &path), MRPC_ERR_MALFORMED);
    assert_int_equal(mrpc_path_split("/a\0b/c", 6, &path), MRPC_ERR_MALFORMED);
}

static unsigned accepted(const char *text)
{
    return mrpc_accept_encoding_parse(text, strlen(text));
}

static void encodings_are_named_and_parsed(void **state)
{
    assert_int_equal(mrpc_encoding_parse("gzip", 4), MRPC_ENCODING_GZIP);
    assert_int_equal(mrpc_encoding_parse("deflate", 7), MRPC_ENCODING_DEFLATE);
    assert_int_equal(mrpc_encoding_parse("identity", 8), MRPC_ENCODING_IDENTITY);
    assert_int_equal(mrpc_encoding_parse("gzip2", 5), MRPC_ENCODING_UNKNOWN);
    assert_int_equal(mrpc_encoding_parse("", 0), MRPC_ENCODING_UNKNOWN);
    assert_string_equal(mrpc_encoding_name(MRPC_ENCODING_DEFLATE), "deflate");
}

static void G07_accepted_encodings_are_a_set_with_identity_in_it(void **state)
{
    assert_int_equal(accepted(""), MRPC_ENCODING_IDENTITY);
    assert_int_equal(accepted("gzip"), MRPC_ENCODING_IDENTITY | MRPC_ENCODING_GZIP);
    assert_int_equal(accepted(" deflate ,gzip\t,br,,"),
                     MRPC_ENCODING_IDENTITY | MRPC_ENCODING_GZIP | MRPC_ENCODING_DEFLATE);
    assert_int_equal(accepted(MRPC_ACCEPT_ENCODING),
                     MRPC_ENCODING_IDENTITY | MRPC_ENCODING_GZIP | MRPC_ENCODING_DEFLATE);
    assert_int_equal(accepted("GZIP;q=1"), MRPC_ENCODING_IDENTITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(G11_timeouts_are_read_in_every_unit_and_rounded_up),
        cmocka_unit_test(G11_malformed_timeouts_are_refused),
        cmocka_unit_test(timeouts_are_written_in_the_finest_unit_that_fits),
        cmocka_unit_test(a_timeout_that_is_written_reads_back_no_shorter),
        cmocka_unit_test(messages_are_percent_encoded_as_the_specification_says),
        cmocka_unit_test(G13_broken_escapes_stay_as_they_are),
        cmocka_unit_test(G13_bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(G13_a_megabyte_is_cut_at_a_character),
        cmocka_unit_test(G13_every_text_survives_encoding_and_decoding),
        cmocka_unit_test(G15_content_types_are_told_apart),
        cmocka_unit_test(paths_are_split_at_the_last_slash),
        cmocka_unit_test(G17_malformed_paths_are_refused),
        cmocka_unit_test(encodings_are_named_and_parsed),
        cmocka_unit_test(G07_accepted_encodings_are_a_set_with_identity_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

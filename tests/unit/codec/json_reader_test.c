/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_number.h"
#include "codec/json_reader.h"
#include "failing_malloc.h"

/* Tokens as one character each, strings and numbers in full. The text lies in memory of its exact size, so that a
 * sanitizer sees a read beyond it. */
static const char *tokens_of(const char *text, size_t size, unsigned depth_limit, struct mrpc_json_reader *reader)
{
    static char out[4096];
    static const char letters[] = "!.{}[]\0\0\0tfn";
    size_t at = 0;
    char *copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    mrpc_json_reader_init(reader, copy, size, depth_limit);
    enum mrpc_json_token token;
    do {
        token = mrpc_json_next(reader);
        if (token == MRPC_JSON_KEY || token == MRPC_JSON_STRING) {
            char *decoded = malloc(reader->decoded_bytes + 1);
            mrpc_json_decode_string(reader, decoded);
            decoded[reader->decoded_bytes] = '\0';
            if (strlen(decoded) == reader->decoded_bytes)
                assert_true(mrpc_json_string_is(reader, decoded));
            at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", decoded, token == MRPC_JSON_KEY ? ":" : ",");
            free(decoded);
        } else if (token == MRPC_JSON_NUMBER) {
            at += (size_t)snprintf(out + at, sizeof out - at, "%.*s,", (int)reader->raw_bytes, reader->raw);
        } else {
            out[at++] = letters[token];
            out[at] = '\0';
        }
    } while (token != MRPC_JSON_END && token != MRPC_JSON_ERROR);
    assert_int_equal(mrpc_json_next(reader), token); /* it repeats itself */
    free(copy);
    return out;
}

static void assert_tokens(const char *text, const char *expected)
{
    struct mrpc_json_reader reader;
    assert_string_equal(tokens_of(text, strlen(text), 0, &reader), expected);
}

static void assert_wrong(const char *text, size_t size, size_t at, const char *reason)
{
    struct mrpc_json_reader reader;
    const char *tokens = tokens_of(text, size, 0, &reader);
    if (reader.token != MRPC_JSON_ERROR || strcmp(reader.reason, reason) != 0 || reader.at != at)
        print_message("%s -> %s at %zu: %s\n", text, tokens, reader.at, reader.reason ? reader.reason : "");
    assert_int_equal(reader.token, MRPC_JSON_ERROR);
    assert_string_equal(reader.reason, reason);
    assert_int_equal(reader.at, at);
}

static void every_kind_of_value_is_a_token(void **state)
{
    assert_tokens("{}", "{}.");
    assert_tokens(" [ ] ", "[].");
    assert_tokens("\t{\r\n\"a\" : [1,-0 , 2.5e+3],\"b\":{\"c\":null} , \"d\":true,\"e\":false,\"\":\"x\"}\n",
                  "{a:[1,-0,2.5e+3,]b:{c:n}d:te:f:x,}.");
    assert_tokens("\"top\"", "top,.");
    assert_tokens("0", "0,.");
    assert_tokens("null", "n.");
}

static void escapes_are_undone(void **state)
{
    assert_tokens("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t,.");
    assert_tokens("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z,.");
    assert_tokens("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f,.");
    struct mrpc_json_reader reader;
    tokens_of("\"a\\u0000b\"", 10, 0, &reader);
    assert_int_equal(reader.token, MRPC_JSON_END);
    assert_int_equal(reader.decoded_bytes, 3);
}

static void a_string_is_compared_without_being_decoded(void **state)
{
    struct mrpc_json_reader reader;
    static const char text[] = "\"n\\u0061me\"";
    mrpc_json_reader_init(&reader, text, strlen(text), 0);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_STRING);
    assert_true(mrpc_json_string_is(&reader, "name"));
    assert_false(mrpc_json_string_is(&reader, "nime"));
    assert_false(mrpc_json_string_is(&reader, "nam"));
    assert_false(mrpc_json_string_is(&reader, "names"));
}

static void what_rfc_8259_does_not_allow_is_an_error_where_it_stands(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *reason;
    } wrong[] = {
        {"", 0, "the text ends too early"},
        {" ", 1, "the text ends too early"},
        {"{", 1, "the text ends too early"},
        {"{\"a\"", 4, "the text ends too early"},
        {"\"abc", 4, "the text ends too early"},
        {"[1", 2, "the text ends too early"},
        {"[1 2]", 3, "a comma or ']' is expected here"},
        {"{\"a\":1 \"b\":2}", 7, "a comma or '}' is expected here"},
        {"[1,]", 3, "a value is expected here"},
        {"[,1]", 1, "a value is expected here"},
        {"{\"a\":1,}", 7, "a key is expected here"},
        {"{a:1}", 1, "a key is expected here"},
        {"{'a':1}", 1, "a key is expected here"},
        {"{\"a\" 1}", 5, "a colon is expected here"},
        {"[1}", 2, "a comma or ']' is expected here"},
        {"{\"a\":1]", 6, "a comma or '}' is expected here"},
        {"{} x", 3, "the text goes on after its value"},
        {"1 2", 2, "the text goes on after its value"},
        {"01", 0, "a value is expected here"},
        {"-", 0, "a value is expected here"},
        {"+1", 0, "a value is expected here"},
        {".5", 0, "a value is expected here"},
        {"1.", 0, "a value is expected here"},
        {"1e", 0, "a value is expected here"},
        {"1e+", 0, "a value is expected here"},
        {"0x10", 1, "the text goes on after its value"},
        {"nul", 0, "a value is expected here"},
        {"True", 0, "a value is expected here"},
        {"NaN", 0, "a value is expected here"},
        {"Infinity", 0, "a value is expected here"},
        {"/* c */1", 0, "a value is expected here"},
        {"\xef\xbb\xbf{}", 0, "a value is expected here"},
        {"\"\\x\"", 1, "a string has a bad escape"},
        {"\"\\u12g4\"", 1, "a string has a bad escape"},
        {"\"\\ud800\"", 1, "a string has a bad escape"},
        {"\"\\ud800\\u0041\"", 1, "a string has a bad escape"},
        {"\"\\udc00\"", 1, "a string has a bad escape"},
        {"\"a\nb\"", 2, "a string has a control character"},
        {"\"\x1f\"", 1, "a string has a control character"},
        {"\"\xff\"", 1, "a string is not UTF-8"},
        {"\"\xc0\xaf\"", 1, "a string is not UTF-8"},
        {"\"\xed\xa0\x80\"", 1, "a string is not UTF-8"},
        {"\"\xf4\x90\x80\x80\"", 1, "a string is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_wrong(wrong[i].text, strlen(wrong[i].text), wrong[i].at, wrong[i].reason);
    assert_wrong("1\0", 2, 1, "the text goes on after its value");
    assert_wrong("\"\\\0\"", 4, 1, "a string has a bad escape");
}

static void P11_nesting_is_bounded(void **state)
{
    char text[MRPC_JSON_DEPTH_MAX * 2 + 2];
    struct mrpc_json_reader reader;
    memset(text, '[', MRPC_JSON_DEPTH_MAX);
    memset(text + MRPC_JSON_DEPTH_MAX, ']', MRPC_JSON_DEPTH_MAX);
    tokens_of(text, MRPC_JSON_DEPTH_MAX * 2, 0, &reader);
    assert_int_equal(reader.token, MRPC_JSON_END);
    tokens_of(text, MRPC_JSON_DEPTH_MAX * 2, MRPC_JSON_DEPTH_MAX + 1, &reader);
    assert_int_equal(reader.token, MRPC_JSON_END);
    memset(text, '[', sizeof text);
    assert_wrong(text, sizeof text, MRPC_JSON_DEPTH_MAX, "it is nested too deeply");
    assert_string_equal(tokens_of("[[1]]", 5, 1, &reader), "[!");
    assert_string_equal(reader.reason, "it is nested too deeply");
    assert_string_equal(tokens_of("[{\"a\":[1]}]", 11, 3, &reader), "[{a:[1,]}].");
}

static void a_value_can_be_skipped(void **state)
{
    struct mrpc_json_reader reader;
    static const char text[] = "{\"a\":{\"b\":[1,{\"c\":[]}]},\"d\":7}";
    mrpc_json_reader_init(&reader, text, strlen(text), 0);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_OBJECT);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_KEY);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_OBJECT);
    assert_true(mrpc_json_skip(&reader));
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_KEY);
    assert_true(mrpc_json_string_is(&reader, "d"));
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_NUMBER);
    assert_true(mrpc_json_skip(&reader));
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_OBJECT_END);
    mrpc_json_reader_init(&reader, "[[1,]]", 6, 0);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_ARRAY);
    assert_false(mrpc_json_skip(&reader));
    assert_string_equal(reader.reason, "a value is expected here");
    mrpc_json_reject(&reader, "a later reason");
    assert_string_equal(reader.reason, "a value is expected here");
}

/* Every prefix of a text that is right as a whole is wrong, and says that it ends too early or which word is cut. */
static void every_prefix_is_an_error(void **state)
{
    static const char text[] = "{\"k\\u00e9\":[0.5e-7,\"\xf0\x9f\x98\x80\",true,false,null],\"o\":{}}";
    struct mrpc_json_reader reader;
    for (size_t size = 0; size < strlen(text); size++) {
        tokens_of(text, size, 0, &reader);
        assert_int_equal(reader.token, MRPC_JSON_ERROR);
        assert_true(reader.at <= size);
    }
    tokens_of(text, strlen(text), 0, &reader);
    assert_int_equal(reader.token, MRPC_JSON_END);
}

/* Whatever one byte is changed to, the reader ends with END or ERROR and within the text. */
static void any_byte_may_be_wrong(void **state)
{
    char text[] = "{\"k\\u00e9\":[0.5e-7,\"\xf0\x9f\x98\x80\",true,false,null],\"o\":{}}";
    struct mrpc_json_reader reader;
    size_t right = 0;
    for (size_t i = 0; i < strlen(text); i++) {
        char was = text[i];
        for (int byte = 0; byte < 256; byte++) {
            text[i] = (char)byte;
            tokens_of(text, sizeof text - 1, 0, &reader);
            right += reader.token == MRPC_JSON_END;
            assert_true(reader.at <= sizeof text - 1);
        }
        text[i] = was;
    }
    assert_true(right > strlen(text)); /* each byte is right as it is, and many letters may be others */
}

static void reading_allocates_nothing(void **state)
{
    static const char text[] = "{\"a\":[1,2.5,\"\\u20ac\",{\"b\":null}]}";
    struct mrpc_json_reader reader;
    failing_malloc_at(1, 1);
    mrpc_json_reader_init(&reader, text, strlen(text), 0);
    while (mrpc_json_next(&reader) > MRPC_JSON_END)
        continue;
    size_t calls = failing_malloc_calls();
    failing_malloc_at(0, 0);
    assert_int_equal(reader.token, MRPC_JSON_END);
    assert_int_equal(calls, 0);
}

/* Numbers. */

static void assert_double(const char *text, double expected)
{
    double value = mrpc_json_number_double(text, strlen(text));
    assert_memory_equal(&value, &expected, sizeof value);
}

static void numbers_are_rounded_once(void **state)
{
    assert_double("0", 0);
    assert_double("-0", -0.0);
    assert_double("1.5", 1.5);
    assert_double("-12.25E2", -1225);
    assert_double("0.1", 0.1);
    assert_double("9007199254740993", 9007199254740992.0);
    assert_double("9007199254740993.00000000000000000000001", 9007199254740994.0);
    assert_double("1.7976931348623157e308", 1.7976931348623157e308);
    assert_double("4.9e-324", 4.9e-324);
    assert_double("1e400", INFINITY);
    assert_double("-1e99999999999999999999", -INFINITY);
    assert_double("1e-99999999999999999999", 0);
    /* By way of double it would be rounded twice, to 1. */
    static const char between[] = "1.000000059604644775390626";
    assert_true(mrpc_json_number_float(between, strlen(between)) == 1.00000011920928955078125f);
}

static void numbers_do_not_follow_the_locale(void **state)
{
    char *before = strdup(setlocale(LC_NUMERIC, NULL));
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
        print_message("de_DE.UTF-8 is not installed: tested in %s\n", before);
    assert_double("2.75", 2.75);
    setlocale(LC_NUMERIC, before);
    free(before);
}

static void whole_numbers_are_exact_however_written(void **state)
{
    static const struct {
        const char *text;
        int fits;
        int64_t value;
    } cases[] = {
        {"0", 1, 0},
        {"-0", 1, 0},
        {"1e2", 1, 100},
        {"1.0", 1, 1},
        {"12.50e1", 1, 125},
        {"100e-2", 1, 1},
        {"0e999999999999", 1, 0},
        {"0.000", 1, 0},
        {"9223372036854775807", 1, INT64_MAX},
        {"-9223372036854775808", 1, INT64_MIN},
        {"9223372036854775808", 0, 0},
        {"-9223372036854775809", 0, 0},
        {"0.5", 0, 0},
        {"1e-1", 0, 0},
        {"1e30", 0, 0},
        {"99999999999999999999", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 77;
        assert_int_equal(mrpc_json_number_int64(cases[i].text, strlen(cases[i].text), &value), cases[i].fits);
        assert_int_equal(value, cases[i].fits ? cases[i].value : 77);
    }
    uint64_t value;
    assert_true(mrpc_json_number_uint64("18446744073709551615", 20, &value));
    assert_true(value == UINT64_MAX);
    assert_false(mrpc_json_number_uint64("18446744073709551616", 20, &value));
    assert_false(mrpc_json_number_uint64("-1", 2, &value));
    assert_true(mrpc_json_number_uint64("-0", 2, &value));
}

static void a_number_has_at_most_1024_bytes(void **state)
{
    char text[MRPC_JSON_NUMBER_MAX_BYTES + 2];
    struct mrpc_json_reader reader;
    memset(text, '9', sizeof text);
    mrpc_json_reader_init(&reader, text, MRPC_JSON_NUMBER_MAX_BYTES, 0);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_NUMBER);
    assert_true(isinf(mrpc_json_number_double(reader.raw, reader.raw_bytes)));
    mrpc_json_reader_init(&reader, text, MRPC_JSON_NUMBER_MAX_BYTES + 1, 0);
    assert_int_equal(mrpc_json_next(&reader), MRPC_JSON_ERROR);
    assert_string_equal(reader.reason, "a number is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_a_token),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(a_string_is_compared_without_being_decoded),
        cmocka_unit_test(what_rfc_8259_does_not_allow_is_an_error_where_it_stands),
        cmocka_unit_test(P11_nesting_is_bounded),
        cmocka_unit_test(a_value_can_be_skipped),
        cmocka_unit_test(every_prefix_is_an_error),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(reading_allocates_nothing),
        cmocka_unit_test(numbers_are_rounded_once),
        cmocka_unit_test(numbers_do_not_follow_the_locale),
        cmocka_unit_test(whole_numbers_are_exact_however_written),
        cmocka_unit_test(a_number_has_at_most_1024_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/status_map.h"

#include <string.h>

#include "test.h"

static void http_statuses_map_as_grpc_says(void **state)
{
    static const struct {
        int http;
        enum mrpc_code code;
    } rows[] = {
        {400, MRPC_INTERNAL},    {401, MRPC_UNAUTHENTICATED}, {403, MRPC_PERMISSION_DENIED}, {404, MRPC_UNIMPLEMENTED},
        {429, MRPC_UNAVAILABLE}, {502, MRPC_UNAVAILABLE},     {503, MRPC_UNAVAILABLE},       {504, MRPC_UNAVAILABLE},
        {500, MRPC_UNKNOWN},     {200, MRPC_UNKNOWN},         {302, MRPC_UNKNOWN},           {0, MRPC_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(mrpc_code_from_http(rows[i].http), rows[i].code);
}

static void reset_codes_map_as_grpc_says(void **state)
{
    static const enum mrpc_code codes[] = {
        MRPC_INTERNAL, MRPC_INTERNAL,           MRPC_INTERNAL,          MRPC_INTERNAL,  MRPC_INTERNAL,
        MRPC_INTERNAL, MRPC_INTERNAL,           MRPC_UNAVAILABLE,       MRPC_CANCELLED, MRPC_INTERNAL,
        MRPC_INTERNAL, MRPC_RESOURCE_EXHAUSTED, MRPC_PERMISSION_DENIED, MRPC_INTERNAL,
    };
    for (uint32_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(mrpc_code_from_reset(i), codes[i]);
    assert_int_equal(mrpc_code_from_reset(0xffffffff), MRPC_INTERNAL);
    assert_string_equal(mrpc_http2_error_name(8), "CANCEL");
    assert_string_equal(mrpc_http2_error_name(13), "HTTP_1_1_REQUIRED");
    assert_string_equal(mrpc_http2_error_name(14), "unknown error");
}

static void grpc_status_is_digits(void **state)
{
    static const struct {
        const char *text;
        int code; /* -1: refused */
    } rows[] = {
        {"0", 0}, {"16", 16}, {"007", 7}, {"17", MRPC_UNKNOWN}, {"99", MRPC_UNKNOWN}, {"-1", -1},
        {"", -1}, {"5x", -1}, {" 5", -1}, {"+5", -1},           {"OK", -1},           {"4294967301", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum mrpc_code code = MRPC_DATA_LOSS;
        bool good = mrpc_code_from_text(rows[i].text, strlen(rows[i].text), &code);
        assert_int_equal(good, rows[i].code >= 0);
        assert_int_equal(code, rows[i].code >= 0 ? rows[i].code : (int)MRPC_DATA_LOSS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_statuses_map_as_grpc_says),
        cmocka_unit_test(reset_codes_map_as_grpc_says),
        cmocka_unit_test(grpc_status_is_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "codec/json_time.h"

struct time_case {
    const char *text;
    int right;
    int64_t seconds;
    int32_t nanos;
};

static void check(bool (*parse)(const char *text, size_t size, int64_t *seconds, int32_t *nanos),
                  const struct time_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t seconds = 0;
        int32_t nanos = 0;
        bool right = parse(cases[i].text, strlen(cases[i].text), &seconds, &nanos);
        if (right != (bool)cases[i].right || seconds != cases[i].seconds || nanos != cases[i].nanos)
            print_message("%s: %d %lld %d\n", cases[i].text, right, (long long)seconds, nanos);
        assert_int_equal(right, cases[i].right);
        assert_int_equal(seconds, cases[i].seconds);
        assert_int_equal(nanos, cases[i].nanos);
    }
}

/* The limits are those of duration.proto. */
static void durations(void **state)
{
    static const struct time_case cases[] = {
        {"0s", 1, 0, 0},
        {"1.5s", 1, 1, 500000000},
        {"-1.5s", 1, -1, -500000000},
        {"-0.000000001s", 1, 0, -1},
        {"3.123456789s", 1, 3, 123456789},
        {"315576000000s", 1, 315576000000, 0},
        {"-315576000000s", 1, -315576000000, 0},
        {"315576000000.1s", 0, 0, 0},
        {"315576000001s", 0, 0, 0},
        {"1000000000000s", 0, 0, 0},
        {"1.1234567890s", 0, 0, 0},
        {"1", 0, 0, 0},
        {"s", 0, 0, 0},
        {".5s", 0, 0, 0},
        {"1.s", 0, 0, 0},
        {"1ms", 0, 0, 0},
        {"+1s", 0, 0, 0},
        {" 1s", 0, 0, 0},
        {"1s ", 0, 0, 0},
        {"", 0, 0, 0},
    };
    check(mrpc_json_parse_duration, cases, sizeof cases / sizeof cases[0]);
}

/* Seconds as `date -u -d TEXT +%s` prints them. */
static void timestamps(void **state)
{
    static const struct time_case cases[] = {
        {"1970-01-01T00:00:00Z", 1, 0, 0},
        {"1972-01-01T10:00:20.021Z", 1, 63108020, 21000000},
        {"1969-12-31T23:59:59.5Z", 1, -1, 500000000},
        {"2000-02-29T12:00:00Z", 1, 951825600, 0},
        {"2026-11-28T13:00:00+01:30", 1, 1795865400, 0},
        {"2026-11-28T13:00:00-08:00", 1, 1795899600, 0},
        {"0001-01-01T00:00:00Z", 1, -62135596800, 0},
        {"9999-12-31T23:59:59.999999999Z", 1, 253402300799, 999999999},
        {"0001-01-01T00:00:00+00:01", 0, 0, 0},
        {"9999-12-31T23:59:59-00:01", 0, 0, 0},
        {"0000-01-01T00:00:00Z", 0, 0, 0},
        {"1900-02-29T00:00:00Z", 0, 0, 0},
        {"2001-13-01T00:00:00Z", 0, 0, 0},
        {"2001-00-01T00:00:00Z", 0, 0, 0},
        {"2001-04-31T00:00:00Z", 0, 0, 0},
        {"2001-01-01T24:00:00Z", 0, 0, 0},
        {"2001-01-01T00:60:00Z", 0, 0, 0},
        {"2001-01-01T00:00:60Z", 0, 0, 0},
        {"2001-01-01T00:00:00", 0, 0, 0},
        {"2001-01-01t00:00:00Z", 0, 0, 0},
        {"2001-01-01 00:00:00Z", 0, 0, 0},
        {"2001-01-01T00:00:00.Z", 0, 0, 0},
        {"2001-01-01T00:00:00.0000000000Z", 0, 0, 0},
        {"2001-1-1T00:00:00Z", 0, 0, 0},
        {"", 0, 0, 0},
    };
    check(mrpc_json_parse_timestamp, cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(timestamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

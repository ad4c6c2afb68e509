/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/number_quick.h"
#include "test.h"

static bool as_double(const char *text, double *out)
{
    return number_double(text, strlen(text), out);
}

static void reads_numbers_to_the_nearest_double(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "+1.5",
                                        ".5",
                                        "5.",
                                        "1e22",
                                        "1e23",
                                        "123456789012345678901234567890",
                                        "9007199254740993",
                                        "0.1",
                                        "2.2250738585072011e-308",
                                        "4.9e-324",
                                        "1e-400",
                                        "1e400",
                                        "1.7976931348623157e308",
                                        "-1228.099976",
                                        "3.14159265358979323846264338327950288",
                                        "8.41e21",
                                        "9.5e-3",
                                        "1E5",
                                        "000000000000000000000000001.5",
                                        "0.000000000000000000000000000012"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = -1;
        assert_true(as_double(texts[i], &value));
        double wanted = strtod(texts[i], NULL);
        if (memcmp(&value, &wanted, sizeof value) != 0)
            fail_msg("%s: %.17g, not %.17g", texts[i], value, wanted);
    }
}

static void agrees_with_strtod_on_random_numbers(void **state)
{
    srand(7);
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = ((uint64_t)rand() << 42) ^ ((uint64_t)rand() << 21) ^ (uint64_t)rand();
        double wanted;
        memcpy(&wanted, &bits, sizeof wanted);
        if (!isfinite(wanted))
            continue;
        char text[64];
        snprintf(text, sizeof text, i % 3 == 0 ? "%.17g" : i % 3 == 1 ? "%.6g" : "%.25e", wanted);
        double value = -1;
        assert_true(as_double(text, &value));
        wanted = strtod(text, NULL);
        if (memcmp(&value, &wanted, sizeof value) != 0)
            fail_msg("%s: %.17g, not %.17g", text, value, wanted);
    }
}

static void refuses_what_is_not_a_number(void **state)
{
    static const char *const texts[] = {"",
                                        "-",
                                        "+",
                                        ".",
                                        "e5",
                                        "1e",
                                        "1e+",
                                        "1.2.3",
                                        "0x10",
                                        "1,5",
                                        "1 ",
                                        " 1",
                                        "12a",
                                        "nan",
                                        "--1",
                                        "1e5.5",
                                        "infinit",
                                        "\302\2401"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = 42;
        assert_false(as_double(texts[i], &value));
        assert_true(value == 42);
    }
    double value;
    char long_text[600];
    memset(long_text, '1', sizeof long_text);
    assert_false(number_double(long_text, sizeof long_text, &value));
    assert_true(as_double("-Infinity", &value) && isinf(value) && value < 0);
}

static void reads_whole_numbers_up_to_their_limits(void **state)
{
    int64_t value = 0;
    assert_true(number_integer("9223372036854775807", 19, &value) && value == INT64_MAX);
    assert_true(number_integer("-9223372036854775808", 20, &value) && value == INT64_MIN);
    assert_true(number_integer("+007", 4, &value) && value == 7);
    assert_false(number_integer("9223372036854775808", 19, &value));
    assert_false(number_integer("-9223372036854775809", 20, &value));
    assert_false(number_integer("", 0, &value));
    assert_false(number_integer("-", 1, &value));
    assert_false(number_integer("1.0", 3, &value));
}

static void reads_and_writes_every_date(void **state)
{
    int32_t days;
    assert_true(number_date("1970-01-01", 10, &days) && days == 0);
    assert_true(number_date("2000-02-29", 10, &days) && days == 11016);
    assert_true(number_date("1969-12-31", 10, &days) && days == -1);
    assert_false(number_date("1900-02-29", 10, &days));
    assert_false(number_date("2001-13-01", 10, &days));
    assert_false(number_date("2001-04-31", 10, &days));
    assert_false(number_date("2001-1-01x", 10, &days));
    assert_false(number_date("0000-01-01", 10, &days));
    assert_true(number_date("0001-01-01", 10, &days));
    int32_t first = days;
    assert_true(number_date("9999-12-31", 10, &days));
    for (int32_t day = first; day <= days; day++) {
        char text[11];
        int32_t back;
        number_date_text(day, text);
        if (!number_date(text, 10, &back) || back != day)
            fail_msg("day %d became %s", (int)day, text);
    }
}

/* What is taken quickly, whatever stands behind it, is taken alike. */
static bool quickly(const char *text, size_t bytes, bool whole, double value)
{
    char roomy[64];
    double quick = 0;
    bool quick_whole = false;
    memset(roomy, '0' + rand() % 10, sizeof roomy);
    memcpy(roomy, text, bytes);
    if (!bytes || !number_quickly(roomy, bytes, &quick_whole, &quick))
        return false;
    if (quick_whole != whole || memcmp(&quick, &value, sizeof quick) != 0)
        fail_msg("%.*s: %.17g, not %.17g", (int)bytes, text, quick, value);
    return true;
}

/* Texts of what numbers consist of: what the quick look takes, the thorough ones take alike. */
static void plain_numbers_are_what_the_others_say(void **state)
{
    static const char alphabet[] = "0123456789.+-e";
    unsigned taken = 0, quick = 0;
    srand(11);
    for (int i = 0; i < 300000; i++) {
        char text[24];
        size_t bytes = (size_t)(rand() % 22);
        for (size_t k = 0; k < bytes; k++)
            text[k] = alphabet[rand() % (k == 0 ? 13 : rand() % 4 ? 10 : 14)];
        text[bytes] = 0;
        double value = 0, thorough = 1;
        int64_t integer;
        bool whole;
        if (!number_plain(text, bytes, &whole, &value)) {
            assert_false(quickly(text, bytes, false, 0));
            continue;
        }
        quick += quickly(text, bytes, whole, value);
        taken++;
        char *end;
        thorough = strtod(text, &end);
        assert_true(*end == 0 && end > text);
        assert_true(whole == number_integer(text, bytes, &integer));
        if (memcmp(&value, &thorough, sizeof value) != 0)
            fail_msg("%s: %.17g, not %.17g", text, value, thorough);
    }
    assert_true(taken > 50000);
#ifdef __SSE2__
    assert_true(quick > 25000);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_to_the_nearest_double), cmocka_unit_test(agrees_with_strtod_on_random_numbers),
        cmocka_unit_test(refuses_what_is_not_a_number),        cmocka_unit_test(reads_whole_numbers_up_to_their_limits),
        cmocka_unit_test(reads_and_writes_every_date),         cmocka_unit_test(plain_numbers_are_what_the_others_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/civil.h"
#include "execution/schedule/cron.h"
#include "test.h"

static int64_t minute_at(int64_t year, int month, int day, int hour, int minute)
{
    return civil_days(year, month, day) * 1440 + hour * 60 + minute;
}

static struct cron parsed(const char *text)
{
    struct cron cron;
    struct fault fault = FAULT_INIT;
    if (cron_parse(text, &cron, &fault))
        fail_msg("\"%s\": %s", text, fault.text);
    return cron;
}

static void next_is(const char *text, int64_t after, int64_t expected)
{
    struct cron cron = parsed(text);
    int64_t next;
    assert_true(cron_next(&cron, after, &next));
    if (next != expected)
        fail_msg("\"%s\" after %lld: %lld instead of %lld", text, (long long)after, (long long)next,
                 (long long)expected);
}

/* 2026-11-23 is a Monday. */
static void expressions_mean_what_crontab_says(void **state)
{
    int64_t from = minute_at(2026, 11, 23, 10, 0);
    next_is("* * * * *", from, minute_at(2026, 11, 23, 10, 1));
    next_is("0 10 * * *", from, minute_at(2026, 11, 24, 10, 0)); /* after, not at */
    next_is("30 22 * * 1-5", from, minute_at(2026, 11, 23, 22, 30));
    next_is("30 22 * * 1-5", minute_at(2026, 11, 27, 22, 30), minute_at(2026, 11, 30, 22, 30));
    next_is("*/15 * * * *", from, minute_at(2026, 11, 23, 10, 15));
    next_is("5-59/20 8 * * *", from, minute_at(2026, 11, 24, 8, 5));
    next_is("0,45,15 10 * * *", from, minute_at(2026, 11, 23, 10, 15));
    next_is("0 0 1 jan *", from, minute_at(2027, 1, 1, 0, 0));
    next_is("0 0 1 JAN-Mar *", minute_at(2027, 1, 1, 0, 0), minute_at(2027, 2, 1, 0, 0));
    next_is("0 0 * * sun", from, minute_at(2026, 11, 29, 0, 0));
    next_is("0 0 * * 7", from, minute_at(2026, 11, 29, 0, 0));
    next_is("0 0 * * 0", from, minute_at(2026, 11, 29, 0, 0));
    next_is("0 0 * * fri-sun", minute_at(2026, 11, 28, 0, 0), minute_at(2026, 11, 29, 0, 0));
    next_is("0 0 29 2 *", from, minute_at(2028, 2, 29, 0, 0));
    next_is("0 0 29 2 *", minute_at(2096, 2, 29, 0, 0), minute_at(2104, 2, 29, 0, 0)); /* 2100 has none */
    next_is("0 0 31 * *", minute_at(2026, 12, 31, 0, 0), minute_at(2027, 1, 31, 0, 0));
    next_is("\t0  0\t31 * * ", minute_at(2027, 1, 31, 0, 0), minute_at(2027, 3, 31, 0, 0));
    next_is("59 23 31 12 *", minute_at(2037, 12, 31, 23, 59), minute_at(2038, 12, 31, 23, 59));
}

/* crontab(5): either, unless one of the two begins with a star. */
static void two_restricted_day_fields_match_if_either_does(void **state)
{
    int64_t from = minute_at(2026, 11, 23, 10, 0);
    next_is("0 0 13 * 5", from, minute_at(2026, 11, 27, 0, 0));
    next_is("0 0 24 * 5", from, minute_at(2026, 11, 24, 0, 0));
    next_is("0 0 */2 * 5", from, minute_at(2026, 11, 27, 0, 0));  /* odd days that are Fridays */
    next_is("0 0 13 * */7", from, minute_at(2026, 12, 13, 0, 0)); /* a 13th that is a Sunday */
}

static void what_is_no_expression_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "five fields"},
        {"* * * *", "five fields"},
        {"* * * * * *", "five fields"},
        {"60 * * * *", "minute: 60 is not in 0 to 59"},
        {"* 24 * * *", "hour: 24 is not in 0 to 23"},
        {"* * 0 * *", "day of the month: 0 is not in 1 to 31"},
        {"* * * 13 *", "month: 13 is not in 1 to 12"},
        {"* * * * 8", "day of the week: 8 is not in 0 to 7"},
        {"5/10 * * * *", "minute: a step wants a range or * before it at \"/10\""},
        {"*/0 * * * *", "minute: a step out of range"},
        {"*/60 * * * *", "minute: a step out of range"},
        {"10-5 * * * *", "minute: the range ends before it begins"},
        {"1,,2 * * * *", "minute: a number is wanted at \",2\""},
        {"1, * * * *", "minute: a number is wanted at \"\""},
        {"1- * * * *", "minute: a number is wanted"},
        {"* * * foo *", "month: a number is wanted at \"foo\""},
        {"* * * janx *", "month: not expected at \"x\""},
        {"* * * * mon-", "day of the week: a number is wanted"},
        {"-1 * * * *", "minute: a number is wanted at \"-1\""},
        {"99999 * * * *", "minute: too long a number"},
        {"*5 * * * *", "minute: not expected at \"5\""},
        {"0 0 30 2 *", "no day ever matches"},
        {"0 0 31 4,6,9,11 *", "no day ever matches"},
        {"@daily", "five fields"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cron cron;
        struct fault fault = FAULT_INIT;
        assert_int_equal(cron_parse(cases[i].text, &cron, &fault), MRPC_INVALID_ARGUMENT);
        if (!strstr(fault.text, cases[i].said))
            fail_msg("\"%s\" is refused with \"%s\"", cases[i].text, fault.text);
    }
}

static void a_long_text_is_refused(void **state)
{
    char text[400];
    struct cron cron;
    struct fault fault = FAULT_INIT;
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_int_equal(cron_parse(text, &cron, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "more than 256 bytes"));
}

/* ---- Against a walk through every minute ---- */

/* A field made at random: its text, and which values it stands for, told without the parser. */
struct made_field {
    char text[64];
    bool values[60];
    bool star;
};

static unsigned roll(unsigned below)
{
    static uint64_t state = 20261128;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

static void make_part(struct made_field *field, int least, int most)
{
    int first = least + (int)roll((unsigned)(most - least + 1)), last = first + (int)roll((unsigned)(most - first + 1));
    int step = 1 + (int)roll((unsigned)most);
    size_t used = strlen(field->text);
    char *at = field->text + used;
    size_t room = sizeof field->text - used;
    switch (roll(3)) {
    case 0:
        last = first, step = 1;
        snprintf(at, room, "%d", first);
        break;
    case 1:
        step = 1;
        snprintf(at, room, "%d-%d", first, last);
        break;
    default:
        snprintf(at, room, "%d-%d/%d", first, last, step);
    }
    for (int value = first; value <= last; value += step)
        field->values[value] = true;
}

static struct made_field make_field(int least, int most)
{
    struct made_field field = {.star = roll(3) == 0};
    if (field.star) {
        int step = 1 + (int)roll((unsigned)most);
        snprintf(field.text, sizeof field.text, step == 1 ? "*" : "*/%d", step);
        for (int value = least; value <= most; value += step)
            field.values[value] = true;
        return field;
    }
    for (unsigned parts = 1 + roll(3); parts; parts--) {
        make_part(&field, least, most);
        if (parts > 1)
            strcat(field.text, ",");
    }
    return field;
}

static bool made_matches(const struct made_field fields[5], int64_t local)
{
    int64_t year, days = civil_floor_divide(local, 1440);
    int month, day, minute = (int)civil_rest(local, 1440), weekday = civil_weekday(days);
    civil_date(days, &year, &month, &day);
    bool by_weekday = fields[4].values[weekday] || (weekday == 0 && fields[4].values[7]),
         by_date = fields[2].values[day];
    bool by_day = fields[2].star || fields[4].star ? by_date && by_weekday : by_date || by_weekday;
    return fields[0].values[minute % 60] && fields[1].values[minute / 60] && by_day && fields[3].values[month];
}

static void random_expressions_match_what_a_walk_finds(void **state)
{
    enum { EXPRESSIONS = 400, DAYS = 45 };
    int compared = 0;
    for (int i = 0; i < EXPRESSIONS; i++) {
        struct made_field fields[5] = {make_field(0, 59), make_field(0, 23), make_field(1, 31), make_field(1, 12),
                                       make_field(0, 7)};
        char text[400];
        snprintf(text, sizeof text, "%s %s %s %s %s", fields[0].text, fields[1].text, fields[2].text, fields[3].text,
                 fields[4].text);
        struct cron cron;
        struct fault fault = FAULT_INIT;
        if (strlen(text) > CRON_BYTES_MAX || cron_parse(text, &cron, &fault))
            continue; /* no day ever matches */
        int64_t from = (int64_t)roll(100 * 366 * 1440) - 10 * 366 * 1440, expected = -1, next = from;
        cron_next(&cron, from, &expected);
        for (int64_t at = from + 1; at <= from + DAYS * 1440; at++) {
            bool matches = made_matches(fields, at);
            if (matches != cron_matches(&cron, at) || matches != (at == expected))
                fail_msg("\"%s\" at local minute %lld", text, (long long)at);
            if (matches) {
                next = at;
                compared++;
                cron_next(&cron, next, &expected);
            }
        }
    }
    assert_true(compared > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_mean_what_crontab_says),
        cmocka_unit_test(two_restricted_day_fields_match_if_either_does),
        cmocka_unit_test(what_is_no_expression_is_refused_with_its_place),
        cmocka_unit_test(a_long_text_is_refused),
        cmocka_unit_test(random_expressions_match_what_a_walk_finds),
    };
    return cmocka_run_group_tests_name("execution/cron", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "execution/civil.h"
#include "execution/schedule/due.h"
#include "test.h"

static const char folder[] = "/usr/share/zoneinfo";

static void need_database(void)
{
    if (access(folder, X_OK) != 0)
        skip();
}

static struct due_rule cron_rule(const char *text, const char *zone)
{
    struct due_rule rule = {0};
    struct fault fault = FAULT_INIT;
    if (cron_parse(text, &rule.cron, &fault) || zone_load(folder, zone, &rule.zone, &fault))
        fail_msg("\"%s\" in %s: %s", text, zone, fault.text);
    return rule;
}

static int64_t utc_ms(int64_t year, int month, int day, int hour, int minute)
{
    return (civil_days(year, month, day) * 1440 + hour * 60 + minute) * 60000;
}

static void next_is(struct due_rule *rule, int64_t after_ms, int64_t expected_ms)
{
    int64_t next = due_next(rule, after_ms);
    if (next != expected_ms)
        fail_msg("after %lld: %lld instead of %lld", (long long)after_ms, (long long)next, (long long)expected_ms);
}

static void an_expression_speaks_of_the_clock_of_its_zone(void **state)
{
    need_database();
    struct due_rule rule = cron_rule("30 22 * * *", "America/New_York");
    next_is(&rule, utc_ms(2026, 1, 10, 0, 0), utc_ms(2026, 1, 10, 3, 30));
    next_is(&rule, utc_ms(2026, 7, 10, 0, 0), utc_ms(2026, 7, 10, 2, 30));
    next_is(&rule, utc_ms(2087, 7, 10, 0, 0), utc_ms(2087, 7, 10, 2, 30)); /* by the rule behind the table */
    zone_free(rule.zone);
}

/* New York 2026: 8 March 02:00 becomes 03:00 (07:00 UTC), 1 November 02:00 becomes 01:00 (06:00 UTC). */
static void a_local_time_that_is_skipped_is_due_when_the_clock_has_passed_it(void **state)
{
    need_database();
    struct due_rule rule = cron_rule("30 2 * * *", "America/New_York");
    next_is(&rule, utc_ms(2026, 3, 7, 12, 0), utc_ms(2026, 3, 8, 7, 0));
    next_is(&rule, utc_ms(2026, 3, 8, 7, 0), utc_ms(2026, 3, 9, 6, 30));
    zone_free(rule.zone);
}

static void a_local_time_that_comes_twice_is_due_once(void **state)
{
    need_database();
    struct due_rule rule = cron_rule("30 1 * * *", "America/New_York");
    next_is(&rule, utc_ms(2026, 10, 31, 12, 0), utc_ms(2026, 11, 1, 5, 30));
    next_is(&rule, utc_ms(2026, 11, 1, 5, 30), utc_ms(2026, 11, 2, 6, 30));
    zone_free(rule.zone);
    rule = cron_rule("*/30 * * * *", "America/New_York");
    next_is(&rule, utc_ms(2026, 11, 1, 5, 30), utc_ms(2026, 11, 1, 7, 0)); /* 01:30, then 02:00 of the new clock */
    zone_free(rule.zone);
}

static void a_day_that_a_zone_never_had_is_made_up_for(void **state)
{
    need_database();
    struct due_rule rule = cron_rule("0 12 30 12 *", "Pacific/Apia"); /* 2011 went from 29 to 31 December */
    next_is(&rule, utc_ms(2011, 12, 1, 0, 0), utc_ms(2011, 12, 30, 10, 0));
    next_is(&rule, utc_ms(2011, 12, 30, 10, 0), utc_ms(2012, 12, 29, 22, 0));
    zone_free(rule.zone);
}

/* ---- Against a walk through every minute, with the C library's idea of the zone ---- */

static int64_t local_minute(int64_t at_s)
{
    struct tm tm;
    time_t at = (time_t)at_s;
    assert_non_null(localtime_r(&at, &tm));
    return civil_floor_divide(at_s + tm.tm_gmtoff, 60);
}

static bool matches_between(const struct cron *cron, int64_t after, int64_t until)
{
    for (int64_t minute = after + 1; minute <= until; minute++)
        if (cron_matches(cron, minute))
            return true;
    return false;
}

static int walk(const struct due_rule *rule, int64_t begin_s, int days, const char *what)
{
    int64_t latest = local_minute(begin_s - 48 * 3600), expected;
    int found = 0;
    for (int64_t at = begin_s - 48 * 3600; at <= begin_s; at += 60)
        latest = local_minute(at) > latest ? local_minute(at) : latest;
    expected = due_next(rule, begin_s * 1000);
    for (int64_t at = begin_s + 60; at < begin_s + days * 86400; at += 60) {
        int64_t now = local_minute(at);
        bool due = now > latest && matches_between(&rule->cron, latest, now);
        if (now > latest)
            latest = now;
        if (due != (at * 1000 == expected))
            fail_msg("%s: at %lld due %d, computed %lld", what, (long long)at, due, (long long)expected);
        if (!due)
            continue;
        expected = due_next(rule, expected);
        found++;
    }
    return found;
}

static const char *const zones[] = {"America/New_York", "Europe/London",       "Europe/Dublin",  "Australia/Lord_Howe",
                                    "Pacific/Apia",     "America/Sao_Paulo",   "Asia/Kathmandu", "Africa/Casablanca",
                                    "Asia/Tehran",      "America/St_Johns",    "Asia/Kolkata",   "UTC"};
static const char *const expressions[] = {"*/10 * * * *", "30 2 * * *", "0 0 * * *", "15 1,2,3 * * sun", "59 23 * * *",
                                          "0 */3 1-7,25-31 * 0"};

static void due_times_are_those_that_a_walk_finds(void **state)
{
    need_database();
    /* Weeks in which some of the zones change their clocks, before and after 2037. */
    static const struct {
        int year, month, day;
    } weeks[] = {{2026, 3, 6},  {2026, 3, 27}, {2026, 4, 3}, {2026, 10, 2}, {2026, 10, 23}, {2026, 10, 30},
                 {2011, 12, 27}, {2018, 11, 2}, {2022, 9, 20}, {2044, 3, 11}, {2061, 11, 4}, {2026, 2, 13}};
    int found = 0;
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        setenv("TZ", zones[z], 1);
        tzset();
        for (size_t e = 0; e < sizeof expressions / sizeof *expressions; e++) {
            struct due_rule rule = cron_rule(expressions[e], zones[z]);
            for (size_t w = 0; w < sizeof weeks / sizeof *weeks; w++) {
                char what[200];
                snprintf(what, sizeof what, "\"%s\" in %s, %d-%d", expressions[e], zones[z], weeks[w].year,
                         weeks[w].month);
                found += walk(&rule, utc_ms(weeks[w].year, weeks[w].month, weeks[w].day, 0, 0) / 1000, 6, what);
            }
            zone_free(rule.zone);
        }
    }
    assert_true(found > 50000);
}

/* ---- Intervals and stretches ---- */

static void an_interval_counts_from_its_anchor(void **state)
{
    struct due_rule rule = {.is_interval = true, .anchor_ms = 1000500, .interval_ms = 60000};
    next_is(&rule, 0, 1060500);
    next_is(&rule, 1000500, 1060500);
    next_is(&rule, 1060499, 1060500);
    next_is(&rule, 1060500, 1120500);
}

static void the_newest_of_a_stretch_are_those_of_a_walk(void **state)
{
    static const char *const texts[] = {"* * * * *", "0 3 * * *", "0 0 1 1 *", "*/7 9-17 * * 1-5"};
    static const int64_t stretches[] = {0, 1, 59999, 60000, 3600000, INT64_C(86400000) * 3, INT64_C(86400000) * 90};
    int64_t until = utc_ms(2026, 11, 28, 9, 41) + 17;
    for (size_t i = 0; i < sizeof texts / sizeof *texts * 7; i++) {
        struct due_rule rule = cron_rule(texts[i / 7], "UTC");
        int64_t after = until - stretches[i % 7], got[100], all[150000];
        size_t count = 0;
        for (int64_t at = due_next(&rule, after); at <= until; at = due_next(&rule, at))
            all[count++] = at;
        size_t expected = count < 100 ? count : 100;
        assert_int_equal(due_between(&rule, after, until, got, 100), expected);
        assert_memory_equal(got, all + count - expected, expected * sizeof *got);
        if (count) {
            assert_int_equal(due_between(&rule, after, until, got, 1), 1);
            assert_int_equal(got[0], all[count - 1]);
        }
        zone_free(rule.zone);
    }
}

static void a_stretch_of_centuries_takes_no_longer(void **state)
{
    int64_t got[100], until = utc_ms(9990, 1, 1, 0, 0);
    struct due_rule rule = cron_rule("0 0 29 2 *", "UTC");
    assert_int_equal(due_between(&rule, 0, until, got, 1), 1);
    assert_int_equal(got[0], utc_ms(9988, 2, 29, 0, 0));
    zone_free(rule.zone);
    rule = (struct due_rule){.is_interval = true, .anchor_ms = 0, .interval_ms = 1000};
    assert_int_equal(due_between(&rule, 0, until, got, 100), 100);
    assert_int_equal(got[99], until);
    assert_int_equal(got[0], until - 99000);
}

/* O12: a clock that stands at the end of time, or before it began. */
static void a_clock_that_lies_gives_no_crash(void **state)
{
    need_database();
    static const int64_t clocks[] = {INT64_MIN / 2, -1, 0, INT64_C(2147483647000), INT64_C(2147483648000),
                                     INT64_C(4102444800000), INT64_MAX / 2};
    struct due_rule rule = cron_rule("*/5 * * * *", "America/New_York");
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        int64_t next = due_next(&rule, clocks[i]);
        assert_true(next > clocks[i]);
    }
    next_is(&rule, INT64_C(2147483647000), INT64_C(2147483700000)); /* over the end of 32 bits */
    zone_free(rule.zone);
}

/* ---- Zones ---- */

static void what_is_no_zone_is_refused(void **state)
{
    static const struct {
        const char *name;
        int code;
    } cases[] = {{"Mars/Olympus", MRPC_NOT_FOUND},        {"../../etc/passwd", MRPC_INVALID_ARGUMENT},
                 {"/etc/localtime", MRPC_INVALID_ARGUMENT}, {"America", MRPC_NOT_FOUND},
                 {"America/", MRPC_INVALID_ARGUMENT},       {"zone.tab", MRPC_INVALID_ARGUMENT},
                 {"a b", MRPC_INVALID_ARGUMENT}};
    need_database();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct zone *zone = NULL;
        struct fault fault = FAULT_INIT;
        assert_int_equal(zone_load(folder, cases[i].name, &zone, &fault), cases[i].code);
        assert_null(zone);
    }
}

static void without_a_database_there_is_utc_alone(void **state)
{
    struct zone *zone = NULL;
    struct fault fault = FAULT_INIT;
    assert_int_equal(zone_load("/nonexistent", "Europe/Berlin", &zone, &fault), MRPC_FAILED_PRECONDITION);
    assert_int_equal(zone_load("/nonexistent", "UTC", &zone, &fault), 0);
    assert_int_equal(zone_span_at(zone, 0).offset_s, 0);
    zone_free(zone);
}

static void a_damaged_file_is_refused_wherever_it_is_cut(void **state)
{
    need_database();
    FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "rb");
    assert_non_null(file);
    unsigned char bytes[8192];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *copy = malloc(cut + 1); /* so that asan sees a step over the end */
        struct zone *zone = NULL;
        struct fault fault = FAULT_INIT;
        memcpy(copy, bytes, cut);
        assert_int_equal(zone_parse(copy, cut, &zone, &fault), MRPC_DATA_LOSS);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_speaks_of_the_clock_of_its_zone),
        cmocka_unit_test(a_local_time_that_is_skipped_is_due_when_the_clock_has_passed_it),
        cmocka_unit_test(a_local_time_that_comes_twice_is_due_once),
        cmocka_unit_test(a_day_that_a_zone_never_had_is_made_up_for),
        cmocka_unit_test(due_times_are_those_that_a_walk_finds),
        cmocka_unit_test(an_interval_counts_from_its_anchor),
        cmocka_unit_test(the_newest_of_a_stretch_are_those_of_a_walk),
        cmocka_unit_test(a_stretch_of_centuries_takes_no_longer),
        cmocka_unit_test(a_clock_that_lies_gives_no_crash),
        cmocka_unit_test(what_is_no_zone_is_refused),
        cmocka_unit_test(without_a_database_there_is_utc_alone),
        cmocka_unit_test(a_damaged_file_is_refused_wherever_it_is_cut),
    };
    return cmocka_run_group_tests_name("execution/due", tests, NULL, NULL);
}

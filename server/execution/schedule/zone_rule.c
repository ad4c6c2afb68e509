/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/zone_rule.h"

#include "execution/civil.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, SUMMER_AT_S = 2 * HOUR_S };

/* ---- Reading ---- */

struct reader {
    const char *at, *end;
};

static char peek(const struct reader *reader)
{
    return reader->at < reader->end ? *reader->at : '\0';
}

static bool skip(struct reader *reader, char c)
{
    if (peek(reader) != c)
        return false;
    reader->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_number(struct reader *reader, int least, int most, int *out)
{
    int value = 0, digits = 0;
    for (; is_digit(peek(reader)) && digits < 4; reader->at++, digits++)
        value = value * 10 + (*reader->at - '0');
    *out = value;
    return digits > 0 && value >= least && value <= most;
}

/* Three letters or more, or anything between < and >. */
static bool skip_name(struct reader *reader)
{
    const char *begin = reader->at;
    if (skip(reader, '<')) {
        while (peek(reader) && peek(reader) != '>')
            reader->at++;
        return skip(reader, '>') && reader->at - begin > 2;
    }
    while (is_letter(peek(reader)))
        reader->at++;
    return reader->at - begin >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct reader *reader, int hours_most, int32_t *out)
{
    int sign = skip(reader, '-') ? -1 : 1, hours, minutes = 0, seconds = 0;
    if (sign > 0)
        (void)skip(reader, '+');
    bool good = read_number(reader, 0, hours_most, &hours);
    if (good && skip(reader, ':'))
        good = read_number(reader, 0, 59, &minutes) && (!skip(reader, ':') || read_number(reader, 0, 59, &seconds));
    *out = sign * (hours * HOUR_S + minutes * 60 + seconds);
    return good;
}

static bool read_date(struct reader *reader, struct zone_rule_date *out)
{
    bool good;
    *out = (struct zone_rule_date){.kind = '0', .time_s = SUMMER_AT_S};
    if (skip(reader, 'M')) {
        out->kind = 'M';
        good = read_number(reader, 1, 12, &out->month) && skip(reader, '.') && read_number(reader, 1, 5, &out->week) &&
               skip(reader, '.') && read_number(reader, 0, 6, &out->day);
    } else if (skip(reader, 'J')) {
        out->kind = 'J';
        good = read_number(reader, 1, 365, &out->day);
    } else {
        good = read_number(reader, 0, 365, &out->day);
    }
    return good && (!skip(reader, '/') || read_time(reader, 167, &out->time_s));
}

bool zone_rule_parse(const char *text, size_t bytes, struct zone_rule *out)
{
    struct reader reader = {text, text + bytes};
    struct zone_rule rule = {0};
    int32_t west_s;
    if (!skip_name(&reader) || !read_time(&reader, 24, &west_s))
        return false;
    rule.offset_s = -west_s;
    rule.summer_offset_s = rule.offset_s + HOUR_S;
    rule.has_summer = peek(&reader) != '\0';
    if (!rule.has_summer) {
        *out = rule;
        return true;
    }
    if (!skip_name(&reader))
        return false;
    if (peek(&reader) != ',') {
        if (!read_time(&reader, 24, &west_s))
            return false;
        rule.summer_offset_s = -west_s;
    }
    if (!skip(&reader, ',') || !read_date(&reader, &rule.begin) || !skip(&reader, ',') ||
        !read_date(&reader, &rule.end) || peek(&reader))
        return false;
    *out = rule;
    return true;
}

/* ---- Where a moment lies ---- */

static int64_t day_of(const struct zone_rule_date *date, int64_t year)
{
    if (date->kind == 'M') {
        int64_t first = civil_days(year, date->month, 1);
        int day = 1 + (date->day - civil_weekday(first) + 7) % 7 + (date->week - 1) * 7;
        return first + (day > civil_days_in_month(year, date->month) ? day - 7 : day) - 1;
    }
    int64_t begin = civil_days(year, 1, 1);
    if (date->kind == '0')
        return begin + date->day;
    bool after_leap_day = civil_days_in_month(year, 2) == 29 && date->day > 59;
    return begin + date->day - 1 + after_leap_day;
}

struct change {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

static struct change change_to(const struct zone_rule *rule, bool summer, int64_t year)
{
    const struct zone_rule_date *date = summer ? &rule->begin : &rule->end;
    int32_t before_s = summer ? rule->offset_s : rule->summer_offset_s;
    return (struct change){day_of(date, year) * DAY_S + date->time_s - before_s,
                           summer ? rule->summer_offset_s : rule->offset_s};
}

static void sort(struct change *changes, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && changes[j].at_s < changes[j - 1].at_s; j--) {
            struct change swapped = changes[j];
            changes[j] = changes[j - 1];
            changes[j - 1] = swapped;
        }
}

struct zone_span zone_rule_span_at(const struct zone_rule *rule, int64_t at_s)
{
    enum { YEARS = 5, CHANGES = 2 * YEARS };
    if (!rule->has_summer)
        return (struct zone_span){INT64_MIN, INT64_MAX, rule->offset_s};
    struct change changes[CHANGES];
    int64_t year;
    int month, day;
    civil_date(civil_floor_divide(at_s, DAY_S), &year, &month, &day);
    for (int i = 0; i < YEARS; i++) {
        changes[2 * i] = change_to(rule, true, year + i - YEARS / 2);
        changes[2 * i + 1] = change_to(rule, false, year + i - YEARS / 2);
    }
    sort(changes, CHANGES);
    int last = 0;
    while (last + 2 < CHANGES && changes[last + 1].at_s <= at_s)
        last++;
    return (struct zone_span){changes[last].at_s, changes[last + 1].at_s, changes[last].offset_s};
}

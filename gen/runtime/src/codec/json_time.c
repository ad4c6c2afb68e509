/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_time.h"

#define DURATION_MAX_SECONDS INT64_C(315576000000)
#define TIMESTAMP_MIN_SECONDS INT64_C(-62135596800)
#define TIMESTAMP_MAX_SECONDS INT64_C(253402300799)
#define NANO_DIGITS 9

/* A cursor over the text; what is not there makes it wrong for good. */
struct cursor {
    const char *at;
    const char *end;
    bool wrong;
};

static bool take(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted)
        return false;
    cursor->at++;
    return true;
}

static void want(struct cursor *cursor, char wanted)
{
    if (!take(cursor, wanted))
        cursor->wrong = true;
}

static bool digit_here(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/* Between @least and @most digits. */
static int64_t take_digits(struct cursor *cursor, int least, int most)
{
    int64_t value = 0;
    int count = 0;
    for (; digit_here(cursor) && count < most; count++)
        value = value * 10 + (*cursor->at++ - '0');
    if (count < least)
        cursor->wrong = true;
    return value;
}

/* "." and one to nine digits, if there is a point. */
static int32_t take_nanos(struct cursor *cursor)
{
    int32_t value = 0;
    if (!take(cursor, '.'))
        return 0;
    if (!digit_here(cursor))
        cursor->wrong = true;
    for (int i = 0; i < NANO_DIGITS; i++)
        value = value * 10 + (digit_here(cursor) ? *cursor->at++ - '0' : 0);
    return value;
}

bool mrpc_json_parse_duration(const char *text, size_t size, int64_t *seconds, int32_t *nanos)
{
    struct cursor cursor = {.at = text, .end = text + size};
    bool negative = take(&cursor, '-');
    int64_t whole = take_digits(&cursor, 1, 12);
    int32_t fraction = take_nanos(&cursor);
    want(&cursor, 's');
    if (cursor.wrong || cursor.at != cursor.end || whole > DURATION_MAX_SECONDS ||
        (whole == DURATION_MAX_SECONDS && fraction > 0))
        return false;
    *seconds = negative ? -whole : whole;
    *nanos = negative ? -fraction : fraction;
    return true;
}

static int days_in(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March so that a leap day is the last of its year. */
static int64_t days_since_epoch(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t take_date(struct cursor *cursor)
{
    int64_t year = take_digits(cursor, 4, 4);
    want(cursor, '-');
    int64_t month = take_digits(cursor, 2, 2);
    want(cursor, '-');
    int64_t day = take_digits(cursor, 2, 2);
    if (cursor->wrong || year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) {
        cursor->wrong = true;
        return 0;
    }
    return days_since_epoch(year, month, day);
}

static int64_t take_hours_and_minutes(struct cursor *cursor)
{
    int64_t hours = take_digits(cursor, 2, 2);
    want(cursor, ':');
    int64_t minutes = take_digits(cursor, 2, 2);
    if (hours > 23 || minutes > 59)
        cursor->wrong = true;
    return hours * 3600 + minutes * 60;
}

static int64_t take_zone(struct cursor *cursor)
{
    if (take(cursor, 'Z'))
        return 0;
    if (take(cursor, '+'))
        return take_hours_and_minutes(cursor);
    want(cursor, '-');
    return -take_hours_and_minutes(cursor);
}

bool mrpc_json_parse_timestamp(const char *text, size_t size, int64_t *seconds, int32_t *nanos)
{
    struct cursor cursor = {.at = text, .end = text + size};
    int64_t value = take_date(&cursor) * 86400;
    want(&cursor, 'T');
    value += take_hours_and_minutes(&cursor);
    want(&cursor, ':');
    int64_t second = take_digits(&cursor, 2, 2);
    int32_t fraction = take_nanos(&cursor);
    value += second - take_zone(&cursor);
    if (cursor.wrong || cursor.at != cursor.end || second > 59 || value < TIMESTAMP_MIN_SECONDS ||
        value > TIMESTAMP_MAX_SECONDS)
        return false;
    *seconds = value;
    *nanos = fraction;
    return true;
}

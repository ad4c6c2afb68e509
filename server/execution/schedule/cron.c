/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/cron.h"

#include <string.h>
#include <strings.h>

#include "execution/civil.h"

enum { MINUTES_A_DAY = 24 * 60, SEARCHED_DAYS = 40 * 366 };

struct field {
    const char *name;
    int least, most;
    const char *const *words; /* of `least` and what follows; NULL: numbers alone */
    int word_count;
};

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };
static const struct field fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL, 0},
    [HOUR] = {"hour", 0, 23, NULL, 0},
    [DAY] = {"day of the month", 1, 31, NULL, 0},
    [MONTH] = {"month", 1, 12, months, 12},
    [WEEKDAY] = {"day of the week", 0, 7, weekdays, 7},
};

/* ---- Reading ---- */

struct reader {
    const char *at;
    const struct field *field;
    struct fault *fault;
};

static int wrong(const struct reader *reader, const char *what)
{
    return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: %s at \"%.20s\"", reader->field->name, what,
                     reader->at);
}

static bool ends_part(char c)
{
    return c == ',' || c == '\0';
}

static int read_number(struct reader *reader, int *out)
{
    int value = 0, digits = 0;
    for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++, digits++) {
        if (digits == 4)
            return wrong(reader, "too long a number");
        value = value * 10 + (*reader->at - '0');
    }
    if (!digits)
        return wrong(reader, "a number is wanted");
    *out = value;
    return 0;
}

static int read_value(struct reader *reader, int *out)
{
    const struct field *field = reader->field;
    for (int i = 0; i < field->word_count; i++)
        if (strncasecmp(reader->at, field->words[i], 3) == 0) {
            reader->at += 3;
            *out = field->least + i;
            return 0;
        }
    const char *begin = reader->at;
    if (read_number(reader, out))
        return reader->fault->code;
    if (*out >= field->least && *out <= field->most)
        return 0;
    reader->at = begin;
    return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: %d is not in %d to %d", field->name, *out, field->least,
                     field->most);
}

/* "fri-sun" ends with the Sunday that is 7. */
static int read_end(struct reader *reader, int first, int *last)
{
    reader->at++;
    if (read_value(reader, last))
        return reader->fault->code;
    if (reader->field == &fields[WEEKDAY] && *last == 0 && first > 0)
        *last = 7;
    return *last < first ? wrong(reader, "the range ends before it begins") : 0;
}

static int read_step(struct reader *reader, int *step)
{
    reader->at++;
    if (read_number(reader, step))
        return reader->fault->code;
    return *step < 1 || *step > reader->field->most ? wrong(reader, "a step out of range") : 0;
}

static int read_part(struct reader *reader, uint64_t *bits)
{
    int first = reader->field->least, last = reader->field->most, step = 1;
    bool range = *reader->at == '*';
    if (range)
        reader->at++;
    else if (read_value(reader, &first))
        return reader->fault->code;
    if (!range) {
        last = first;
        range = *reader->at == '-';
        if (range && read_end(reader, first, &last))
            return reader->fault->code;
    }
    if (*reader->at == '/' && !range)
        return wrong(reader, "a step wants a range or * before it");
    if (*reader->at == '/' && read_step(reader, &step))
        return reader->fault->code;
    if (!ends_part(*reader->at))
        return wrong(reader, "not expected");
    for (int value = first; value <= last; value += step)
        *bits |= UINT64_C(1) << value;
    return 0;
}

static int read_field(const char *text, const struct field *field, uint64_t *bits, struct fault *fault)
{
    struct reader reader = {text, field, fault};
    *bits = 0;
    for (;;) {
        if (read_part(&reader, bits))
            return fault->code;
        if (*reader.at == '\0')
            return 0;
        reader.at++;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The words of @text, which lie in @copy, NUL-terminated. Returns how many there are; FIELDS + 1 stands for more. */
static int split(char *copy, const char *words[FIELDS + 1])
{
    int count = 0;
    for (char *at = copy; *at && count <= FIELDS;) {
        while (is_space(*at))
            *at++ = '\0';
        if (!*at)
            break;
        words[count++] = at;
        while (*at && !is_space(*at))
            at++;
    }
    return count;
}

int cron_parse(const char *text, struct cron *out, struct fault *fault)
{
    char copy[CRON_BYTES_MAX + 1];
    const char *words[FIELDS + 1];
    uint64_t bits[FIELDS];
    if (strlen(text) > CRON_BYTES_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "more than %d bytes", CRON_BYTES_MAX);
    memcpy(copy, text, strlen(text) + 1);
    if (split(copy, words) != FIELDS)
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "five fields are wanted: minute, hour, day of the month, month, day of the week");
    for (int i = 0; i < FIELDS; i++)
        if (read_field(words[i], &fields[i], &bits[i], fault))
            return fault->code;
    struct cron cron = {
        .minutes = bits[MINUTE],
        .hours = (uint32_t)bits[HOUR],
        .days = (uint32_t)bits[DAY],
        .months = (uint16_t)bits[MONTH],
        .weekdays = (uint8_t)((bits[WEEKDAY] & 0x7f) | bits[WEEKDAY] >> 7),
        .any_day = *words[DAY] == '*',
        .any_weekday = *words[WEEKDAY] == '*',
    };
    int64_t first;
    if (!cron_next(&cron, 0, &first))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "no day ever matches");
    *out = cron;
    return 0;
}

/* ---- Matching ---- */

static bool day_matches(const struct cron *cron, int64_t days, int day)
{
    bool by_date = cron->days >> day & 1, by_weekday = cron->weekdays >> civil_weekday(days) & 1;
    return cron->any_day || cron->any_weekday ? by_date && by_weekday : by_date || by_weekday;
}

bool cron_matches(const struct cron *cron, int64_t local_minute)
{
    int64_t days = civil_floor_divide(local_minute, MINUTES_A_DAY), year;
    int month, day, minute = (int)civil_rest(local_minute, MINUTES_A_DAY);
    civil_date(days, &year, &month, &day);
    return (cron->months >> month & 1) && day_matches(cron, days, day) && (cron->hours >> (minute / 60) & 1) &&
           (cron->minutes >> (minute % 60) & 1);
}

/* The first match from @minute of a day on; MINUTES_A_DAY: none. */
static int minute_of_day(const struct cron *cron, int minute)
{
    int hour = minute / 60;
    uint64_t rest = cron->minutes >> (minute % 60) << (minute % 60);
    if ((cron->hours >> hour & 1) && rest)
        return hour * 60 + __builtin_ctzll(rest);
    uint32_t later = hour == 23 ? 0 : cron->hours >> (hour + 1) << (hour + 1);
    return later ? __builtin_ctz(later) * 60 + __builtin_ctzll(cron->minutes) : MINUTES_A_DAY;
}

bool cron_next(const struct cron *cron, int64_t local_minute, int64_t *out)
{
    int64_t begin = local_minute + 1, first_day = civil_floor_divide(begin, MINUTES_A_DAY), year;
    int minute = (int)civil_rest(begin, MINUTES_A_DAY), month, day;
    for (int64_t days = first_day; days < first_day + SEARCHED_DAYS; days++, minute = 0) {
        civil_date(days, &year, &month, &day);
        if (!(cron->months >> month & 1)) {
            days += civil_days_in_month(year, month) - day;
            continue;
        }
        int found = day_matches(cron, days, day) ? minute_of_day(cron, minute) : MINUTES_A_DAY;
        if (found == MINUTES_A_DAY)
            continue;
        *out = days * MINUTES_A_DAY + found;
        return true;
    }
    return false;
}

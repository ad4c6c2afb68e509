/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Ranges as timestamp.proto and duration.proto state them: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, and 10,000
 * years of 365.25 days either way. */
#define TIMESTAMP_MIN INT64_C(-62135596800)
#define TIMESTAMP_MAX INT64_C(253402300799)
#define DURATION_MAX INT64_C(315576000000)
#define NANOS_MAX 999999999
#define DAY_SECONDS 86400

/* ".5", ".000001": 0, 3, 6 or 9 digits. */
static void format_nanos(int32_t nanos, char out[16])
{
    out[0] = '\0';
    if (nanos == 0)
        return;
    if (nanos % 1000000 == 0)
        snprintf(out, 16, ".%03" PRId32, nanos / 1000000);
    else if (nanos % 1000 == 0)
        snprintf(out, 16, ".%06" PRId32, nanos / 1000);
    else
        snprintf(out, 16, ".%09" PRId32, nanos);
}

struct civil_date {
    int year;
    int month;
    int day;
};

/* Days since 1970-01-01 to the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
static struct civil_date civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int day_of_era = (int)(days - era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil_date){(int)(year_of_era + era * 400) + (month <= 2), month,
                               day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

void mrpc_json_timestamp(struct mrpc_json_writer *writer, int64_t seconds, int32_t nanos)
{
    char fraction[16], text[80];
    if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX || nanos < 0 || nanos > NANOS_MAX) {
        mrpc_json_fail(writer, MRPC_ERR_INVALID);
        return;
    }
    int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    struct civil_date date = civil_from_days(days);
    format_nanos(nanos, fraction);
    snprintf(text, sizeof(text), "\"%04d-%02d-%02dT%02d:%02d:%02d%sZ\"", date.year, date.month, date.day,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), fraction);
    mrpc_json_literal(writer, text);
}

void mrpc_json_duration(struct mrpc_json_writer *writer, int64_t seconds, int32_t nanos)
{
    char fraction[16], text[64];
    bool signs_differ = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX || nanos < -NANOS_MAX || nanos > NANOS_MAX || signs_differ) {
        mrpc_json_fail(writer, MRPC_ERR_INVALID);
        return;
    }
    bool negative = seconds < 0 || nanos < 0;
    format_nanos(nanos < 0 ? -nanos : nanos, fraction);
    snprintf(text, sizeof(text), "\"%s%" PRId64 "%ss\"", negative ? "-" : "", seconds < 0 ? -seconds : seconds,
             fraction);
    mrpc_json_literal(writer, text);
}

/* foo_bar.baz to fooBar.baz; capitals, and underscores that would not come back, are refused. */
static int append_path(struct mrpc_buffer *text, const char *path)
{
    for (; *path; path++) {
        char c = *path;
        if (c >= 'A' && c <= 'Z')
            return MRPC_ERR_INVALID;
        if (c == '_') {
            c = *++path;
            if (c < 'a' || c > 'z')
                return MRPC_ERR_INVALID;
            c = (char)(c - 'a' + 'A');
        }
        if (mrpc_buffer_append(text, &c, 1))
            return MRPC_ERR_NOMEM;
    }
    return 0;
}

void mrpc_json_field_mask(struct mrpc_json_writer *writer, char *const *paths, size_t count)
{
    struct mrpc_buffer text = {0};
    int error = 0;
    for (size_t i = 0; i < count && !error; i++) {
        if (i > 0)
            error = mrpc_buffer_append(&text, ",", 1);
        if (!error)
            error = append_path(&text, paths[i] ? paths[i] : "");
    }
    if (error)
        mrpc_json_fail(writer, error);
    size_t size = mrpc_buffer_size(&text);
    mrpc_json_string(writer, size ? (const char *)mrpc_buffer_bytes(&text) : "", size);
    mrpc_buffer_fini(&text);
}

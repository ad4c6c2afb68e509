/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "execution/civil.h"
#include "execution/dataset/number.h"

enum { NUMBER_BYTES_MAX = 512, EXACT_POWER_MAX = 22, DIGITS_MAX = 19, DIGITS_SAFE = 18 };

/* 10^22 is the last power of ten that a double holds exactly. */
static const double powers[EXACT_POWER_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits from @at on, so few that they fit; returns where they end. */
static size_t read_digits(const char *text, size_t at, size_t bytes, uint64_t *value)
{
    for (; at < bytes; at++) {
        unsigned digit = (unsigned)(unsigned char)text[at] - '0';
        if (digit > 9)
            break;
        *value = *value * 10 + digit;
    }
    return at;
}

bool number_integer(const char *text, size_t bytes, int64_t *out)
{
    size_t at = 0;
    bool negative = bytes && text[0] == '-';
    if (bytes && (text[0] == '-' || text[0] == '+'))
        at = 1;
    if (at == bytes || bytes - at > NUMBER_BYTES_MAX)
        return false;
    uint64_t value = 0;
    const uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (bytes - at <= DIGITS_SAFE && (at = read_digits(text, at, bytes, &value)) < bytes)
        return false;
    for (; at < bytes; at++) {
        if (!is_digit(text[at]))
            return false;
        unsigned digit = (unsigned)(text[at] - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* What the exact path below cannot do: more than 19 digits, a large exponent. The text has been checked. */
static bool double_by_library(const char *text, size_t bytes, double *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    char copy[NUMBER_BYTES_MAX + 1];
    memcpy(copy, text, bytes);
    copy[bytes] = 0;
    *out = strtod_l(copy, NULL, c_locale);
    return true;
}

static bool double_infinite(const char *text, size_t bytes, bool negative, double *out)
{
    if (!((bytes == 3 && strncasecmp(text, "inf", 3) == 0) || (bytes == 8 && strncasecmp(text, "infinity", 8) == 0)))
        return false;
    *out = negative ? -INFINITY : INFINITY;
    return true;
}

static bool exponent(const char *text, size_t bytes, int *out)
{
    size_t at = 0;
    bool negative = bytes && text[0] == '-';
    if (bytes && (text[0] == '-' || text[0] == '+'))
        at = 1;
    if (at == bytes)
        return false;
    int value = 0;
    for (; at < bytes; at++) {
        if (!is_digit(text[at]))
            return false;
        if (value < 100000)
            value = value * 10 + (text[at] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

/* A mantissa below 2^53 by a power of ten that is exact gives the nearest double with one rounding, as below. */
bool number_plain(const char *text, size_t bytes, bool *whole, double *out)
{
    bool negative = bytes && text[0] == '-';
    size_t at = bytes && (text[0] == '-' || text[0] == '+'), begin = at;
    uint64_t mantissa = 0;
    if (bytes - at > DIGITS_SAFE + 1)
        return false;
    at = read_digits(text, at, bytes, &mantissa);
    size_t point = at;
    if (at < bytes && text[at] == '.')
        at = read_digits(text, at + 1, bytes, &mantissa);
    if (at < bytes || bytes - begin <= (at > point) || (at == point && bytes - begin > DIGITS_SAFE) ||
        (at > point && mantissa > NUMBER_EXACT))
        return false;
    *whole = at == point;
    double value = *whole ? (double)mantissa : (double)mantissa / powers[at - point - 1];
    *out = negative ? -value : value;
    return true;
}

/* A mantissa below 2^53 times or by a power of ten that is exact gives the nearest double with one rounding.
 * Source: Clinger, "How to read floating point numbers accurately", PLDI 1990. */
bool number_double(const char *text, size_t bytes, double *out)
{
    if (bytes > NUMBER_BYTES_MAX)
        return false;
    size_t at = 0;
    bool negative = bytes && text[0] == '-';
    if (bytes && (text[0] == '-' || text[0] == '+'))
        at = 1;
    size_t start = at;
    uint64_t mantissa = 0;
    int digits = 0, seen = 0, scale = 0;
    bool point = false, whole;
    if (number_plain(text, bytes, &whole, out))
        return true;
    for (; at < bytes; at++) {
        char c = text[at];
        if (is_digit(c)) {
            seen++;
            if (digits < DIGITS_MAX) {
                mantissa = mantissa * 10 + (unsigned)(c - '0');
                digits += mantissa != 0;
            } else {
                digits++;
            }
            scale -= point;
            continue;
        }
        if (c != '.' || point)
            break;
        point = true;
    }
    if (!seen)
        return double_infinite(text + start, bytes - start, negative, out);
    int power = 0;
    if (at < bytes && ((text[at] | 0x20) != 'e' || !exponent(text + at + 1, bytes - at - 1, &power)))
        return false;
    power += scale;
    if (digits > DIGITS_MAX || mantissa > NUMBER_EXACT || power > EXACT_POWER_MAX || power < -EXACT_POWER_MAX)
        return double_by_library(text, bytes, out);
    double value = (double)mantissa;
    value = power < 0 ? value / powers[-power] : value * powers[power];
    *out = negative ? -value : value;
    return true;
}

static bool digits_value(const char *text, size_t count, int *out)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text[i]))
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

bool number_date(const char *text, size_t bytes, int32_t *days)
{
    int year, month, day;
    if (bytes != 10 || text[4] != '-' || text[7] != '-' || !digits_value(text, 4, &year) ||
        !digits_value(text + 5, 2, &month) || !digits_value(text + 8, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > civil_days_in_month(year, month))
        return false;
    *days = (int32_t)civil_days(year, month, day);
    return true;
}

void number_date_text(int32_t days, char text[11])
{
    int64_t year;
    int month, day;
    civil_date(days, &year, &month, &day);
    char buffer[40];
    snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", (int)year, month, day);
    memcpy(text, buffer, 10);
    text[10] = 0;
}

bool number_bool(const char *text, size_t bytes, bool *out)
{
    static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    for (size_t i = 0; i < 6; i++)
        if (strlen(words[i]) == bytes && memcmp(words[i], text, bytes) == 0) {
            *out = i < 3;
            return true;
        }
    return false;
}

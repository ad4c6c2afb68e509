/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_reader.h"

/* Far beyond what any float can hold, even with all the digits that a number may have. */
#define EXPONENT_CLAMP 100000

static size_t digits(const char *text, size_t size)
{
    size_t count = 0;
    while (count < size && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* "-"? ("0" | [1-9] digits) ("." digits)? ([eE] [+-]? digits)? */
size_t mrpc_json_number_prefix(const char *text, size_t size)
{
    size_t at = size > 0 && text[0] == '-';
    size_t whole = digits(text + at, size - at);
    if (whole == 0 || (whole > 1 && text[at] == '0'))
        return 0;
    at += whole;
    if (at < size && text[at] == '.') {
        size_t fraction = digits(text + at + 1, size - at - 1);
        if (fraction == 0)
            return 0;
        at += 1 + fraction;
    }
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < size && (text[at] == '+' || text[at] == '-');
        size_t exponent = digits(text + at, size - at);
        if (exponent == 0)
            return 0;
        at += exponent;
    }
    return at;
}

/* A number as whole digits times a power of ten. */
struct decimal {
    bool negative;
    char digits[MRPC_JSON_NUMBER_MAX_BYTES + 1];
    size_t count;
    long exponent;
};

static long read_exponent(const char *text, size_t size)
{
    bool negative = size > 0 && text[0] == '-';
    size_t at = negative || (size > 0 && text[0] == '+');
    long value = 0;
    for (; at < size; at++)
        if (value < EXPONENT_CLAMP)
            value = value * 10 + (text[at] - '0');
    return negative ? -value : value;
}

static void take_apart(const char *text, size_t size, struct decimal *out)
{
    bool fraction = false;
    out->negative = size > 0 && text[0] == '-';
    out->count = 0;
    out->exponent = 0;
    for (size_t at = out->negative; at < size; at++) {
        if (text[at] == 'e' || text[at] == 'E') {
            out->exponent += read_exponent(text + at + 1, size - at - 1);
            break;
        }
        if (text[at] == '.') {
            fraction = true;
            continue;
        }
        out->digits[out->count++] = text[at];
        out->exponent -= fraction;
    }
    out->digits[out->count] = '\0';
}

/* Without a point, so that strtod() and strtof() read it alike in every locale. */
static void print_plain(const char *text, size_t size, char out[MRPC_JSON_NUMBER_MAX_BYTES + 32])
{
    struct decimal decimal;
    take_apart(text, size, &decimal);
    snprintf(out, MRPC_JSON_NUMBER_MAX_BYTES + 32, "%s%se%ld", decimal.negative ? "-" : "", decimal.digits,
             decimal.exponent);
}

double mrpc_json_number_double(const char *text, size_t size)
{
    char plain[MRPC_JSON_NUMBER_MAX_BYTES + 32];
    print_plain(text, size, plain);
    return strtod(plain, NULL);
}

float mrpc_json_number_float(const char *text, size_t size)
{
    char plain[MRPC_JSON_NUMBER_MAX_BYTES + 32];
    print_plain(text, size, plain);
    return strtof(plain, NULL);
}

/* False when it is not whole or too large. */
static bool magnitude(const struct decimal *decimal, uint64_t *out)
{
    size_t count = decimal->count;
    long exponent = decimal->exponent;
    for (; exponent < 0 && count > 0; exponent++)
        if (decimal->digits[--count] != '0')
            return false;
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(decimal->digits[i] - '0'), &value))
            return false;
    for (; exponent > 0 && value > 0; exponent--)
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    *out = value;
    return true;
}

bool mrpc_json_number_uint64(const char *text, size_t size, uint64_t *out)
{
    struct decimal decimal;
    uint64_t value;
    take_apart(text, size, &decimal);
    if (!magnitude(&decimal, &value) || (decimal.negative && value > 0))
        return false;
    *out = value;
    return true;
}

bool mrpc_json_number_int64(const char *text, size_t size, int64_t *out)
{
    struct decimal decimal;
    uint64_t value;
    take_apart(text, size, &decimal);
    if (!magnitude(&decimal, &value) || value > (uint64_t)INT64_MAX + decimal.negative)
        return false;
    *out = decimal.negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

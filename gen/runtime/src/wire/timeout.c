/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/timeout.h"

#include <inttypes.h>
#include <stdio.h>

#include <mrpc/error.h>

#define DIGITS_MAX 8
#define VALUE_MAX INT64_C(99999999)

int mrpc_timeout_parse(const char *text, size_t size, int64_t *timeout_ms)
{
    if (size < 2 || size > DIGITS_MAX + 1)
        return MRPC_ERR_MALFORMED;
    int64_t value = 0;
    for (size_t i = 0; i + 1 < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return MRPC_ERR_MALFORMED;
        value = value * 10 + (text[i] - '0');
    }
    switch (text[size - 1]) {
    case 'H':
        *timeout_ms = value * 3600 * 1000;
        return 0;
    case 'M':
        *timeout_ms = value * 60 * 1000;
        return 0;
    case 'S':
        *timeout_ms = value * 1000;
        return 0;
    case 'm':
        *timeout_ms = value;
        return 0;
    case 'u':
        *timeout_ms = (value + 999) / 1000;
        return 0;
    case 'n':
        *timeout_ms = (value + 999999) / 1000000;
        return 0;
    default:
        return MRPC_ERR_MALFORMED;
    }
}

size_t mrpc_timeout_format(int64_t timeout_ms, char out[MRPC_TIMEOUT_TEXT_BYTES])
{
    static const struct {
        int64_t unit_ms;
        char letter;
    } units[] = {{1, 'm'}, {1000, 'S'}, {60 * 1000, 'M'}, {3600 * 1000, 'H'}};

    if (timeout_ms < 0)
        timeout_ms = 0;
    if (timeout_ms > MRPC_TIMEOUT_MAX_MS)
        timeout_ms = MRPC_TIMEOUT_MAX_MS;
    size_t unit = 0;
    int64_t value = timeout_ms;
    while (value > VALUE_MAX) {
        unit++;
        value = (timeout_ms + units[unit].unit_ms - 1) / units[unit].unit_ms;
    }
    return (size_t)snprintf(out, MRPC_TIMEOUT_TEXT_BYTES, "%" PRId64 "%c", value, units[unit].letter);
}

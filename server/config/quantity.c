/* SPDX-License-Identifier: Apache-2.0 */
#include "config/quantity.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static int parse(const char *text, const struct unit *units, int64_t *out)
{
    if (!isdigit((unsigned char)*text))
        return -1;
    int64_t number = 0;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *text - '0', &number))
            return -1;
    for (; units->name; units++)
        if (strcmp(text, units->name) == 0)
            return __builtin_mul_overflow(number, units->factor, out) ? -1 : 0;
    return -1;
}

int quantity_count(const char *text, int64_t *out)
{
    static const struct unit units[] = {{"", 1}, {NULL, 0}};
    return parse(text, units, out);
}

int quantity_duration_ms(const char *text, int64_t *out)
{
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},     {"min", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    if (strcmp(text, "0") == 0) { /* is the same in every unit */
        *out = 0;
        return 0;
    }
    return parse(text, units, out);
}

int quantity_size_bytes(const char *text, int64_t *out)
{
    static const struct unit units[] = {{"", 1},           {"B", 1},           {"KiB", 1 << 10},
                                        {"MiB", 1 << 20},  {"GiB", 1 << 30},   {NULL, 0}};
    return parse(text, units, out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_CIVIL_H
#define MLT_EXECUTION_CIVIL_H

#include <stdint.h>

/* Days since 1970-01-01 and dates of the Gregorian calendar, for any year that fits. Pure. */

int64_t civil_days(int64_t year, int month, int day);
void civil_date(int64_t days, int64_t *year, int *month, int *day);
/** 0: Sunday. */
int civil_weekday(int64_t days);
int civil_days_in_month(int64_t year, int month);

/** @a / @b and the rest for @b > 0, towards minus infinity. */
static inline int64_t civil_floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline int64_t civil_rest(int64_t a, int64_t b)
{
    return a - civil_floor_divide(a, b) * b;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/civil.h"

/* The year begins in March here, so that the leap day is its last: then months have a linear formula.
 * Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil and civil_from_days. */

int64_t civil_days(int64_t year, int month, int day)
{
    int64_t shifted = year - (month <= 2);
    int64_t era = civil_floor_divide(shifted, 400);
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void civil_date(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = civil_floor_divide(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted_month = (int)((5 * day_of_year + 2) / 153);
    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5) + 1;
    *month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

int civil_weekday(int64_t days)
{
    return (int)civil_rest(days + 4, 7);
}

int civil_days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + leap;
}

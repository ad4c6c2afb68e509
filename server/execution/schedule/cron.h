/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_CRON_H
#define MLT_EXECUTION_SCHEDULE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "fault/fault.h"

/* Cron expressions: five fields as in crontab(5), which say what minutes of a local calendar match.
 *
 *     minute 0-59   hour 0-23   day 1-31   month 1-12 or jan-dec   weekday 0-7 or sun-sat (0 and 7 are Sunday)
 *     field := part {"," part}     part := "*" ["/" step] | value ["-" value ["/" step]]
 *
 * When both day fields are restricted (do not begin with *) a day matches if either does, as in crontab(5); otherwise
 * both must. Pure: no clock, no zone. A local minute is counted from 1970-01-01 00:00 of that calendar. */

enum { CRON_BYTES_MAX = 256 };

struct cron {
    uint64_t minutes;  /* bit i: minute i */
    uint32_t hours;    /* bit i: hour i */
    uint32_t days;     /* bit i: day i of the month, from 1 */
    uint16_t months;   /* bit i: month i, from 1 */
    uint8_t weekdays;  /* bit i: weekday i, 0: Sunday */
    bool any_day;      /* the field of days begins with * */
    bool any_weekday;
};

/** Errors: INVALID_ARGUMENT with what is wrong where, also for an expression that no day ever matches ("0 0 30 2
 *  *"). */
int cron_parse(const char *text, struct cron *out, struct fault *fault) MRPC_MUST_USE;

bool cron_matches(const struct cron *cron, int64_t local_minute);
/** The first match after @local_minute. False when there is none within 40 years. */
bool cron_next(const struct cron *cron, int64_t local_minute, int64_t *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_ZONE_RULE_H
#define MLT_EXECUTION_SCHEDULE_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "execution/schedule/zone.h"

/* The rule behind the last transition of a TZif file, "EST5EDT,M3.2.0,M11.1.0". Source: POSIX.1-2017 8.3 (TZ), with the
 * hours of -167 to 167 that RFC 8536 3.3.1 adds. Pure. */

struct zone_rule_date {
    char kind;              /* 'M', 'J', or '0' for a day from 0 that counts leap days */
    int month, week, day;   /* M: day is the weekday; J, 0: day alone */
    int32_t time_s;         /* of the local clock before the change */
};

struct zone_rule {
    int32_t offset_s;       /* in winter */
    bool has_summer;
    int32_t summer_offset_s;
    struct zone_rule_date begin, end; /* of summer */
};

/** @text need not end with NUL. False when it is not a rule. */
bool zone_rule_parse(const char *text, size_t bytes, struct zone_rule *out);
struct zone_span zone_rule_span_at(const struct zone_rule *rule, int64_t at_s);

#endif

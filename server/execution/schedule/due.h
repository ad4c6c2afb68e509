/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_DUE_H
#define MLT_EXECUTION_SCHEDULE_DUE_H

#include <stdbool.h>
#include <stddef.h>

#include "execution/schedule/cron.h"
#include "execution/schedule/zone.h"

/* When something is due. Times are in ms since 1970, UTC, given by the caller: pure.
 *
 * A cron expression speaks of a local clock that may jump. Each local time that matches is due once: at the first
 * moment at which the local clock shows it or has passed it. So 02:30 of the night in which 02:00 becomes 03:00 is due
 * at
 * 03:00, and 01:30 of the night in which 02:00 becomes 01:00 is due the first time only. */

struct due_rule {
    bool is_interval;
    int64_t anchor_ms, interval_ms; /* due at anchor + k * interval, k >= 1 */
    struct cron cron;
    struct zone *zone; /* owned by who made the rule */
};

/** The first time after @after_ms; INT64_MAX when there is none. */
int64_t due_next(const struct due_rule *rule, int64_t after_ms);
/** The newest times in (@after_ms, @until_ms], at most @most of them, ascending. Returns how many; the work is bounded
 *  however long the stretch is. */
size_t due_between(const struct due_rule *rule, int64_t after_ms, int64_t until_ms, int64_t *out, size_t most);

#endif

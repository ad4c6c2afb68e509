/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/due.h"

#include "execution/civil.h"

enum { HOUR_S = 3600, LOOK_BACK_S = 48 * HOUR_S, LOOK_AHEAD_S = 30 * HOUR_S };

/* Seconds of years 1..9999, so that nothing below can overflow. */
static const int64_t least_s = INT64_C(-62135596800), most_s = INT64_C(253402300799);

/* ---- Intervals ---- */

static int64_t next_interval(const struct due_rule *rule, int64_t after_ms)
{
    if (after_ms < rule->anchor_ms)
        return rule->anchor_ms + rule->interval_ms;
    return rule->anchor_ms + ((after_ms - rule->anchor_ms) / rule->interval_ms + 1) * rule->interval_ms;
}

/* ---- Cron ---- */

/* The latest that the local clock has shown up to @at_s: what it shows, or what it showed before it was put back. No
 * zone has ever been put back by more than a day. */
static int64_t latest_local(const struct zone *zone, int64_t at_s)
{
    struct zone_span span = zone_span_at(zone, at_s);
    int64_t latest = at_s + span.offset_s;
    while (span.begin_s > at_s - LOOK_BACK_S) {
        int64_t last_s = span.begin_s - 1;
        span = zone_span_at(zone, last_s);
        if (last_s + span.offset_s > latest)
            latest = last_s + span.offset_s;
    }
    return latest;
}

/* The first moment at which the local clock shows @local_s or more. */
static int64_t first_moment(const struct zone *zone, int64_t local_s)
{
    struct zone_span span = zone_span_at(zone, local_s - LOOK_AHEAD_S);
    for (;;) {
        int64_t moment = local_s - span.offset_s;
        if (moment < span.begin_s)
            moment = span.begin_s;
        if (moment < span.end_s)
            return moment;
        span = zone_span_at(zone, span.end_s);
    }
}

static int64_t next_cron(const struct due_rule *rule, int64_t after_ms)
{
    int64_t after_s = civil_floor_divide(after_ms, 1000), minute;
    if (after_s < least_s)
        after_s = least_s;
    if (after_s > most_s)
        return INT64_MAX;
    if (!cron_next(&rule->cron, civil_floor_divide(latest_local(rule->zone, after_s), 60), &minute))
        return INT64_MAX;
    return first_moment(rule->zone, minute * 60) * 1000;
}

int64_t due_next(const struct due_rule *rule, int64_t after_ms)
{
    return rule->is_interval ? next_interval(rule, after_ms) : next_cron(rule, after_ms);
}

/* ---- Stretches ---- */

struct newest {
    int64_t *times; /* a ring of `most` */
    size_t most, found;
};

static void walk(const struct due_rule *rule, int64_t after_ms, int64_t until_ms, struct newest *newest)
{
    newest->found = 0;
    for (int64_t at = due_next(rule, after_ms); at <= until_ms; at = due_next(rule, at))
        newest->times[newest->found++ % newest->most] = at;
}

static void reverse(int64_t *times, size_t count)
{
    for (size_t i = 0; i + i + 1 < count; i++) {
        int64_t swapped = times[i];
        times[i] = times[count - 1 - i];
        times[count - 1 - i] = swapped;
    }
}

/* From a ring to ascending order, in place. */
static size_t unroll(struct newest *newest)
{
    if (newest->found <= newest->most)
        return newest->found;
    size_t oldest = newest->found % newest->most;
    reverse(newest->times, oldest);
    reverse(newest->times + oldest, newest->most - oldest);
    reverse(newest->times, newest->most);
    return newest->most;
}

/* Stretches that grow backwards from the end, until one holds enough: a dense rule is found in a short one. */
static size_t newest_cron(const struct due_rule *rule, int64_t after_ms, int64_t until_ms, int64_t *out, size_t most)
{
    static const int64_t minutes[] = {2, 120, 2 * 1440, 62 * 1440, 800 * 1440, INT64_C(41) * 366 * 1440};
    struct newest newest = {out, most, 0};
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes && newest.found < most; i++) {
        int64_t from_ms = until_ms - minutes[i] * 60000;
        bool whole = from_ms <= after_ms;
        walk(rule, whole ? after_ms : from_ms, until_ms, &newest);
        if (whole)
            break;
    }
    return unroll(&newest);
}

static size_t newest_interval(const struct due_rule *rule, int64_t after_ms, int64_t until_ms, int64_t *out,
                              size_t most)
{
    struct newest newest = {out, most, 0};
    int64_t stretch_ms = (int64_t)most * rule->interval_ms;
    if (after_ms < until_ms - stretch_ms)
        after_ms = until_ms - stretch_ms;
    walk(rule, after_ms, until_ms, &newest);
    return unroll(&newest);
}

size_t due_between(const struct due_rule *rule, int64_t after_ms, int64_t until_ms, int64_t *out, size_t most)
{
    if (after_ms >= until_ms || !most)
        return 0;
    return rule->is_interval ? newest_interval(rule, after_ms, until_ms, out, most)
                             : newest_cron(rule, after_ms, until_ms, out, most);
}

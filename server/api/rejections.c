/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rejections.h"

#include <stdatomic.h>
#include <string.h>

#include "metrics/page.h"

/* Reasons are few and never go: the first free place is claimed once, and kept. The last place is for all others. */
static struct rejection *kind_of(struct rejections *rejections, const char *reason)
{
    struct rejection *last = &rejections->kinds[REJECTIONS_MAX - 1];
    for (struct rejection *at = rejections->kinds; at < last; at++) {
        const char *seen = atomic_load_explicit(&at->reason, memory_order_relaxed);
        if (!seen && atomic_compare_exchange_strong(&at->reason, &seen, reason))
            return at;
        if (seen == reason || strcmp(seen, reason) == 0)
            return at;
    }
    atomic_store_explicit(&last->reason, "other", memory_order_relaxed);
    return last;
}

void rejections_note(struct rejections *rejections, struct log *log, const char *reason, const char *peer)
{
    struct rejection *kind = kind_of(rejections, reason);
    uint64_t held_back;
    atomic_fetch_add_explicit(&kind->count, 1, memory_order_relaxed);
    if (log_limit_pass(&kind->limit, &held_back))
        log_warn(log, "api", "rejected reason=%s peer=%s held_back=%llu", reason, peer ? peer : "-",
                 (unsigned long long)held_back);
}

int rejections_write(const struct rejections *rejections, int (*write)(void *arg, const char *text, size_t size),
                     void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    metrics_head(&page, "mltrainer_rejected_total", "counter",
                 "Connections and calls that were turned away, by reason.");
    for (size_t i = 0; i < REJECTIONS_MAX; i++) {
        const char *reason = atomic_load_explicit(&rejections->kinds[i].reason, memory_order_relaxed);
        if (reason)
            metrics_put(&page, "mltrainer_rejected_total{reason=\"%.64s\"} %llu\n", reason,
                        (unsigned long long)atomic_load_explicit(&rejections->kinds[i].count, memory_order_relaxed));
    }
    return page.error;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_METRICS_PAGE_H
#define MLT_METRICS_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* A part of GET /metrics in Prometheus' text format, piece by piece. Thread: any, one at a time. */

struct metrics_page {
    int (*write)(void *arg, const char *text, size_t size);
    void *arg;
    int error; /* the first that @write returned; nothing is written after it */
};

/** A line or a few, at most 511 bytes. */
MRPC_PRINTF(2, 3) void metrics_put(struct metrics_page *page, const char *format, ...);
/** What comes before the series of @name. @type: "counter", "gauge" or "histogram". */
void metrics_head(struct metrics_page *page, const char *name, const char *type, const char *help);
/** A name with one series. */
void metrics_single(struct metrics_page *page, const char *name, const char *type, const char *help, uint64_t value);

#endif

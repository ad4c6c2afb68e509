/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "store/store.h"

/* The store's part of the metrics page, in Prometheus' text format. */

struct number {
    const char *name, *type, *help;
    uint64_t value;
};

int store_write_metrics(const struct store *store, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct store_stats stats;
    store_stats(store, &stats);
    const struct number numbers[] = {
        {"revision", "gauge", "Revision of the last change.", stats.revision},
        {"commits_total", "counter", "Batches of changes that were made durable.", stats.commits},
        {"groups_total", "counter", "Transactions, and so syncs, that they took.", stats.groups},
        {"queued_batches", "gauge", "Batches that wait to be written.", stats.queued},
        {"queued_bytes", "gauge", "Their memory.", stats.queued_bytes},
        {"log_bytes", "gauge", "What is in use of the write-ahead log.", stats.wal_bytes},
        {"read_only", "gauge", "1 when the disk was full at the last attempt to write.", stats.read_only},
    };
    int error = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !error; i++) {
        const struct number *number = &numbers[i];
        char text[256];
        int size = snprintf(text, sizeof text,
                            "# HELP mltrainer_store_%s %s\n# TYPE mltrainer_store_%s %s\nmltrainer_store_%s %" PRIu64 "\n",
                            number->name, number->help, number->name, number->type, number->name, number->value);
        error = write(arg, text, (size_t)size);
    }
    return error;
}

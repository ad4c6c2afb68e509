/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/page.h"
#include "store/store.h"

/* The store's part of the metrics page. */

int store_write_metrics(const struct store *store, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    struct store_stats stats;
    store_stats(store, &stats);
    metrics_single(&page, "mltrainer_store_revision", "gauge", "Revision of the last change.", stats.revision);
    metrics_single(&page, "mltrainer_store_commits_total", "counter", "Batches of changes that were made durable.",
                   stats.commits);
    metrics_single(&page, "mltrainer_store_groups_total", "counter", "Transactions, and so syncs, that they took.",
                   stats.groups);
    metrics_single(&page, "mltrainer_store_queued_batches", "gauge", "Batches that wait to be written.", stats.queued);
    metrics_single(&page, "mltrainer_store_queued_bytes", "gauge", "Their memory.", stats.queued_bytes);
    metrics_single(&page, "mltrainer_store_log_bytes", "gauge", "What is in use of the write-ahead log.",
                   stats.wal_bytes);
    metrics_single(&page, "mltrainer_store_read_only", "gauge",
                   "1 while nothing can be changed: the disk is full or read-only, or the store's files are gone.",
                   stats.read_only);
    return page.error;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_EVENT_LOG_H
#define MLT_EXECUTION_EVENT_LOG_H

#include "execution/api.h"

/* The events of one job, encoded, in order from 1 without gaps. What is committed is on disk and may be shown. Shared
 * by the job, while it lives, and by those who watch it. Thread: the execution loop's. */

enum { EVENT_LOG_EVENTS_MAX = 10000, EVENT_LOG_LINES_BYTES_MAX = 1024 * 1024 };

struct event_watcher;

struct event_log {
    unsigned references;
    struct api_bytes *events;
    size_t count, room;
    size_t committed;  /* events that may be shown */
    size_t line_bytes; /* of log lines */
    bool complete;     /* the last one has ended the job */
    struct event_watcher *watchers;
};

/** NULL when out of memory. One reference. */
struct event_log *event_log_new(void) MRPC_MUST_USE;
struct event_log *event_log_ref(struct event_log *log);
void event_log_unref(struct event_log *log);
/** Takes over @event. Returns its sequence, or 0 when out of memory. */
uint64_t event_log_append(struct event_log *log, struct api_bytes event);

/** Somebody who is told when more may be shown. The list entry is his. */
struct event_watcher {
    void (*more)(struct event_watcher *watcher);
    struct event_watcher *next, **link;
};
void event_log_watch(struct event_log *log, struct event_watcher *watcher);
void event_log_unwatch(struct event_watcher *watcher);
/** Events up to @sequence may be shown. */
void event_log_commit(struct event_log *log, uint64_t sequence, bool complete);

#endif

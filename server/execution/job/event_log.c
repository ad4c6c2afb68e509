/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/event_log.h"

#include <stdlib.h>

struct event_log *event_log_new(void)
{
    struct event_log *log = calloc(1, sizeof *log);
    if (log)
        log->references = 1;
    return log;
}

struct event_log *event_log_ref(struct event_log *log)
{
    log->references++;
    return log;
}

void event_log_unref(struct event_log *log)
{
    if (!log || --log->references)
        return;
    for (size_t i = 0; i < log->count; i++)
        free(log->events[i].data);
    free(log->events);
    free(log);
}

uint64_t event_log_append(struct event_log *log, struct api_bytes event)
{
    if (log->count == log->room) {
        size_t room = log->room ? log->room * 2 : 8;
        struct api_bytes *events = realloc(log->events, room * sizeof *events);
        if (!events) {
            free(event.data);
            return 0;
        }
        log->events = events;
        log->room = room;
    }
    log->events[log->count++] = event;
    return log->count;
}

void event_log_watch(struct event_log *log, struct event_watcher *watcher)
{
    watcher->next = log->watchers;
    watcher->link = &log->watchers;
    if (watcher->next)
        watcher->next->link = &watcher->next;
    log->watchers = watcher;
}

void event_log_unwatch(struct event_watcher *watcher)
{
    if (!watcher->link)
        return;
    *watcher->link = watcher->next;
    if (watcher->next)
        watcher->next->link = watcher->link;
    watcher->link = NULL;
}

void event_log_commit(struct event_log *log, uint64_t sequence, bool complete)
{
    if (sequence > log->committed)
        log->committed = sequence;
    log->complete |= complete;
    event_log_ref(log);
    for (struct event_watcher *watcher = log->watchers, *next; watcher; watcher = next) {
        next = watcher->next; /* it may leave */
        watcher->more(watcher);
    }
    event_log_unref(log);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EMBEDDING_REACTOR_H
#define EMBEDDING_REACTOR_H

#include <stdbool.h>
#include <stdint.h>

/* The program's own event loop, here plain epoll: it stands for libuv, GLib, or whatever yours is. One thread. Nothing
 * in it knows of gRPC. */

struct reactor {
    int epoll;
    struct timer *timers; /* by time; thousands of them would want a heap */
    bool stopped;
};

/** A file descriptor to wait for. It may be removed, and its memory freed, in any callback. */
struct source {
    int fd;
    uint32_t events; /* EPOLLIN, EPOLLOUT */
    void (*ready)(struct source *source, uint32_t events);
};

/** Something to be done at a time. */
struct timer {
    struct timer *next;
    bool set;
    int64_t at_ms;
    void (*due)(struct timer *timer);
};

/* CLOCK_MONOTONIC. */
int64_t reactor_now_ms(void);

/* These return 0, or -1 and errno. */
int reactor_init(struct reactor *reactor);
int reactor_add(struct reactor *reactor, struct source *source);
int reactor_change(struct reactor *reactor, struct source *source, uint32_t events);
/** Wait and call back until reactor_stop(). */
int reactor_run(struct reactor *reactor);

void reactor_remove(struct reactor *reactor, struct source *source);
void reactor_stop(struct reactor *reactor);
void reactor_fini(struct reactor *reactor);

/** Set, or set again. */
void reactor_timer_set(struct reactor *reactor, struct timer *timer, int64_t at_ms);
void reactor_timer_cancel(struct reactor *reactor, struct timer *timer);

#endif

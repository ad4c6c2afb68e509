/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_LOOP_H
#define MRPC_CLIENT_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <mrpc/channel.h>

#include "client/timer_heap.h"

/* The event loop under channels: epoll for sockets, an eventfd for other threads, a timerfd so that the epoll
 * descriptor itself becomes readable when a timer is due. That descriptor is what mrpc_loop_fd() hands out.
 *
 * Everything but mrpc_loop_post() and mrpc_loop_is_own_thread() belongs to the loop's thread: the one that calls
 * process(). One process() runs, in this order: sockets, posted tasks, due timers, and then the flushers, so that all
 * that a wake-up produced leaves in one write. */

/** Something that another thread asks the loop to do. Embedded in its owner, which must live until it has run. */
struct session_memory;

struct mrpc_task {
    struct mrpc_task *next;
    /** Thread: the loop's. Once a post. May free its owner. */
    void (*run)(struct mrpc_task *task);
};

/** Thread: any. FIFO. A task that is posted must not be posted again before it runs. */
void mrpc_loop_post(struct mrpc_loop *loop, struct mrpc_task *task);

/** Whether the caller is the thread that drives the loop (or, before the first process(), made it). Thread: any. */
bool mrpc_loop_is_own_thread(const struct mrpc_loop *loop);

/** Name the thread that will drive the loop, before it first does. */
void mrpc_loop_set_owner(struct mrpc_loop *loop, pthread_t thread);

/** One wake-up: wait at most @timeout_ms (-1: for ever), then do all that is due. Errors: MRPC_ERR_SYSTEM. */
int mrpc_loop_turn(struct mrpc_loop *loop, int timeout_ms);

/** CLOCK_MONOTONIC in ms, read once a wake-up. */
int64_t mrpc_loop_time_ms(const struct mrpc_loop *loop);
/** For the sessions that it drives. */
struct session_memory *mrpc_loop_session_memory(struct mrpc_loop *loop);

/** For tests: what is due within the next @ms is due at the next wake-up. Deadlines of calls go by the real clock. */
void mrpc_loop_advance(struct mrpc_loop *loop, int64_t ms);

/** CLOCK_MONOTONIC in ms. Thread: any. */
int64_t mrpc_clock_ms(void);

/** A descriptor that is watched. */
struct mrpc_watch {
    int fd;
    uint32_t events;
    /** Thread: the loop's. @events: EPOLLIN and friends. May remove the watch and free its owner. */
    void (*ready)(struct mrpc_watch *watch, uint32_t events);
};

/** Errors: MRPC_ERR_SYSTEM. */
int mrpc_loop_watch_add(struct mrpc_loop *loop, struct mrpc_watch *watch) MRPC_MUST_USE;
int mrpc_loop_watch_change(struct mrpc_loop *loop, struct mrpc_watch *watch, uint32_t events) MRPC_MUST_USE;
void mrpc_loop_watch_remove(struct mrpc_loop *loop, struct mrpc_watch *watch);

/** (Re)start a timer. Errors: MRPC_ERR_NOMEM. */
int mrpc_loop_timer_set(struct mrpc_loop *loop, struct mrpc_timer *timer, int64_t at_ms) MRPC_MUST_USE;
void mrpc_loop_timer_cancel(struct mrpc_loop *loop, struct mrpc_timer *timer);

/** Run once at the end of this wake-up, however often it was asked for. */
struct mrpc_flusher {
    struct mrpc_flusher *next;
    struct mrpc_flusher **link; /* NULL: not waiting */
    void (*run)(struct mrpc_flusher *flusher);
};
void mrpc_loop_flush_later(struct mrpc_loop *loop, struct mrpc_flusher *flusher);
void mrpc_loop_flush_cancel(struct mrpc_loop *loop, struct mrpc_flusher *flusher);

/** The library's own loop and thread, started with the first channel that needs it and stopped after the last.
 *  Errors: MRPC_ERR_NOMEM, MRPC_ERR_SYSTEM. Thread: any. */
int mrpc_library_loop_acquire(struct mrpc_loop **out) MRPC_MUST_USE;
void mrpc_library_loop_release(struct mrpc_loop *loop);

#endif

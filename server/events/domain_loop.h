/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DOMAIN_LOOP_H
#define MLT_DOMAIN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "trace/trace.h"

/* The one thread that writes a service's state.
 *
 * Commands arrive as tasks by a queue, run one after another in the order of their posting, and publish snapshots
 * (events/snapshot.h) for everybody else. Timers and sockets of the domain (leases, checks, schedules) live on the
 * loop's libevent base. Nothing that runs here may block: files and SQL go to the store's thread or the thread pool,
 * whose results come back as tasks. */

struct domain_loop;
struct event_base;

/** A task whose memory its owner embeds somewhere; it can be posted again once it has begun to run. */
struct domain_task {
    void (*run)(struct domain_task *task);
    struct domain_task *next; /* the queue's */
    struct trace_place trace; /* for whom it was posted; the queue's, too */
};

/** @name is the thread's name, at most 15 characters. Errors: MRPC_ERR_NOMEM, MRPC_ERR_SYSTEM. */
int domain_loop_new(const char *name, struct domain_loop **out) MRPC_MUST_USE;
int domain_loop_start(struct domain_loop *loop) MRPC_MUST_USE;
/** Refuse new tasks, run those that are queued, join the thread. Idempotent; also before start. */
void domain_loop_stop(struct domain_loop *loop);
void domain_loop_free(struct domain_loop *loop);

/** Run @task(arg) on the loop, after everything posted before. Thread: any. Ownership: @arg passes to the task.
 *  Errors: MRPC_ERR_NOMEM; MRPC_ERR_CLOSED after stop: the task will not run and @arg is still the caller's. */
int domain_loop_post(struct domain_loop *loop, void (*task)(void *arg), void *arg) MRPC_MUST_USE;
/** The same without an allocation, so it fails only with MRPC_ERR_CLOSED. */
int domain_loop_post_task(struct domain_loop *loop, struct domain_task *task) MRPC_MUST_USE;

/** What it was made with. Thread: any. */
const char *domain_loop_name(const struct domain_loop *loop);
/** For timers and sockets. Thread: the loop's own, or any before start. */
struct event_base *domain_loop_base(struct domain_loop *loop);
/** CLOCK_MONOTONIC in ms, read now. Thread: any. */
int64_t domain_loop_now_ms(const struct domain_loop *loop);
/** True on the loop's own thread. */
bool domain_loop_is_current(const struct domain_loop *loop);

#endif

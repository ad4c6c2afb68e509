/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_INBOX_H
#define MRPC_SERVER_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>

/** Something to be run on a loop's thread; embed it in what it concerns. */
struct inbox_task {
    struct inbox_task *next;
    void (*run)(struct inbox_task *task);   /* may free the task */
};

/** Tasks from any thread to one. Producers push onto a stack with one compare-and-swap; the consumer takes the whole
 *  stack with one exchange and turns it round, so that tasks run in the order in which they were pushed. Nothing is
 *  popped singly, so there is no ABA. Who pushes onto an empty stack wakes the consumer: one wake-up for many. */
struct mrpc_inbox {
    _Atomic(struct inbox_task *) newest;
    atomic_uint pushing;                    /* producers between push and wake-up, which must not outlive the inbox */
    void (*wake)(void *arg);
    void *arg;
};

void mrpc_inbox_init(struct mrpc_inbox *inbox, void (*wake)(void *arg), void *arg);
/** Returns when no producer is inside mrpc_inbox_push() any more; tasks that are left are forgotten. */
void mrpc_inbox_fini(struct mrpc_inbox *inbox);

/** Thread: any. The task may have run, and be gone, when this returns. */
void mrpc_inbox_push(struct mrpc_inbox *inbox, struct inbox_task *task);
/** Run what is there now. Thread: the consumer's. */
void mrpc_inbox_run(struct mrpc_inbox *inbox);

#endif

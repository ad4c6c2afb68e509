/* SPDX-License-Identifier: Apache-2.0 */

#include "server/inbox.h"

#include <sched.h>
#include <stddef.h>

void mrpc_inbox_init(struct mrpc_inbox *inbox, void (*wake)(void *arg), void *arg)
{
    atomic_init(&inbox->newest, NULL);
    atomic_init(&inbox->pushing, 0);
    inbox->wake = wake;
    inbox->arg = arg;
}

void mrpc_inbox_fini(struct mrpc_inbox *inbox)
{
    while (atomic_load_explicit(&inbox->pushing, memory_order_acquire) > 0)
        sched_yield();
}

void mrpc_inbox_push(struct mrpc_inbox *inbox, struct inbox_task *task)
{
    atomic_fetch_add_explicit(&inbox->pushing, 1, memory_order_relaxed);
    struct inbox_task *newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
    do {
        task->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&inbox->newest, &newest, task, memory_order_acq_rel,
                                                    memory_order_relaxed));
    if (newest == NULL)
        inbox->wake(inbox->arg);
    atomic_fetch_sub_explicit(&inbox->pushing, 1, memory_order_release);
}

static struct inbox_task *turn_round(struct inbox_task *newest)
{
    struct inbox_task *oldest = NULL;
    while (newest != NULL) {
        struct inbox_task *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void mrpc_inbox_run(struct mrpc_inbox *inbox)
{
    struct inbox_task *task = turn_round(atomic_exchange_explicit(&inbox->newest, NULL, memory_order_acquire));
    while (task != NULL) {
        struct inbox_task *next = task->next;
        task->run(task);
        task = next;
    }
}

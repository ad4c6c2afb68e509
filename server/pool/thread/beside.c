/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/thread/beside.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Lives until both have let go of it: the pool, in whose queue it may stand longer than the work takes, and the
 * join. */
struct beside {
    struct thread_task task; /* first, for the cast in on_thread() */
    void (*work)(void *arg);
    void *arg;
    atomic_bool taken;
    atomic_uint references;
    sem_t done;
};

static void let_go(struct beside *half)
{
    if (atomic_fetch_sub(&half->references, 1) != 1)
        return;
    sem_destroy(&half->done);
    free(half);
}

static void on_thread(struct thread_task *task)
{
    struct beside *half = (struct beside *)task;
    if (!atomic_exchange(&half->taken, true)) {
        half->work(half->arg);
        sem_post(&half->done);
    }
    let_go(half);
}

struct beside *beside_begin(struct thread_pool *pool, void (*work)(void *arg), void *arg)
{
    struct beside *half = calloc(1, sizeof *half);
    struct fault ignored = FAULT_INIT;
    if (!half)
        return NULL;
    *half = (struct beside){.task.work = on_thread, .work = work, .arg = arg, .references = 2};
    sem_init(&half->done, 0, 0);
    if (thread_pool_submit(pool, &half->task, &ignored) == 0)
        return half;
    sem_destroy(&half->done);
    free(half);
    return NULL;
}

void beside_join(struct beside *half)
{
    if (!atomic_exchange(&half->taken, true))
        half->work(half->arg);
    else
        while (sem_wait(&half->done) != 0)
            continue;
    let_go(half);
}

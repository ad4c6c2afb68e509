/* SPDX-License-Identifier: Apache-2.0 */
#include "server/inbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "test.h"

#define PRODUCERS 4
#define TASKS 20000

struct item {
    struct inbox_task task;   /* first */
    unsigned producer, number;
    struct counts *counts;
};

struct counts {
    struct mrpc_inbox inbox;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool pending;
    unsigned wakes;
    unsigned ran;
    unsigned next[PRODUCERS];
};

static void wake(void *arg)
{
    struct counts *counts = arg;
    pthread_mutex_lock(&counts->lock);
    counts->pending = true;
    counts->wakes++;
    pthread_cond_signal(&counts->woken);
    pthread_mutex_unlock(&counts->lock);
}

static void run(struct inbox_task *task)
{
    struct item *item = (struct item *)task;
    struct counts *counts = item->counts;
    assert_int_equal(item->number, counts->next[item->producer]++);
    counts->ran++;
    free(item);
}

static void push(struct counts *counts, unsigned producer, unsigned number)
{
    struct item *item = malloc(sizeof(*item));
    *item = (struct item){.task.run = run, .producer = producer, .number = number, .counts = counts};
    mrpc_inbox_push(&counts->inbox, &item->task);
}

static void open_inbox(struct counts *counts)
{
    *counts = (struct counts){.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
    mrpc_inbox_init(&counts->inbox, wake, counts);
}

static void many_pushes_are_one_wake_up(void **state)
{
    struct counts counts;
    open_inbox(&counts);
    for (unsigned i = 0; i < 10; i++)
        push(&counts, 0, i);
    assert_int_equal(counts.wakes, 1);
    mrpc_inbox_run(&counts.inbox);
    assert_int_equal(counts.ran, 10);
    push(&counts, 0, 10);
    assert_int_equal(counts.wakes, 2);
    mrpc_inbox_run(&counts.inbox);
    mrpc_inbox_run(&counts.inbox);
    assert_int_equal(counts.ran, 11);
    mrpc_inbox_fini(&counts.inbox);
}

struct producer {
    struct counts *counts;
    unsigned index;
};

static void *produce(void *arg)
{
    struct producer *producer = arg;
    for (unsigned i = 0; i < TASKS; i++)
        push(producer->counts, producer->index, i);
    return NULL;
}

static void each_producers_tasks_run_once_and_in_order(void **state)
{
    struct counts counts;
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    open_inbox(&counts);
    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){&counts, i};
        pthread_create(&threads[i], NULL, produce, &producers[i]);
    }
    while (counts.ran < PRODUCERS * TASKS) {
        pthread_mutex_lock(&counts.lock);
        while (!counts.pending)
            pthread_cond_wait(&counts.woken, &counts.lock);
        counts.pending = false;
        pthread_mutex_unlock(&counts.lock);
        mrpc_inbox_run(&counts.inbox);
    }
    mrpc_inbox_fini(&counts.inbox);
    for (unsigned i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_pushes_are_one_wake_up),
        cmocka_unit_test(each_producers_tasks_run_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

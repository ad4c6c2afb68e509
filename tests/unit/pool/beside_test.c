/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "pool/thread/beside.h"

struct piece {
    atomic_uint times;
    pthread_t thread;
    sem_t *begun;
};

static void work(void *arg)
{
    struct piece *piece = arg;
    piece->thread = pthread_self();
    atomic_fetch_add(&piece->times, 1);
    if (piece->begun)
        sem_post(piece->begun);
}

static struct thread_pool *start(unsigned threads, unsigned queue_limit)
{
    const struct thread_pool_options options = {.name = "beside", .threads = threads, .queue_limit = queue_limit};
    struct thread_pool *pool;
    assert_int_equal(thread_pool_new(&options, &pool), 0);
    assert_int_equal(thread_pool_start(pool), 0);
    return pool;
}

static void half_runs_on_a_thread_that_is_free(void **state)
{
    struct thread_pool *pool = start(1, 16);
    sem_t begun;
    struct piece piece = {.begun = &begun};
    sem_init(&begun, 0, 0);
    struct beside *half = beside_begin(pool, work, &piece);
    assert_non_null(half);
    while (sem_wait(&begun) != 0)
        continue;
    beside_join(half);
    assert_int_equal(piece.times, 1);
    assert_false(pthread_equal(piece.thread, pthread_self()));
    thread_pool_free(pool);
    sem_destroy(&begun);
}

/* ---- A pool whose one thread is not free ---- */

struct gate {
    struct thread_task task;
    sem_t entered, open;
};

static void stand_in_the_way(struct thread_task *task)
{
    struct gate *gate = (struct gate *)task;
    sem_post(&gate->entered);
    while (sem_wait(&gate->open) != 0)
        continue;
}

static void close_gate(struct thread_pool *pool, struct gate *gate)
{
    *gate = (struct gate){.task.work = stand_in_the_way};
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->open, 0, 0);
    assert_int_equal(thread_pool_submit(pool, &gate->task, NULL), 0);
    while (sem_wait(&gate->entered) != 0)
        continue;
}

static void half_that_no_thread_has_begun_runs_at_the_join(void **state)
{
    struct thread_pool *pool = start(1, 16);
    struct gate gate;
    struct piece pieces[3] = {0};
    close_gate(pool, &gate);
    for (int i = 0; i < 3; i++) {
        struct beside *half = beside_begin(pool, work, &pieces[i]);
        assert_non_null(half);
        beside_join(half);
        assert_true(pthread_equal(pieces[i].thread, pthread_self()));
    }
    sem_post(&gate.open);
    thread_pool_free(pool); /* which runs what still stands in the queue */
    for (int i = 0; i < 3; i++)
        assert_int_equal(pieces[i].times, 1);
}

static void full_queue_leaves_it_to_the_caller(void **state)
{
    struct thread_pool *pool = start(1, 1);
    struct gate gate;
    struct piece piece = {0}, other = {0};
    close_gate(pool, &gate);
    struct beside *half = beside_begin(pool, work, &piece);
    assert_non_null(half);
    assert_null(beside_begin(pool, work, &other));
    beside_join(half);
    sem_post(&gate.open);
    thread_pool_free(pool);
    assert_int_equal(piece.times, 1);
    assert_int_equal(other.times, 0);
}

/* Every thread divides its work: nobody waits for a thread that waits itself. */
struct divided {
    struct thread_task task;
    struct thread_pool *pool;
    struct piece pieces[200];
    sem_t *done;
};

static void divide(struct thread_task *task)
{
    struct divided *divided = (struct divided *)task;
    for (unsigned i = 0; i < 200; i++) {
        struct beside *half = beside_begin(divided->pool, work, &divided->pieces[i]);
        if (half)
            beside_join(half);
        else
            work(&divided->pieces[i]);
    }
    sem_post(divided->done);
}

static void all_threads_may_divide_their_work(void **state)
{
    static struct divided all[4];
    struct thread_pool *pool = start(2, 1024); /* halves that were done at the join stand in the queue, too */
    sem_t done;
    sem_init(&done, 0, 0);
    for (int i = 0; i < 4; i++) {
        all[i] = (struct divided){.task.work = divide, .pool = pool, .done = &done};
        assert_int_equal(thread_pool_submit(pool, &all[i].task, NULL), 0);
    }
    for (int i = 0; i < 4; i++)
        while (sem_wait(&done) != 0)
            continue;
    thread_pool_free(pool);
    for (int i = 0; i < 4 * 200; i++)
        assert_int_equal(all[i / 200].pieces[i % 200].times, 1);
    sem_destroy(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_runs_on_a_thread_that_is_free),
        cmocka_unit_test(half_that_no_thread_has_begun_runs_at_the_join),
        cmocka_unit_test(full_queue_leaves_it_to_the_caller),
        cmocka_unit_test(all_threads_may_divide_their_work),
    };
    return cmocka_run_group_tests_name("pool/beside", tests, NULL, NULL);
}

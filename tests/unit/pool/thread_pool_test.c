/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "pool/thread/thread_pool.h"

#define MANY 2000

struct fixture {
    struct domain_loop *loop;
    struct thread_pool *pool;
    sem_t gate;    /* work() of blocked tasks waits here */
    sem_t entered; /* and says so here */
    sem_t finished;
    atomic_int worked;
    int done; /* on the loop's thread alone */
};

struct job {
    struct thread_task task;
    struct fixture *fixture;
};

static void set_up(struct fixture *f, unsigned threads, unsigned queue_limit)
{
    struct thread_pool_options options = {.name = "test", .threads = threads, .queue_limit = queue_limit};

    *f = (struct fixture){0};
    sem_init(&f->gate, 0, 0);
    sem_init(&f->entered, 0, 0);
    sem_init(&f->finished, 0, 0);
    assert_int_equal(domain_loop_new("reply", &f->loop), 0);
    assert_int_equal(domain_loop_start(f->loop), 0);
    assert_int_equal(thread_pool_new(&options, &f->pool), 0);
    assert_int_equal(thread_pool_start(f->pool), 0);
}

static void tear_down(struct fixture *f)
{
    thread_pool_free(f->pool);
    domain_loop_stop(f->loop);
    domain_loop_free(f->loop);
}

static void count_work(struct thread_task *task)
{
    atomic_fetch_add(&((struct job *)task)->fixture->worked, 1);
}

static void count_done(struct thread_task *task)
{
    struct fixture *f = ((struct job *)task)->fixture;
    f->done += domain_loop_is_current(f->loop);
    sem_post(&f->finished);
}

static void block(struct thread_task *task)
{
    struct fixture *f = ((struct job *)task)->fixture;
    sem_post(&f->entered);
    sem_wait(&f->gate);
}

static struct job job(struct fixture *f, void (*work)(struct thread_task *))
{
    return (struct job){.task = {.work = work, .done = count_done, .reply_loop = f->loop}, .fixture = f};
}

static void runs_each_task_once_and_replies_on_the_loop(void **state)
{
    static struct job jobs[MANY];
    struct fixture f;
    struct thread_pool_stats stats;

    set_up(&f, 3, MANY);
    for (int i = 0; i < MANY; i++) {
        jobs[i] = job(&f, count_work);
        assert_int_equal(thread_pool_submit(f.pool, &jobs[i].task, NULL), 0);
    }
    for (int i = 0; i < MANY; i++)
        sem_wait(&f.finished);
    thread_pool_stats(f.pool, &stats);
    assert_int_equal(f.worked, MANY);
    assert_int_equal(f.done, MANY);
    assert_int_equal(stats.done, MANY);
    assert_int_equal(stats.busy + stats.queued, 0);
    tear_down(&f);
}

static void refuses_with_advice_when_the_queue_is_full(void **state)
{
    struct fixture f;
    struct fault fault = FAULT_INIT;

    set_up(&f, 1, 1);
    struct job busy = job(&f, block), waiting = job(&f, count_work), refused = job(&f, count_work);
    assert_int_equal(thread_pool_submit(f.pool, &busy.task, &fault), 0);
    sem_wait(&f.entered);
    assert_int_equal(thread_pool_submit(f.pool, &waiting.task, &fault), 0);
    assert_int_equal(thread_pool_submit(f.pool, &refused.task, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_true(fault.retry_after_ms > 0);
    sem_post(&f.gate);
    sem_wait(&f.finished);
    sem_wait(&f.finished);
    assert_int_equal(f.worked, 1);
    tear_down(&f);
}

static void stop_runs_what_waits_and_refuses_the_rest(void **state)
{
    struct fixture f;
    struct fault fault = FAULT_INIT;
    struct job jobs[50];

    set_up(&f, 2, 0);
    for (int i = 0; i < 50; i++) {
        jobs[i] = job(&f, count_work);
        assert_int_equal(thread_pool_submit(f.pool, &jobs[i].task, NULL), 0);
    }
    thread_pool_stop(f.pool);
    assert_int_equal(f.worked, 50);
    struct job late = job(&f, count_work);
    assert_int_equal(thread_pool_submit(f.pool, &late.task, &fault), MRPC_UNAVAILABLE);
    for (int i = 0; i < 50; i++)
        sem_wait(&f.finished);
    tear_down(&f);
    assert_int_equal(f.done, 50);
}

static void completes_even_when_the_reply_loop_has_stopped(void **state)
{
    struct fixture f;

    set_up(&f, 1, 0);
    struct job orphan = job(&f, count_work);
    domain_loop_stop(f.loop);
    assert_int_equal(thread_pool_submit(f.pool, &orphan.task, NULL), 0);
    sem_wait(&f.finished);
    assert_int_equal(f.worked, 1);
    assert_int_equal(f.done, 0);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_each_task_once_and_replies_on_the_loop),
        cmocka_unit_test(refuses_with_advice_when_the_queue_is_full),
        cmocka_unit_test(stop_runs_what_waits_and_refuses_the_rest),
        cmocka_unit_test(completes_even_when_the_reply_loop_has_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

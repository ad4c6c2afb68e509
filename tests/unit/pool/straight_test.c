/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"

/* A task that finds a worker idle is given to it by the thread that submits it. Nobody can tell but by the time: it
 * ends once, and its callbacks run where they always do. */

enum { THREADS = 4, TASKS = 300, LARGE = 4 << 20 };

struct ending {
    atomic_uint times;
    _Atomic int code;
    pthread_t thread; /* that the callback ran on */
};

static struct ending endings[THREADS][TASKS];
static struct process_pool *pool;

static void on_done(void *arg, uint64_t ticket, struct process_result *result)
{
    struct ending *ending = arg;
    ending->thread = pthread_self();
    ending->code = result->fault.code;
    atomic_fetch_add(&ending->times, 1);
}

static uint64_t submit(const char *algorithm, bool brief, struct ending *ending)
{
    struct fault fault = FAULT_INIT;
    uint64_t ticket = 0;
    const struct process_task task = {.operation = PROCESS_COMPUTE,
                                      .plugin_path = MLT_TEST_ZOO_FOLDER "/zoo.so",
                                      .algorithm = algorithm,
                                      .brief = brief,
                                      .fleeting = brief,
                                      .on_done = on_done,
                                      .arg = ending};
    return process_pool_submit(pool, &task, &ticket, &fault) ? 0 : ticket;
}

static void await(struct ending *ending)
{
    while (!atomic_load(&ending->times))
        sched_yield();
}

/* One after another, so that the next finds a worker idle; now and then one is not waited for, or cancelled. */
static void *submit_many(void *arg)
{
    struct ending *mine = arg;
    for (unsigned i = 0; i < TASKS; i++) {
        uint64_t ticket = submit("nothing", i % 3 != 0, &mine[i]);
        if (!ticket)
            return NULL;
        if (i % 8 == 7)
            process_pool_cancel(pool, ticket);
        else if (i % 8 != 3)
            await(&mine[i]);
    }
    return arg;
}

static void each_task_of_many_threads_ends_once(void **state)
{
    struct worker_bench bench;
    pthread_t threads[THREADS];
    void *all_accepted;

    worker_bench_start(&bench, (struct process_pool_options){
                                   .workers = 2, .recycle_after_tasks = 100, .queue_limit = 4096, .poll_us = 20});
    pool = bench.pool;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, endings[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &all_accepted);
        assert_non_null(all_accepted);
    }
    for (unsigned i = 0; i < THREADS * TASKS; i++)
        await(&endings[i / TASKS][i % TASKS]);
    worker_bench_stop(&bench);
    for (unsigned i = 0; i < THREADS * TASKS; i++) {
        struct ending *ending = &endings[i / TASKS][i % TASKS];
        assert_int_equal(ending->times, 1);
        assert_true(ending->code == 0 || (ending->code == MRPC_CANCELLED && i % TASKS % 8 == 7));
        for (unsigned k = 0; k < THREADS; k++)
            assert_false(pthread_equal(ending->thread, threads[k]));
        assert_true(pthread_equal(ending->thread, endings[0][0].thread));
    }
}

static uint64_t workers_started(struct worker_bench *bench)
{
    struct process_pool_stats stats;
    process_pool_stats(bench->pool, &stats);
    return stats.workers_started;
}

/* A replacement costs as much as many brief tasks do. */
static void brief_tasks_wear_a_worker_little(void **state)
{
    struct worker_bench bench;
    static struct ending brief[40], other[2];

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1, .recycle_after_tasks = 2});
    pool = bench.pool;
    for (unsigned i = 0; i < 40; i++) {
        assert_true(submit("nothing", true, &brief[i]));
        await(&brief[i]);
    }
    assert_int_equal(workers_started(&bench), 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(submit("nothing", false, &other[i]));
        await(&other[i]);
    }
    static struct ending next;
    assert_true(submit("nothing", true, &next));
    await(&next);
    assert_int_equal(workers_started(&bench), 2);
    worker_bench_stop(&bench);
}

static void who_waited_first_goes_first(void **state)
{
    struct worker_bench bench;
    static struct ending gate, waits, next;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    pool = bench.pool;
    uint64_t ticket = submit("listens", false, &gate);
    assert_true(ticket && submit("nothing", false, &waits) && submit("nothing", false, &next));
    process_pool_cancel(pool, ticket);
    await(&next);
    assert_int_equal(waits.times, 1);
    await(&gate);
    worker_bench_stop(&bench);
}

static void what_cannot_be_given_ends_on_the_pools_thread(void **state)
{
    struct worker_bench bench;
    static struct ending good, bad;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    pool = bench.pool;
    assert_true(submit("nothing", true, &good));
    await(&good);
    assert_true(submit("not UTF-8: \xff", true, &bad));
    await(&bad);
    assert_int_equal(bad.code, MRPC_INVALID_ARGUMENT);
    assert_true(pthread_equal(bad.thread, good.thread));
    assert_false(pthread_equal(bad.thread, pthread_self()));
    worker_bench_stop(&bench);
}

static void message_larger_than_the_socket_arrives_whole(void **state)
{
    struct worker_bench bench;
    struct outcome outcome;
    char *text = malloc(LARGE + 1);
    assert_non_null(text);
    memset(text, 'a', LARGE);
    text[LARGE] = 0;
    const struct mltrainer_parameter large = {
        .size = sizeof(large), .kind = MLTRAINER_TEXT, .name = "large", .text = text};
    const struct mltrainer_parameter *parameters[] = {&large};
    struct process_task task = {.operation = PROCESS_COMPUTE,
                                .plugin_path = worker_bench_zoo("zoo"),
                                .algorithm = "nothing",
                                .parameters = parameters,
                                .parameter_count = 1};

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    for (int i = 0; i < 3; i++) { /* the first may come before the worker, and wait */
        worker_bench_run(&bench, &task, &outcome);
        assert_int_equal(outcome.fault.code, 0);
        outcome_free(&outcome);
    }
    worker_bench_stop(&bench);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_of_many_threads_ends_once),
        cmocka_unit_test(brief_tasks_wear_a_worker_little),
        cmocka_unit_test(who_waited_first_goes_first),
        cmocka_unit_test(what_cannot_be_given_ends_on_the_pools_thread),
        cmocka_unit_test(message_larger_than_the_socket_arrives_whole),
    };
    return cmocka_run_group_tests_name("pool/straight", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <mrpc/error.h>

#include "events/domain_loop.h"
#include "test.h"

static struct domain_loop *new_loop(void)
{
    struct domain_loop *loop;
    assert_int_equal(domain_loop_new("test", &loop), 0);
    return loop;
}

struct order {
    int seen[1000];
    int count;
};
struct entry {
    struct order *order;
    int value;
};

static void note(void *arg)
{
    struct entry *entry = arg;
    entry->order->seen[entry->order->count++] = entry->value;
    free(entry);
}

static void post_value(struct domain_loop *loop, struct order *order, int value)
{
    struct entry *entry = malloc(sizeof *entry);
    *entry = (struct entry){order, value};
    assert_int_equal(domain_loop_post(loop, note, entry), 0);
}

static void tasks_run_in_the_order_of_posting(void **state)
{
    struct domain_loop *loop = new_loop();
    struct order order = {0};
    assert_int_equal(domain_loop_start(loop), 0);
    for (int i = 0; i < 1000; i++)
        post_value(loop, &order, i);
    domain_loop_stop(loop);
    assert_int_equal(order.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(order.seen[i], i);
    domain_loop_free(loop);
}

static void stop_runs_what_is_queued_even_if_never_started(void **state)
{
    struct domain_loop *loop = new_loop();
    struct order order = {0};
    post_value(loop, &order, 7);
    domain_loop_stop(loop);
    assert_int_equal(order.count, 1);
    domain_loop_free(loop);
}

static void post_after_stop_is_refused_and_keeps_the_argument(void **state)
{
    struct domain_loop *loop = new_loop();
    assert_int_equal(domain_loop_start(loop), 0);
    domain_loop_stop(loop);
    struct entry entry;
    assert_int_equal(domain_loop_post(loop, note, &entry), MRPC_ERR_CLOSED);
    domain_loop_free(loop);
}

struct chain {
    struct domain_task task;
    struct domain_loop *loop;
    int left;
    _Atomic bool was_current;
};

static void again(struct domain_task *task)
{
    struct chain *chain = (struct chain *)task;
    atomic_store(&chain->was_current, domain_loop_is_current(chain->loop));
    if (--chain->left > 0)
        assert_int_equal(domain_loop_post_task(chain->loop, task), 0);
}

static void a_task_may_post_itself_again_while_stopping(void **state)
{
    struct domain_loop *loop = new_loop();
    struct chain chain = {.task.run = again, .loop = loop, .left = 50};
    assert_int_equal(domain_loop_start(loop), 0);
    assert_false(domain_loop_is_current(loop));
    assert_int_equal(domain_loop_post_task(loop, &chain.task), 0);
    domain_loop_stop(loop);
    assert_int_equal(chain.left, 0);
    assert_true(atomic_load(&chain.was_current));
    domain_loop_free(loop);
}

struct poster {
    struct domain_loop *loop;
    _Atomic int *sum;
};

static void add_one(void *arg)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void *post_many(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(domain_loop_post(poster->loop, add_one, poster->sum), 0);
    return NULL;
}

static void nothing_is_lost_between_four_posting_threads(void **state)
{
    struct domain_loop *loop = new_loop();
    _Atomic int sum = 0;
    struct poster poster = {loop, &sum};
    pthread_t threads[4];
    assert_int_equal(domain_loop_start(loop), 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, post_many, &poster);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    domain_loop_stop(loop);
    assert_int_equal(atomic_load(&sum), 20000);
    domain_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_run_in_the_order_of_posting),
        cmocka_unit_test(stop_runs_what_is_queued_even_if_never_started),
        cmocka_unit_test(post_after_stop_is_refused_and_keeps_the_argument),
        cmocka_unit_test(a_task_may_post_itself_again_while_stopping),
        cmocka_unit_test(nothing_is_lost_between_four_posting_threads),
    };
    return cmocka_run_group_tests_name("events/domain_loop", tests, NULL, NULL);
}

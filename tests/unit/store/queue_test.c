/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fault/fault.h"
#include "store/memory.h"
#include "test.h"

/* The commit queue under a commit thread that a callback holds up. */

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool reached;
    bool open;
};

static void hold_up(void *arg, const struct store_commit_result *result)
{
    struct gate *gate = arg;
    pthread_mutex_lock(&gate->lock);
    gate->reached = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void wait_reached(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (!gate->reached)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static struct store_batch *batch_of(size_t bytes)
{
    void *value = calloc(1, bytes);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text("k"), (struct store_slice){value, bytes}, STORE_EXPECT_ANY);
    free(value);
    return batch;
}

static void note_code(void *arg, const struct store_commit_result *result)
{
    *(int *)arg = result->code;
}

static void full_queue_refuses_in_order_and_recovers(void **state)
{
    struct store *store;
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    assert_int_equal(store_memory_open(&(struct store_memory_options){.queue_bytes = 64 * 1024}, &store, NULL), 0);
    store_commit(store, batch_of(10), hold_up, &gate);
    wait_reached(&gate);

    int codes[3] = {-1, -1, -1};
    store_commit(store, batch_of(40 * 1024), note_code, &codes[0]);
    store_commit(store, batch_of(40 * 1024), note_code, &codes[1]);
    store_commit(store, batch_of(10), note_code, &codes[2]);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.queued, 3);
    assert_true(stats.queued_bytes <= 64 * 1024);
    assert_int_equal(codes[1], -1); /* refused, but told on the commit thread */

    open_gate(&gate);
    assert_int_equal(store_commit_wait(store, batch_of(10), NULL, NULL), MRPC_OK);
    assert_int_equal(codes[0], MRPC_OK);
    assert_int_equal(codes[1], MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(codes[2], MRPC_OK);
    store_stats(store, &stats);
    assert_int_equal(stats.commits, 4);
    store_close(store);
}

static void waiting_batches_are_one_group(void **state)
{
    struct store *store;
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    assert_int_equal(store_memory_open(NULL, &store, NULL), 0);
    store_commit(store, batch_of(10), hold_up, &gate);
    wait_reached(&gate);
    for (int i = 0; i < 100; i++)
        store_commit(store, batch_of(10), NULL, NULL);
    open_gate(&gate);
    assert_int_equal(store_commit_wait(store, batch_of(10), NULL, NULL), MRPC_OK);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.commits, 102);
    assert_in_range(stats.groups, 2, 3); /* the last may have come after the group was cut */
    store_close(store);
}

static void close_commits_what_waits(void **state)
{
    struct store *store;
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    int code = -1;
    assert_int_equal(store_memory_open(NULL, &store, NULL), 0);
    store_commit(store, batch_of(10), hold_up, &gate);
    wait_reached(&gate);
    store_commit(store, batch_of(10), note_code, &code);
    open_gate(&gate);
    store_close(store);
    assert_int_equal(code, MRPC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_queue_refuses_in_order_and_recovers),
        cmocka_unit_test(waiting_batches_are_one_group),
        cmocka_unit_test(close_commits_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/job/queue.h"
#include "test.h"

static void higher_priority_goes_first_and_equals_in_order(void **state)
{
    static const int32_t priorities[] = {0, 5, 0, -3, 5};
    static const size_t order[] = {1, 4, 0, 2, 3};
    struct job_queue_entry entries[5] = {0};
    struct job_queue queue;
    job_queue_init(&queue);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(job_queue_push(&queue, &entries[i], "", priorities[i], 1000), 0);
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(job_queue_pop(&queue), &entries[order[i]]);
    assert_null(job_queue_pop(&queue));
    job_queue_fini(&queue);
}

static void waiting_overtakes_priority(void **state)
{
    struct job_queue_entry old = {0}, sooner = {0}, later = {0};
    struct job_queue queue;
    job_queue_init(&queue);
    assert_int_equal(job_queue_push(&queue, &old, "", 0, 0), 0);
    assert_int_equal(job_queue_push(&queue, &sooner, "", 5, 5 * JOB_QUEUE_AGING_MS - 1), 0);
    assert_int_equal(job_queue_push(&queue, &later, "", 5, 5 * JOB_QUEUE_AGING_MS + 1), 0);
    assert_ptr_equal(job_queue_pop(&queue), &sooner);
    assert_ptr_equal(job_queue_pop(&queue), &old);
    assert_ptr_equal(job_queue_pop(&queue), &later);
    job_queue_fini(&queue);
}

static void keeps_its_order_while_others_leave(void **state)
{
    enum { COUNT = 2000 };
    struct job_queue_entry *entries = calloc(COUNT, sizeof *entries);
    struct job_queue queue;
    job_queue_init(&queue);
    srand(3);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(job_queue_push(&queue, &entries[i], "", rand() % 201 - 100, rand() % 100000), 0);
    for (size_t i = 0; i < COUNT; i += 3)
        job_queue_remove(&queue, &entries[i]);
    job_queue_remove(&queue, &entries[0]);
    size_t popped = 0;
    const struct job_queue_entry *last = NULL;
    for (struct job_queue_entry *entry; (entry = job_queue_pop(&queue)); last = entry, popped++) {
        assert_int_not_equal((entry - entries) % 3, 0);
        assert_true(!last || last->claim_ms < entry->claim_ms ||
                    (last->claim_ms == entry->claim_ms && last->arrival < entry->arrival));
    }
    assert_int_equal(popped, COUNT - (COUNT + 2) / 3);
    job_queue_fini(&queue);
    free(entries);
}

/* Ten of one identity came first; the other's wait for no more than one of them. */
static void identities_take_turns(void **state)
{
    struct job_queue_entry many[10] = {0}, few[2] = {0};
    struct job_queue queue;
    job_queue_init(&queue);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(job_queue_push(&queue, &many[i], "many", 100, 0), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(job_queue_push(&queue, &few[i], "few", 0, 1000), 0);
    assert_ptr_equal(job_queue_pop(&queue), &many[0]); /* none has any: the better claim */
    assert_ptr_equal(job_queue_pop(&queue), &few[0]);
    assert_ptr_equal(job_queue_pop(&queue), &many[1]);
    assert_ptr_equal(job_queue_pop(&queue), &few[1]);
    job_queue_done(&queue, &many[0]);
    job_queue_done(&queue, &many[0]); /* once is enough */
    for (size_t i = 2; i < 10; i++)
        assert_ptr_equal(job_queue_pop(&queue), &many[i]);
    assert_null(job_queue_pop(&queue));
    /* An attempt that failed comes back as a new one. */
    job_queue_done(&queue, &few[0]);
    assert_int_equal(job_queue_push(&queue, &few[0], "few", 0, 2000), 0);
    assert_ptr_equal(job_queue_pop(&queue), &few[0]);
    job_queue_fini(&queue);
}

static void who_has_no_jobs_is_forgotten(void **state)
{
    struct job_queue_entry entry = {0}, other = {0};
    struct job_queue queue;
    job_queue_init(&queue);
    assert_int_equal(job_queue_push(&queue, &entry, "a", 0, 0), 0);
    assert_int_equal(job_queue_push(&queue, &other, "b", 0, 0), 0);
    job_queue_remove(&queue, &entry);
    assert_ptr_equal(job_queue_pop(&queue), &other);
    assert_non_null(queue.shares);
    job_queue_done(&queue, &other);
    assert_null(queue.shares);
    job_queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(higher_priority_goes_first_and_equals_in_order),
        cmocka_unit_test(waiting_overtakes_priority),
        cmocka_unit_test(keeps_its_order_while_others_leave),
        cmocka_unit_test(identities_take_turns),
        cmocka_unit_test(who_has_no_jobs_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

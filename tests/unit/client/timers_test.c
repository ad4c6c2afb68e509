/* SPDX-License-Identifier: Apache-2.0 */
#include "client/timer_heap.h"

#include <stdlib.h>

#include "test.h"

#define COUNT 500

/* Against the plainest model there is: a search through all timers. */
static struct mrpc_timer *earliest(struct mrpc_timer *timers)
{
    struct mrpc_timer *first = NULL;
    for (int i = 0; i < COUNT; i++)
        if (timers[i].position && (!first || timers[i].at_ms < first->at_ms))
            first = &timers[i];
    return first;
}

static void the_first_is_always_the_earliest(void **state)
{
    static struct mrpc_timer timers[COUNT];
    struct mrpc_timer_heap heap = {0};
    srand(42);
    for (int step = 0; step < 20000; step++) {
        struct mrpc_timer *timer = &timers[rand() % COUNT];
        if (rand() % 3 == 0)
            mrpc_timer_heap_remove(&heap, timer);
        else
            assert_int_equal(mrpc_timer_heap_set(&heap, timer, rand() % 1000), 0);
        struct mrpc_timer *first = mrpc_timer_heap_first(&heap), *model = earliest(timers);
        assert_int_equal(first != NULL, model != NULL);
        if (first)
            assert_int_equal(first->at_ms, model->at_ms);
    }
    for (int i = 0; i < COUNT; i++)
        mrpc_timer_heap_remove(&heap, &timers[i]);
    assert_null(mrpc_timer_heap_first(&heap));
    mrpc_timer_heap_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_is_always_the_earliest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

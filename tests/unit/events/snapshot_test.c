/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "events/snapshot.h"
#include "test.h"

struct pair {
    struct snapshot snapshot;
    int value, twice;
};

static _Atomic int living;

static void pair_free(struct snapshot *snapshot)
{
    struct pair *pair = (struct pair *)snapshot;
    pair->value = pair->twice = -1;
    atomic_fetch_sub(&living, 1);
    free(pair);
}

static struct snapshot *pair_new(int value)
{
    struct pair *pair = malloc(sizeof *pair);
    snapshot_init(&pair->snapshot, pair_free);
    pair->value = value;
    pair->twice = 2 * value;
    atomic_fetch_add(&living, 1);
    return &pair->snapshot;
}

static void an_empty_cell_gives_nothing(void **state)
{
    struct snapshot_cell cell;
    snapshot_cell_init(&cell);
    assert_null(snapshot_acquire(&cell));
    snapshot_cell_fini(&cell);
}

static void a_held_snapshot_outlives_its_replacement_and_the_cell(void **state)
{
    struct snapshot_cell cell;
    snapshot_cell_init(&cell);
    snapshot_publish(&cell, pair_new(1));
    struct snapshot *held = snapshot_acquire(&cell);
    snapshot_publish(&cell, pair_new(2));
    snapshot_cell_fini(&cell);
    assert_int_equal(((struct pair *)held)->twice, 2);
    assert_int_equal(atomic_load(&living), 1);
    snapshot_release(held);
    assert_int_equal(atomic_load(&living), 0);
}

struct race {
    struct snapshot_cell cell;
    _Atomic bool done;
    _Atomic long reads;
};

static void *read_always(void *arg)
{
    struct race *race = arg;
    int last = 0;
    while (!atomic_load(&race->done)) {
        struct pair *pair = (struct pair *)snapshot_acquire(&race->cell);
        assert_int_equal(pair->twice, 2 * pair->value);
        assert_true(pair->value >= last);
        last = pair->value;
        snapshot_release(&pair->snapshot);
        atomic_fetch_add(&race->reads, 1);
    }
    return NULL;
}

static void readers_never_see_a_freed_or_older_snapshot(void **state)
{
    struct race race = {.cell.current = NULL};
    pthread_t readers[3];
    snapshot_cell_init(&race.cell);
    snapshot_publish(&race.cell, pair_new(0));
    for (int i = 0; i < 3; i++)
        pthread_create(&readers[i], NULL, read_always, &race);
    for (int i = 1; i < 20000 || atomic_load(&race.reads) < 1000; i++)
        snapshot_publish(&race.cell, pair_new(i));
    atomic_store(&race.done, true);
    for (int i = 0; i < 3; i++)
        pthread_join(readers[i], NULL);
    snapshot_cell_fini(&race.cell);
    assert_int_equal(atomic_load(&living), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_cell_gives_nothing),
        cmocka_unit_test(a_held_snapshot_outlives_its_replacement_and_the_cell),
        cmocka_unit_test(readers_never_see_a_freed_or_older_snapshot),
    };
    return cmocka_run_group_tests_name("events/snapshot", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "../../unit/store/scratch.h"
#include "fault/fault.h"
#include "store/sqlite.h"
#include "test.h"

/* Memory that SQLite does not get, at each n-th time, once or from then on: an error, nothing leaked, and whatever was
 * acknowledged is there (row S06). */

enum { KEYS = 6, STRIDE = 13, SEARCHED_MAX = 20000 };

static char *folder;
static sqlite3_mem_methods real;
static _Atomic long left = -1; /* allocations until one fails; below 0: none does */
static _Atomic bool forever;
static _Atomic long failed;

static bool fails(void)
{
    if (atomic_load(&left) < 0)
        return false;
    if (atomic_fetch_sub(&left, 1) > 0)
        return false;
    atomic_store(&left, atomic_load(&forever) ? 0 : -1);
    atomic_fetch_add(&failed, 1);
    return true;
}

static void *allocate(int bytes)
{
    return fails() ? NULL : real.xMalloc(bytes);
}

static void *reallocate(void *at, int bytes)
{
    return fails() ? NULL : real.xRealloc(at, bytes);
}

static int put(struct store *store, int index)
{
    char key[32], value[400];
    struct fault fault = FAULT_INIT;
    snprintf(key, sizeof key, "key/%d", index);
    int length = snprintf(value, sizeof value, "%0300d", index);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text(key), (struct store_slice){value, (size_t)length}, STORE_EXPECT_ANY);
    return store_commit_wait(store, batch, NULL, &fault);
}

static bool has(struct store *store, int index)
{
    char key[32];
    struct store_list list = STORE_LIST_INIT;
    struct fault fault = FAULT_INIT;
    snprintf(key, sizeof key, "key/%d", index);
    int code = store_get(store, store_text(key), &list, &fault);
    bool found = code == 0 && list.count == 1 && atoi(list.entries[0].value.data) == index;
    store_list_fini(&list);
    return found;
}

/* Some work while memory fails; which keys were acknowledged. */
static unsigned work(void)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    unsigned acknowledged = 0;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        return 0;
    for (int i = 0; i < KEYS; i++)
        acknowledged |= (unsigned)(put(store, i) == 0) << i;
    for (int i = 0; i < KEYS; i++)
        (void)has(store, i);
    store_close(store);
    return acknowledged;
}

static void assert_there(unsigned acknowledged, long at)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        fail_msg("allocation %ld: %s", at, fault.text);
    for (int i = 0; i < KEYS; i++)
        if (acknowledged >> i & 1 && !has(store, i))
            fail_msg("allocation %ld: key %d was acknowledged and is lost", at, i);
    assert_int_equal(put(store, KEYS), 0); /* and it goes on */
    store_close(store);
}

/* Until all of the work needs fewer allocations than were let through. MLT_LONG: each one. */
static void fail_at_each(bool for_ever)
{
    long at = 1, before;
    do {
        assert_true(at < SEARCHED_MAX);
        scratch_empty(folder);
        before = atomic_load(&failed);
        atomic_store(&forever, for_ever);
        atomic_store(&left, at);
        unsigned acknowledged = work();
        atomic_store(&left, -1);
        assert_int_equal(sqlite3_memory_used(), 0);
        assert_there(acknowledged, at);
        at += getenv("MLT_LONG") ? 1 : STRIDE + at / 4;
    } while (atomic_load(&failed) > before);
    assert_true(at > 10 * STRIDE); /* it was more than a few */
}

static void s06_memory_that_fails_once(void **state)
{
    fail_at_each(false);
}

static void s06_memory_that_fails_from_then_on(void **state)
{
    fail_at_each(true);
}

int main(void)
{
    static sqlite3_mem_methods ours;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s06_memory_that_fails_once),
        cmocka_unit_test(s06_memory_that_fails_from_then_on),
    };
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
        return 1;
    ours = real;
    ours.xMalloc = allocate;
    ours.xRealloc = reallocate;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) != SQLITE_OK)
        return 1;
    folder = scratch_new();
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_free(folder);
    return failures;
}

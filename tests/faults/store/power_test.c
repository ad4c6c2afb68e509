/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../unit/store/scratch.h"
#include "fault/fault.h"
#include "power_vfs.h"
#include "store/sqlite.h"
#include "test.h"

/* The power goes at some write: whatever was acknowledged is there afterwards, whole, and the store opens and goes on
 * (row S02). MLT_LONG: 2,000 times instead of 60. MLT_SEED: of a run to repeat. */

enum { KEYS_MAX = 400, WRITES_MOST = 300 };

static char *folder;

static int put(struct store *store, int index, int version)
{
    char key[32], value[1500];
    struct fault fault = FAULT_INIT;
    snprintf(key, sizeof key, "key/%d", index);
    int length = snprintf(value, sizeof value, "%d %0*d", version, 20 + index * 37 % 1400, index);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text(key), (struct store_slice){value, (size_t)length}, STORE_EXPECT_ANY);
    return store_commit_wait(store, batch, NULL, &fault);
}

/* In a process of its own, until the power goes: keys are written again and again, and each acknowledgement is told. */
static _Noreturn void work(int acks, unsigned seed, int round)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (power_vfs_register(seed) != 0)
        _exit(3);
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault)) {
        fprintf(stderr, "%s\n", fault.text);
        _exit(4);
    }
    power_vfs_fail_after((long)(seed % WRITES_MOST));
    for (int i = 0;; i = (i + 1) % KEYS_MAX)
        if (put(store, i, round) || write(acks, &i, sizeof i) != sizeof i)
            _exit(5);
}

static int version_of(struct store *store, int index)
{
    char key[32];
    struct store_list list = STORE_LIST_INIT;
    struct fault fault = FAULT_INIT;
    int version = -1, named = -1;
    snprintf(key, sizeof key, "key/%d", index);
    if (store_get(store, store_text(key), &list, &fault) == 0)
        assert_int_equal(sscanf(list.entries[0].value.data, "%d %d", &version, &named), 2);
    assert_true(named == index || version < 0);
    store_list_fini(&list);
    return version;
}

static void check(const int *acknowledged, int round, unsigned seed)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        fail_msg("seed %u: %s", seed, fault.text);
    for (int i = 0; i < KEYS_MAX; i++) {
        int version = version_of(store, i);
        if (version < acknowledged[i] || version > round)
            fail_msg("seed %u: key %d is %d, acknowledged was %d", seed, i, version, acknowledged[i]);
    }
    store_close(store);
}

/* One loss; how many acknowledgements came before it. */
static long lose_power(int *acknowledged, int round, unsigned seed)
{
    int pipes[2], index, status;
    long count = 0;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipes[0]);
        work(pipes[1], seed, round);
    }
    close(pipes[1]);
    for (; read(pipes[0], &index, sizeof index) == sizeof index; count++)
        acknowledged[index] = round;
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return count;
}

static void s02_what_was_acknowledged_survives_the_loss_of_power(void **state)
{
    static int acknowledged[KEYS_MAX];
    int rounds = getenv("MLT_LONG") ? 2000 : 60;
    unsigned seed = getenv("MLT_SEED") ? (unsigned)atoi(getenv("MLT_SEED")) : (unsigned)getpid();
    long all = 0;
    print_message("MLT_SEED=%u\n", seed);
    for (int i = 0; i < KEYS_MAX; i++)
        acknowledged[i] = -1;
    for (int round = 0; round < rounds; round++) {
        all += lose_power(acknowledged, round, seed + (unsigned)round * 7919);
        check(acknowledged, round, seed);
    }
    assert_true(all > rounds * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(s02_what_was_acknowledged_survives_the_loss_of_power)};
    folder = scratch_new();
    if (!folder)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_free(folder);
    return failed;
}

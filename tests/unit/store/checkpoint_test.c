/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sys/stat.h>

#include "fault/fault.h"
#include "scratch.h"
#include "store/sqlite.h"
#include "test.h"

/* The write-ahead log is copied back beside the commits, and stays bounded although they never pause. */

enum { VALUE_BYTES = 256 * 1024, COMMITS = 600, UNDER_WAY = 8, LOG_BYTES_MAX = 96 * 1024 * 1024 };

static char *folder;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static int waiting, failures;

static struct store *open_store(void)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        fail_msg("%s", fault.text);
    return store;
}

static void told(void *arg, const struct store_commit_result *result)
{
    pthread_mutex_lock(&lock);
    failures += result->code != 0;
    waiting--;
    pthread_cond_signal(&answered);
    pthread_mutex_unlock(&lock);
}

static void wait_for_fewer_than(int count)
{
    pthread_mutex_lock(&lock);
    while (waiting >= count)
        pthread_cond_wait(&answered, &lock);
    waiting++;
    pthread_mutex_unlock(&lock);
}

static off_t log_bytes(void)
{
    char path[300];
    struct stat status;
    snprintf(path, sizeof path, "%s/mltrainer.db-wal", folder);
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static void log_stays_bounded_under_a_load_that_never_pauses(void **state)
{
    struct store *store = open_store();
    struct store_stats stats;
    char *value = calloc(1, VALUE_BYTES);
    off_t most = 0;
    assert_non_null(value);
    for (int i = 0; i < COMMITS; i++) { /* 150 MiB, of which 64 live */
        char key[16];
        snprintf(key, sizeof key, "key/%03d", i % 256);
        memset(value, 'a' + i % 26, VALUE_BYTES);
        struct store_batch *batch = store_batch_new();
        store_batch_put(batch, store_text(key), (struct store_slice){value, VALUE_BYTES}, STORE_EXPECT_ANY);
        wait_for_fewer_than(UNDER_WAY);
        store_commit(store, batch, told, NULL);
        most = log_bytes() > most ? log_bytes() : most;
    }
    wait_for_fewer_than(1);
    store_stats(store, &stats);
    store_close(store);
    assert_int_equal(failures, 0);
    assert_true(most > 4 * 1024 * 1024); /* it was used at all */
    assert_true(most < LOG_BYTES_MAX);
    assert_true(stats.wal_bytes < LOG_BYTES_MAX);
    assert_int_equal(stats.revision, COMMITS);

    store = open_store(); /* and nothing of it is lost */
    for (int i = COMMITS - 256; i < COMMITS; i++) {
        char key[16];
        struct store_list list = STORE_LIST_INIT;
        struct fault fault = FAULT_INIT;
        snprintf(key, sizeof key, "key/%03d", i % 256);
        assert_int_equal(store_get(store, store_text(key), &list, &fault), 0);
        memset(value, 'a' + i % 26, VALUE_BYTES);
        assert_int_equal(list.entries[0].value.bytes, VALUE_BYTES);
        assert_memory_equal(list.entries[0].value.data, value, VALUE_BYTES);
        store_list_fini(&list);
    }
    store_close(store);
    free(value);
}

int main(void)
{
    folder = scratch_new();
    if (!folder)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(log_stays_bounded_under_a_load_that_never_pauses)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_free(folder);
    return failed;
}

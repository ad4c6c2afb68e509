/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "fault/fault.h"
#include "scratch.h"
#include "store/sqlite.h"
#include "test.h"

/* A copy goes back: what it takes to be accepted, what is there afterwards, and what a kill between steps leaves. */

static char *folder;

/* Dies instead of the rename that this says, counted from 1; 0: of none. The steps of a restore are renames. */
static int dies_at;

int rename(const char *from, const char *to)
{
    if (dies_at && --dies_at == 0)
        _exit(9);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static char *in_folder(const char *name)
{
    static char paths[4][512];
    static unsigned at;
    char *path = paths[at++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static bool there(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault) != MRPC_OK)
        fail_msg("open: %s", fault.text);
    return store;
}

static uint64_t put(struct store *store, const char *key, const char *value)
{
    uint64_t revision = 0;
    struct fault fault = FAULT_INIT;
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text(key), store_text(value), STORE_EXPECT_ANY);
    if (store_commit_wait(store, batch, &revision, &fault) != MRPC_OK)
        fail_msg("put: %s", fault.text);
    return revision;
}

static void erase(struct store *store, const char *key)
{
    struct store_batch *batch = store_batch_new();
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_OK);
}

static bool holds(struct store *store, const char *key, const char *value)
{
    struct store_list list = STORE_LIST_INIT;
    int code = store_get(store, store_text(key), &list, NULL);
    bool same = code == MRPC_OK && list.entries[0].value.bytes == strlen(value) &&
                memcmp(list.entries[0].value.data, value, strlen(value)) == 0;
    store_list_fini(&list);
    return value[0] ? same : code == MRPC_NOT_FOUND;
}

static const char *const kept[] = {"kept/", NULL};

static int restore(struct store *store, const char *name, uint64_t *revision, struct fault *fault)
{
    *fault = (struct fault)FAULT_INIT;
    return store_restore(store, &(struct store_restoration){.path = in_folder(name), .kept = kept}, revision, fault);
}

/* A store, and beside it "copy", from before "now" was written. Returns the store, open. */
static struct store *store_and_copy(void)
{
    struct fault fault = FAULT_INIT;
    scratch_empty(folder);
    struct store *store = open_store();
    put(store, "a/first", "then");
    put(store, "kept/revoked", "no");
    put(store, "gone/later", "here");
    if (store_backup(store, in_folder("copy"), &fault) != MRPC_OK)
        fail_msg("backup: %s", fault.text);
    put(store, "a/first", "now");
    put(store, "a/second", "now");
    put(store, "kept/revoked", "yes");
    put(store, "kept/new", "one");
    erase(store, "gone/later");
    return store;
}

static bool is_the_copy(struct store *store)
{
    return holds(store, "a/first", "then") && holds(store, "a/second", "") && holds(store, "gone/later", "here") &&
           holds(store, "kept/revoked", "yes") && holds(store, "kept/new", "one");
}

static bool is_the_present(struct store *store)
{
    return holds(store, "a/first", "now") && holds(store, "a/second", "now") && holds(store, "gone/later", "") &&
           holds(store, "kept/revoked", "yes");
}

static void the_next_opening_has_what_was_in_the_copy(void **state)
{
    struct fault fault;
    uint64_t revision = 0;
    struct store_stats stats;
    struct store *store = store_and_copy();
    assert_int_equal(restore(store, "copy", &revision, &fault), MRPC_OK);
    assert_true(store_sqlite_adopts(folder));
    assert_false(there("copy"));
    assert_true(is_the_present(store)); /* it goes on */
    uint64_t last = put(store, "a/third", "lost");
    store_close(store);
    store = open_store();
    assert_false(store_sqlite_adopts(folder));
    assert_true(is_the_copy(store));
    assert_true(holds(store, "a/third", ""));
    store_stats(store, &stats);
    assert_int_equal(stats.revision, revision);
    assert_int_equal(stats.restored, revision);
    assert_true(revision >= last);
    assert_int_equal(put(store, "a/fourth", "4"), revision + 1);
    store_close(store);
    store = open_store();
    store_stats(store, &stats);
    assert_int_equal(stats.restored, revision);
    store_close(store);
}

static void who_follows_the_changes_is_told_to_begin_anew(void **state)
{
    struct fault fault;
    uint64_t revision = 0;
    struct store_list list = STORE_LIST_INIT;
    struct store *store = store_and_copy();
    assert_int_equal(restore(store, "copy", &revision, &fault), MRPC_OK);
    store_close(store);
    store = open_store();
    assert_int_equal(store_changes(store, revision - 1, 0, &list, &fault), MRPC_OUT_OF_RANGE);
    store_list_fini(&list);
    list = (struct store_list)STORE_LIST_INIT;
    assert_int_equal(store_changes(store, revision, 0, &list, &fault), MRPC_OK);
    store_list_fini(&list);
    store_close(store);
}

/* The store is as it was, and nothing waits. */
static void assert_refused(int expected, const char *text)
{
    struct fault fault;
    uint64_t revision = 77;
    struct store *store = open_store();
    int code = restore(store, "copy", &revision, &fault);
    if (code != expected || !strstr(fault.text, text))
        fail_msg("code %d, text \"%s\"; expected %d and \"%s\"", code, fault.text, expected, text);
    assert_int_equal(revision, 77);
    assert_false(store_sqlite_adopts(folder));
    assert_true(is_the_present(store));
    store_close(store);
}

static void run_sql(const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(in_folder("copy"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void a_copy_that_is_none_of_ours_is_refused(void **state)
{
    static const struct {
        const char *sql;
        int code;
        const char *text;
    } cases[] = {
        {"PRAGMA user_version = 99", MRPC_FAILED_PRECONDITION, "written by a newer one"},
        {"PRAGMA application_id = 42", MRPC_FAILED_PRECONDITION, "another program"},
        {"CREATE VIEW v AS SELECT * FROM entries", MRPC_FAILED_PRECONDITION, "triggers or views"},
        {"UPDATE entries SET value = x'00' WHERE key = CAST('a/first' AS BLOB)", MRPC_INVALID_ARGUMENT, "a/first"},
        {"UPDATE meta SET value = 9223372036854775807 WHERE name = 'revision'", MRPC_INVALID_ARGUMENT, "no revision"},
        {"DELETE FROM meta", MRPC_INVALID_ARGUMENT, "no revision"},
        {"DROP TABLE entries", MRPC_INVALID_ARGUMENT, "corrupt"},
        {"PRAGMA user_version = 0", MRPC_INVALID_ARGUMENT, "schema version 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        store_close(store_and_copy());
        run_sql(cases[i].sql);
        assert_refused(cases[i].code, cases[i].text);
    }
}

static void a_copy_cut_short_is_refused_wherever_it_ends(void **state)
{
    struct stat status;
    struct store *store = store_and_copy();
    assert_int_equal(stat(in_folder("copy"), &status), 0);
    for (off_t size = status.st_size - 1; size > 0; size -= size > 1000 ? 997 : 211) {
        assert_int_equal(truncate(in_folder("copy"), size), 0);
        struct fault fault;
        uint64_t revision = 0;
        assert_int_equal(restore(store, "copy", &revision, &fault), MRPC_INVALID_ARGUMENT);
        assert_false(store_sqlite_adopts(folder));
    }
    store_close(store);
}

static bool always(void *arg)
{
    return true;
}

static void a_copy_that_is_withdrawn_changes_nothing(void **state)
{
    uint64_t revision = 0;
    struct store *store = store_and_copy();
    const struct store_restoration restoration = {.path = in_folder("copy"), .kept = kept, .withdrawn = always};
    assert_int_equal(store_restore(store, &restoration, &revision, NULL), MRPC_CANCELLED);
    assert_false(store_sqlite_adopts(folder));
    store_close(store);
}

/* Run @step in a process that dies at the @nth rename. Returns false once there are not so many. */
static bool dies_in(void (*step)(void), int nth)
{
    pid_t pid = fork();
    if (pid == 0) {
        dies_at = nth;
        step();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 9;
}

static void restore_and_open(void)
{
    struct fault fault;
    uint64_t revision;
    struct store *store = open_store();
    if (restore(store, "copy", &revision, &fault) != MRPC_OK)
        _exit(1);
    _exit(0); /* killed as it is: its log is not copied back */
}

static void open_and_close(void)
{
    store_close(open_store());
}

/* The whole of one or of the other: the first rename is the one that decides. */
static void a_kill_between_any_two_steps_leaves_one_or_the_other(void **state)
{
    store_close(store_and_copy());
    assert_true(dies_in(restore_and_open, 1));
    struct store *store = open_store();
    assert_true(is_the_present(store));
    store_close(store);
    int steps = 0;
    for (bool died = true; died; steps++) {
        store_close(store_and_copy());
        assert_false(dies_in(restore_and_open, 2)); /* accepted, its process gone with a log that nobody closed */
        died = dies_in(open_and_close, steps + 1);
        store = open_store();
        assert_true(is_the_copy(store));
        store_close(store);
        assert_true(there("mltrainer.db.replaced"));
        assert_false(there("mltrainer.db.restore"));
    }
    assert_true(steps > 2);
}

static void take_back(void)
{
    if (store_sqlite_take_back(folder, NULL) != MRPC_OK)
        _exit(1);
}

static void what_was_there_comes_back_whole_whenever_a_kill_comes(void **state)
{
    int steps = 0;
    for (bool died = true; died; steps++) {
        store_close(store_and_copy());
        assert_false(dies_in(restore_and_open, 2));
        assert_false(dies_in(open_and_close, 100));
        died = dies_in(take_back, steps + 1);
        struct store *store = open_store();
        /* Killed before the first step it is the copy still, and is asked once more. */
        if (is_the_copy(store)) {
            store_close(store);
            assert_int_equal(store_sqlite_take_back(folder, NULL), MRPC_OK);
            store = open_store();
        }
        assert_true(is_the_present(store));
        store_close(store);
        assert_true(there("mltrainer.db.refused"));
        assert_false(there("mltrainer.db.replaced"));
    }
    assert_true(steps > 2);
    assert_int_equal(store_sqlite_take_back(folder, NULL), MRPC_NOT_FOUND);
}

static void the_next_restore_replaces_what_the_last_one_left(void **state)
{
    struct fault fault;
    uint64_t first = 0, second = 0;
    struct store *store = store_and_copy();
    assert_int_equal(restore(store, "copy", &first, &fault), MRPC_OK);
    store_close(store);
    store = open_store();
    assert_int_equal(store_backup(store, in_folder("again"), &fault), MRPC_OK);
    put(store, "a/second", "between");
    assert_int_equal(restore(store, "again", &second, &fault), MRPC_OK);
    assert_false(there("mltrainer.db.replaced"));
    assert_true(second > first);
    store_close(store);
    store = open_store();
    assert_true(is_the_copy(store));
    store_close(store);
    assert_int_equal(store_sqlite_take_back(folder, NULL), MRPC_OK);
    store = open_store();
    assert_true(holds(store, "a/second", "between"));
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_opening_has_what_was_in_the_copy),
        cmocka_unit_test(who_follows_the_changes_is_told_to_begin_anew),
        cmocka_unit_test(a_copy_that_is_none_of_ours_is_refused),
        cmocka_unit_test(a_copy_cut_short_is_refused_wherever_it_ends),
        cmocka_unit_test(a_copy_that_is_withdrawn_changes_nothing),
        cmocka_unit_test(a_kill_between_any_two_steps_leaves_one_or_the_other),
        cmocka_unit_test(what_was_there_comes_back_whole_whenever_a_kill_comes),
        cmocka_unit_test(the_next_restore_replaces_what_the_last_one_left),
    };
    folder = scratch_new();
    if (!folder)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_free(folder);
    return failed;
}

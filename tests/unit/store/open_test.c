/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fault/fault.h"
#include "scratch.h"
#include "store/sqlite.h"
#include "test.h"

/* What opening refuses, and how it says so: rows S08, S09, S10, S11 of the fault list. */

static char *folder;

static char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int try_open(struct store **store, struct fault *fault)
{
    *fault = (struct fault)FAULT_INIT;
    return store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, store, fault);
}

static int fresh(void **state)
{
    scratch_empty(folder);
    return 0;
}

static void fill(int count)
{
    struct store *store;
    struct fault fault;
    assert_int_equal(try_open(&store, &fault), MRPC_OK);
    for (int i = 0; i < count; i++) {
        char key[32], value[400];
        snprintf(key, sizeof key, "key/%06d", i);
        memset(value, 'a' + i % 26, sizeof value);
        struct store_batch *batch = store_batch_new();
        store_batch_put(batch, store_text(key), (struct store_slice){value, sizeof value}, STORE_EXPECT_ANY);
        store_commit(store, batch, NULL, NULL);
    }
    store_close(store);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void assert_refused(int expected, const char *text)
{
    struct store *store;
    struct fault fault;
    int code = try_open(&store, &fault);
    if (code != expected || !strstr(fault.text, text))
        fail_msg("code %d, text \"%s\"; expected %d and \"%s\"", code, fault.text, expected, text);
}

static void run_sql(const char *sql)
{
    char command[1024];
    snprintf(command, sizeof command, "%s", sql);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sqlite3", "sqlite3", in_folder("mltrainer.db"), command, NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WEXITSTATUS(status) == 127)
        skip();
    assert_int_equal(status, 0);
}

static void new_database_is_ours_alone(void **state)
{
    fill(1);
    struct stat status;
    assert_int_equal(stat(in_folder("mltrainer.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(in_folder("store.lock"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_not_equal(stat(in_folder("mltrainer.db.new"), &status), 0);
}

static void empty_file_is_not_taken_for_new(void **state)
{
    write_file("mltrainer.db", "", 0);
    assert_refused(MRPC_DATA_LOSS, "is empty");
    struct stat status;
    assert_int_equal(stat(in_folder("mltrainer.db"), &status), 0);
    assert_int_equal(status.st_size, 0);
}

static void file_that_is_no_database_is_refused(void **state)
{
    char text[5000];
    memset(text, 'x', sizeof text);
    write_file("mltrainer.db", text, sizeof text);
    assert_refused(MRPC_DATA_LOSS, "not a database");
}

static void database_of_another_program_is_refused(void **state)
{
    run_sql("CREATE TABLE theirs (a); PRAGMA application_id = 42;");
    assert_int_equal(chmod(in_folder("mltrainer.db"), 0600), 0);
    assert_refused(MRPC_FAILED_PRECONDITION, "another program");
}

static void newer_schema_is_refused(void **state)
{
    fill(1);
    run_sql("PRAGMA user_version = 99;");
    assert_refused(MRPC_FAILED_PRECONDITION, "newer");
}

static void log_without_its_database_is_refused(void **state)
{
    write_file("mltrainer.db-wal", "x", 1);
    assert_refused(MRPC_DATA_LOSS, "missing");
}

static void file_open_to_others_is_refused(void **state)
{
    fill(1);
    assert_int_equal(chmod(in_folder("mltrainer.db"), 0644), 0);
    assert_refused(MRPC_FAILED_PRECONDITION, "chmod 600");
}

static void symbolic_link_is_refused(void **state)
{
    fill(1);
    char target[512];
    snprintf(target, sizeof target, "%s/elsewhere.db", folder);
    assert_int_equal(rename(in_folder("mltrainer.db"), target), 0);
    assert_int_equal(symlink(target, in_folder("mltrainer.db")), 0);
    assert_refused(MRPC_FAILED_PRECONDITION, "not a regular file");
}

static void folder_writable_by_everybody_is_refused(void **state)
{
    assert_int_equal(chmod(folder, 0777), 0);
    assert_refused(MRPC_FAILED_PRECONDITION, "chmod o-w");
    assert_int_equal(chmod(folder, 0700), 0);
}

static void second_server_on_a_folder_is_refused(void **state)
{
    struct store *store;
    struct fault fault;
    assert_int_equal(try_open(&store, &fault), MRPC_OK);
    char self[32];
    snprintf(self, sizeof self, "in use by process %d", (int)getpid());
    assert_refused(MRPC_ALREADY_EXISTS, self);
    store_close(store);
    assert_int_equal(try_open(&store, &fault), MRPC_OK);
    store_close(store);
}

static void half_made_database_of_a_killed_start_is_begun_anew(void **state)
{
    write_file("mltrainer.db.new", "SQLite format 3", 16);
    fill(1);
}

static void schema_version_zero_is_refused(void **state)
{
    run_sql("PRAGMA application_id = 1835816050; PRAGMA user_version = 0; CREATE TABLE meta (x);");
    assert_int_equal(chmod(in_folder("mltrainer.db"), 0600), 0);
    assert_refused(MRPC_DATA_LOSS, "schema version 0");
}

/* Every value that is read must be the one written: a flipped bit either shows at the opening or at the read, never as
 * other data. */
static bool reads_right(struct store *store)
{
    struct store_list list = STORE_LIST_INIT;
    struct store_range range = {.prefix = store_text("key/"), .limit = 10000};
    struct fault fault = FAULT_INIT;
    int code = store_range(store, &range, &list, &fault);
    assert_true(code == MRPC_OK || code == MRPC_DATA_LOSS);
    for (size_t i = 0; i < list.count; i++) {
        int number = -1;
        assert_int_equal(sscanf(list.entries[i].key.data, "key/%06d", &number), 1);
        assert_int_equal(list.entries[i].value.bytes, 400);
        assert_int_equal(((const char *)list.entries[i].value.data)[399], 'a' + number % 26);
    }
    store_list_fini(&list);
    return code == MRPC_OK;
}

static void ignore_fatal(void *arg, const char *text)
{
}

static void flipped_bits_never_give_other_data(void **state)
{
    enum { FLIPS = 300, ROWS = 200 };
    fill(ROWS);
    int fd = open(in_folder("mltrainer.db"), O_RDONLY);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    size_t size = (size_t)status.st_size;
    char *good = malloc(size);
    assert_int_equal(read(fd, good, size), size);
    close(fd);
    int noticed = 0;
    srand(1);
    for (int i = 0; i < FLIPS; i++) {
        size_t at = (size_t)i * size / FLIPS;
        char saved = good[at];
        good[at] = (char)(good[at] ^ (1 << rand() % 8));
        scratch_empty(folder);
        write_file("mltrainer.db", good, size);
        good[at] = saved;
        struct store *store;
        struct fault fault = FAULT_INIT;
        struct store_sqlite_options options = {.directory = folder, .on_fatal = ignore_fatal};
        if (store_sqlite_open(&options, &store, &fault)) {
            assert_true(fault.text[0]);
            noticed++;
            continue;
        }
        noticed += !reads_right(store);
        store_close(store);
    }
    assert_true(noticed > FLIPS / 3); /* the rest hit free space or are harmless */
    free(good);
}

static void backup_is_a_whole_database(void **state)
{
    fill(300);
    struct store *store;
    struct fault fault;
    assert_int_equal(try_open(&store, &fault), MRPC_OK);
    char path[512];
    snprintf(path, sizeof path, "%s/copy.db", folder);
    for (int i = 0; i < 200; i++) { /* while it is being written */
        struct store_batch *batch = store_batch_new();
        store_batch_put(batch, store_text("other"), store_text("v"), STORE_EXPECT_ANY);
        store_commit(store, batch, NULL, NULL);
    }
    assert_int_equal(store_backup(store, path, &fault), MRPC_OK);
    assert_int_equal(store_backup(store, path, &fault), MRPC_ALREADY_EXISTS);
    store_close(store);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    unlink(in_folder("mltrainer.db-wal"));
    unlink(in_folder("mltrainer.db-shm"));
    assert_int_equal(rename(path, in_folder("mltrainer.db")), 0);
    assert_int_equal(try_open(&store, &fault), MRPC_OK);
    assert_true(reads_right(store));
    store_close(store);
}

int main(void)
{
    folder = scratch_new();
    if (!folder)
        return 1;
#define CASE(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        CASE(new_database_is_ours_alone),
        CASE(empty_file_is_not_taken_for_new),
        CASE(file_that_is_no_database_is_refused),
        CASE(database_of_another_program_is_refused),
        CASE(newer_schema_is_refused),
        CASE(log_without_its_database_is_refused),
        CASE(file_open_to_others_is_refused),
        CASE(symbolic_link_is_refused),
        CASE(folder_writable_by_everybody_is_refused),
        CASE(second_server_on_a_folder_is_refused),
        CASE(half_made_database_of_a_killed_start_is_begun_anew),
        CASE(schema_version_zero_is_refused),
        CASE(flipped_bits_never_give_other_data),
        CASE(backup_is_a_whole_database),
    };
#undef CASE
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_free(folder);
    return failed;
}

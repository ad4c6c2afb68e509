/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../unit/store/scratch.h"
#include "fault/fault.h"
#include "store/sqlite.h"
#include "test.h"

/* What was acknowledged is there, whatever happened to the process or its disk: rows S01, S03, S04, S05. */

enum { KEYS_MAX = 60000 };

static char *folder;
static bool acknowledged[KEYS_MAX];
static long refused, refused_read_only;

struct run {
    pid_t pid;
    FILE *out;
};

static struct run start(char *const *argv)
{
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(pipes[1]);
    return (struct run){pid, fdopen(pipes[0], "r")};
}

static struct run start_driver(long first, long count)
{
    char from[24], number[24];
    snprintf(from, sizeof from, "%ld", first);
    snprintf(number, sizeof number, "%ld", count);
    return start((char *[]){DRIVER, folder, from, number, NULL});
}

/* Read at most @limit lines; returns how many acknowledgements were among them. */
static long read_acks(struct run *run, long limit)
{
    long acks = 0, index;
    int code;
    char line[64];
    while (limit-- > 0 && fgets(line, sizeof line, run->out)) {
        if (sscanf(line, "a %ld", &index) == 1) {
            assert_in_range(index, 0, KEYS_MAX - 1);
            acknowledged[index] = true;
            acks++;
        } else {
            assert_int_equal(sscanf(line, "f %ld %d", &index, &code), 2);
            refused++;
            refused_read_only += code == MRPC_RESOURCE_EXHAUSTED;
        }
    }
    return acks;
}

static int finish(struct run *run)
{
    int status;
    fclose(run->out);
    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    return status;
}

static void assert_all_there(struct store *store)
{
    struct store_range range = {.prefix = store_text("key/"), .limit = 1000};
    struct fault fault = FAULT_INIT;
    char after[64];
    static bool found[KEYS_MAX];
    memset(found, 0, sizeof found);
    for (bool more = true; more;) {
        struct store_list list = STORE_LIST_INIT;
        if (store_range(store, &range, &list, &fault))
            fail_msg("%s", fault.text);
        for (size_t i = 0; i < list.count; i++) {
            long index = atol((const char *)list.entries[i].key.data + 4);
            assert_int_equal(atol(list.entries[i].value.data), index);
            found[index] = true;
            snprintf(after, sizeof after, "%s", (const char *)list.entries[i].key.data);
        }
        more = list.more;
        range.after = store_text(after);
        store_list_fini(&list);
    }
    for (long i = 0; i < KEYS_MAX; i++)
        if (acknowledged[i] && !found[i])
            fail_msg("key %ld was acknowledged and is lost", i);
}

static void check_folder(void)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        fail_msg("%s", fault.text);
    assert_all_there(store);
    store_close(store);
}

static int fresh(void **state)
{
    memset(acknowledged, 0, sizeof acknowledged);
    scratch_empty(folder);
    return 0;
}

static void s01_killed_process_loses_nothing_acknowledged(void **state)
{
    srand(20);
    long first = 0;
    for (int round = 0; round < 8; round++) {
        struct run run = start_driver(first, 5000);
        long acks = read_acks(&run, 1 + rand() % 3000);
        assert_true(acks > 0);
        kill(run.pid, SIGKILL);
        read_acks(&run, KEYS_MAX); /* what it said before it died */
        finish(&run);
        first += 5000;
        check_folder();
    }
}

static bool has_strace(void)
{
    struct run run = start((char *[]){"strace", "-qq", "-o", "/dev/null", "-e", "trace=none", "true", NULL});
    return finish(&run) == 0;
}

static int run_injected(const char *what, const char *inject)
{
    char *argv[] = {/* LeakSanitizer cannot work under ptrace. */
                    "strace",
                    "-f",
                    "-qq",
                    "-E",
                    "ASAN_OPTIONS=detect_leaks=0",
                    "-o",
                    "/dev/null",
                    "-e",
                    (char *)(uintptr_t)what,
                    "-e",
                    (char *)(uintptr_t)inject,
                    DRIVER,
                    folder,
                    "0",
                    "2000",
                    NULL};
    struct run run = start(argv);
    read_acks(&run, KEYS_MAX);
    return finish(&run);
}

static void s04_failed_write_is_not_acknowledged(void **state)
{
    if (!has_strace())
        skip();
    long failures = 0;
    for (int at = 30; at < 60; at += 6) {
        refused = 0;
        char inject[64];
        fresh(NULL);
        snprintf(inject, sizeof inject, "inject=pwrite64:error=EIO:when=%d", at);
        int status = run_injected("trace=pwrite64", inject);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 2));
        failures += refused > 0 || WEXITSTATUS(status) == 2;
        if (WEXITSTATUS(status) == 0)
            check_folder();
    }
    assert_true(failures > 0);
}

/* As after errors=remount-ro, or when its host takes a volume away for a moment. */
static void s17_read_only_file_system_is_waited_for(void **state)
{
    if (!has_strace())
        skip();
    refused_read_only = 0;
    int status = run_injected("trace=pwrite64", "inject=pwrite64:error=EROFS:when=40..44");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(refused_read_only > 0);
    assert_true(acknowledged[1999]);
    check_folder();
}

static void s05_failed_sync_ends_the_process_without_an_acknowledgement(void **state)
{
    if (!has_strace())
        skip();
    struct run clean = start_driver(0, 1);
    read_acks(&clean, KEYS_MAX);
    assert_int_equal(finish(&clean), 0);
    fresh(NULL);
    clean = start_driver(59999, 1); /* makes the database, so that only commits are left to fail */
    read_acks(&clean, KEYS_MAX);
    assert_int_equal(finish(&clean), 0);
    int status = run_injected("trace=fsync,fdatasync", "inject=fsync,fdatasync:error=EIO:when=3+");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 4);
    assert_false(acknowledged[1999]);
    check_folder();
}

static int put(struct store *store, long index)
{
    char key[32], value[600];
    snprintf(key, sizeof key, "key/%09ld", index);
    int length = snprintf(value, sizeof value, "%0500ld", index);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text(key), (struct store_slice){value, (size_t)length}, STORE_EXPECT_ANY);
    int code = store_commit_wait(store, batch, NULL, NULL);
    acknowledged[index] = acknowledged[index] || code == 0;
    return code;
}

static void s03_full_disk_is_read_only_until_there_is_space(void **state)
{
    if (mount("tmpfs", folder, "tmpfs", 0, "size=512k,mode=700"))
        skip();
    char ballast[512];
    snprintf(ballast, sizeof ballast, "%s/ballast", folder);
    int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 200 * 1024), 0);
    close(fd);

    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        fail_msg("%s", fault.text);
    long index = 0;
    int code;
    while ((code = put(store, index)) == MRPC_OK && index < 5000)
        index++;
    assert_int_equal(code, MRPC_RESOURCE_EXHAUSTED);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.trouble, STORE_TROUBLE_FULL);
    assert_all_there(store);

    assert_int_equal(unlink(ballast), 0);
    assert_int_equal(put(store, index), MRPC_OK);
    store_stats(store, &stats);
    assert_int_equal(stats.trouble, STORE_TROUBLE_NONE);
    store_close(store);
    check_folder();
    assert_int_equal(umount2(folder, MNT_DETACH), 0);
}

static enum store_trouble told;

static void note_trouble(void *arg, enum store_trouble trouble, const char *path)
{
    assert_non_null(strstr(path, folder));
    told = trouble;
}

static struct store *open_told(void)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder, .on_trouble = note_trouble}, &store,
                          &fault))
        fail_msg("%s", fault.text);
    return store;
}

static void assert_gone(struct store *store, long index)
{
    struct fault fault = FAULT_INIT;
    struct store_stats stats;
    char backup[512];
    store_look(store);
    store_stats(store, &stats);
    assert_int_equal(stats.trouble, STORE_TROUBLE_GONE);
    assert_int_equal(told, STORE_TROUBLE_GONE);
    assert_int_equal(put(store, index), MRPC_UNAVAILABLE);
    snprintf(backup, sizeof backup, "%s.backup", folder);
    assert_int_equal(store_backup(store, backup, &fault), MRPC_UNAVAILABLE);
    assert_non_null(strstr(fault.text, folder));
}

static void assert_back(struct store *store, long index)
{
    store_look(store);
    assert_int_equal(told, STORE_TROUBLE_NONE);
    assert_int_equal(put(store, index), MRPC_OK);
    assert_all_there(store);
}

static void rename_in(const char *from, const char *to)
{
    char a[512], b[512];
    snprintf(a, sizeof a, "%s%s", folder, from);
    snprintf(b, sizeof b, "%s%s", folder, to);
    assert_int_equal(rename(a, b), 0);
}

/* Nothing is acknowledged that the next start would not find, and what is put back is written to again. */
static void s17_files_that_go_are_noticed_and_may_come_back(void **state)
{
    static const char *const moved[] = {"", "/mltrainer.db", "/mltrainer.db-wal"};
    struct store *store = open_told();
    for (long i = 0; i < 3; i++) {
        char aside[64];
        snprintf(aside, sizeof aside, "%s.aside", moved[i]);
        assert_int_equal(put(store, 2 * i), MRPC_OK);
        rename_in(moved[i], aside);
        assert_gone(store, 100 + i);
        rename_in(aside, moved[i]);
        assert_back(store, 2 * i + 1);
    }
    store_close(store);
    check_folder();
}

/* Other files of the same names are neither written nor read. */
static void s17_files_of_others_do_not_take_their_place(void **state)
{
    char line[1200];
    struct store *store = open_told();
    assert_int_equal(put(store, 0), MRPC_OK);
    rename_in("", ".aside");
    snprintf(line, sizeof line, "cp -a %s.aside %s", folder, folder);
    assert_int_equal(system(line), 0);
    assert_gone(store, 100);
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(system(line), 0);
    rename_in(".aside", "");
    assert_back(store, 1);
    store_close(store);
    check_folder();
}

static void s17_a_volume_that_is_unmounted_is_noticed(void **state)
{
    if (mount("tmpfs", folder, "tmpfs", 0, "size=4m,mode=700"))
        skip();
    struct store *store = open_told();
    assert_int_equal(put(store, 0), MRPC_OK);
    assert_int_equal(umount2(folder, MNT_DETACH), 0);
    assert_gone(store, 100);
    store_close(store);
}

int main(void)
{
    folder = scratch_new();
    if (!folder)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(s01_killed_process_loses_nothing_acknowledged, fresh),
        cmocka_unit_test_setup(s04_failed_write_is_not_acknowledged, fresh),
        cmocka_unit_test_setup(s17_read_only_file_system_is_waited_for, fresh),
        cmocka_unit_test_setup(s05_failed_sync_ends_the_process_without_an_acknowledgement, fresh),
        cmocka_unit_test_setup(s03_full_disk_is_read_only_until_there_is_space, fresh),
        cmocka_unit_test_setup(s17_files_that_go_are_noticed_and_may_come_back, fresh),
        cmocka_unit_test_setup(s17_files_of_others_do_not_take_their_place, fresh),
        cmocka_unit_test_setup(s17_a_volume_that_is_unmounted_is_noticed, fresh),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    umount2(folder, MNT_DETACH);
    scratch_free(folder);
    return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Many threads have something to say and one writes it; a disk that takes nothing; a flood of refused calls. */

#include "audit/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

enum { THREADS = 4, LINES_EACH = 500 };

struct fixture {
    char folder[64], file[96], key[96], head[96];
    struct audit *audit;
};

static struct audit *make(struct fixture *fixture, const char *file, uint32_t queue_lines, uint32_t refused)
{
    struct fault fault = FAULT_INIT;
    struct audit *audit;
    const struct audit_options options = {.file = file, .key_file = fixture->key, .head_file = fixture->head,
                                          .rotate_bytes = 1 << 20, .files = 2, .queue_lines = queue_lines,
                                          .refused_a_second = refused};
    if (audit_new(&options, &audit, &fault) != 0)
        fail_msg("%s", fault.text);
    return audit;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/audit-XXXXXX");
    if (!mkdtemp(fixture.folder))
        return -1;
    snprintf(fixture.file, sizeof fixture.file, "%s/log", fixture.folder);
    snprintf(fixture.key, sizeof fixture.key, "%s/key", fixture.folder);
    snprintf(fixture.head, sizeof fixture.head, "%s/head", fixture.folder);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->file);
    unlink(fixture->key);
    unlink(fixture->head);
    return rmdir(fixture->folder);
}

static struct audit_entry *entry_of(const char *who)
{
    struct audit_entry *entry = audit_entry_new();
    assert_non_null(entry);
    entry->method = "a.B/C";
    entry->who_kind = MRPC_IDENTITY_TOKEN;
    snprintf(entry->who, sizeof entry->who, "%s", who);
    snprintf(entry->peer, sizeof entry->peer, "192.0.2.1:5000");
    return entry;
}

static void *say_much(void *arg)
{
    for (int i = 0; i < LINES_EACH; i++)
        audit_submit(arg, entry_of("olga"));
    return NULL;
}

static size_t count(const char *path, const char *word)
{
    char line[CHAIN_LINE_BYTES];
    size_t found = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        found += strstr(line, word) != NULL;
    fclose(file);
    return found;
}

static void what_all_say_is_written_before_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct audit *audit = make(fixture, fixture->file, 10, 100);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_much, audit), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    audit_free(audit);
    assert_int_equal(count(fixture->file, " method=a.B/C "), THREADS * LINES_EACH);
    assert_int_equal(count(fixture->file, " what=start "), 1);
    assert_int_equal(count(fixture->file, " what=stop "), 1);
    assert_int_equal(count(fixture->file, "olga"), 0);
    assert_int_equal(count(fixture->file, "192.0.2"), 0);
}

static void while_the_disk_takes_nothing_there_is_no_room(void **state)
{
    struct fixture *fixture = *state;
    struct audit *audit = make(fixture, "/dev/full", 2, 100);
    for (int i = 0; audit_has_room(audit); i++) {
        assert_in_range(i, 0, 1000000); /* the writer may take some before it is stuck */
        audit_submit(audit, entry_of("olga"));
        while (!atomic_load(&audit->stuck))
            usleep(100); /* for a condition, not for a time */
    }
    assert_false(audit_refused_pass(audit));
    audit_free(audit); /* and the end does not hang */
}

static void refused_calls_above_the_budget_are_counted(void **state)
{
    struct fixture *fixture = *state;
    struct audit *audit = make(fixture, fixture->file, 100000, 5);
    size_t passed = 0;
    for (int i = 0; i < 1000; i++)
        passed += audit_refused_pass(audit);
    audit_free(audit);
    assert_in_range(passed, 5, 999);
    char line[CHAIN_LINE_BYTES];
    size_t told = 0;
    FILE *file = fopen(fixture->file, "re");
    while (fgets(line, sizeof line, file)) {
        const char *words = strstr(line, "what=refused_calls_not_written count=");
        if (words)
            told += strtoull(words + strlen("what=refused_calls_not_written count="), NULL, 10);
    }
    fclose(file);
    assert_int_equal(passed + told, 1000);
}

static void without_a_file_nothing_is_done(void **state)
{
    struct fault fault = FAULT_INIT;
    struct audit *audit;
    const struct audit_options options = {0};
    assert_int_equal(audit_new(&options, &audit, &fault), 0);
    audit_event(audit, "nothing");
    assert_int_equal(audit_reopen(audit, &fault), 0);
    audit_free(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_all_say_is_written_before_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(while_the_disk_takes_nothing_there_is_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_calls_above_the_budget_are_counted, set_up, tear_down),
        cmocka_unit_test(without_a_file_nothing_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/fault.h"
#include "test.h"

static const struct store_contract_backend *backend;

static int setup(void **state)
{
    *state = backend->open();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    backend->close(*state);
    return 0;
}

static uint64_t put(struct store *store, const char *key, const char *value)
{
    struct store_batch *batch = store_batch_new();
    uint64_t revision = 0;
    struct fault fault = FAULT_INIT;
    store_batch_put(batch, store_text(key), store_text(value), STORE_EXPECT_ANY);
    int code = store_commit_wait(store, batch, &revision, &fault);
    if (code)
        fail_msg("put %s: %s", key, fault.text);
    return revision;
}

static uint64_t erase(struct store *store, const char *key)
{
    struct store_batch *batch = store_batch_new();
    uint64_t revision = 0;
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, &revision, NULL), MRPC_OK);
    return revision;
}

static int try_put(struct store *store, const char *key, const char *value, int64_t expected)
{
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text(key), store_text(value), expected);
    return store_commit_wait(store, batch, NULL, NULL);
}

static void assert_value(struct store *store, const char *key, const char *expected)
{
    struct store_list list = STORE_LIST_INIT;
    int code = store_get(store, store_text(key), &list, NULL);
    if (expected) {
        assert_int_equal(code, MRPC_OK);
        assert_string_equal(list.entries[0].value.data, expected);
        assert_int_equal(list.entries[0].value.bytes, strlen(expected));
        assert_string_equal(list.entries[0].key.data, key);
    } else {
        assert_int_equal(code, MRPC_NOT_FOUND);
    }
    store_list_fini(&list);
}

/* The keys of a range, joined by spaces; with '+' when there is more. */
static void assert_range(struct store *store, struct store_range range, const char *expected)
{
    struct store_list list = STORE_LIST_INIT;
    char joined[512] = "";
    assert_int_equal(store_range(store, &range, &list, NULL), MRPC_OK);
    for (size_t i = 0; i < list.count; i++)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", i ? " " : "",
                 (const char *)list.entries[i].key.data);
    if (list.more)
        strcat(joined, " +");
    assert_string_equal(joined, expected);
    store_list_fini(&list);
}

/* Changes as "r1:key=value r2:-key". */
static void assert_changes(struct store *store, uint64_t since, uint32_t limit, const char *expected)
{
    struct store_list list = STORE_LIST_INIT;
    char joined[1024] = "";
    assert_int_equal(store_changes(store, since, limit, &list, NULL), MRPC_OK);
    for (size_t i = 0; i < list.count; i++)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%llu:%s%s%s%s", i ? " " : "",
                 (unsigned long long)list.entries[i].revision, list.entries[i].deleted ? "-" : "",
                 (const char *)list.entries[i].key.data, list.entries[i].deleted ? "" : "=",
                 (const char *)list.entries[i].value.data);
    if (list.more)
        strcat(joined, " +");
    assert_string_equal(joined, expected);
    store_list_fini(&list);
}

static void revision_grows_by_one_a_batch(void **state)
{
    struct store *store = *state;
    assert_int_equal(put(store, "a", "1"), 1);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text("b"), store_text("2"), STORE_EXPECT_ANY);
    store_batch_put(batch, store_text("c"), store_text("3"), STORE_EXPECT_ANY);
    uint64_t revision = 0;
    assert_int_equal(store_commit_wait(store, batch, &revision, NULL), MRPC_OK);
    assert_int_equal(revision, 2);
    struct store_list list = STORE_LIST_INIT;
    assert_int_equal(store_get(store, store_text("c"), &list, NULL), MRPC_OK);
    assert_int_equal(list.entries[0].revision, 2);
    assert_int_equal(list.revision, 2);
    store_list_fini(&list);
}

static void batch_that_writes_nothing_takes_no_revision(void **state)
{
    struct store *store = *state;
    put(store, "a", "1");
    struct store_batch *batch = store_batch_new();
    store_batch_require(batch, store_text("a"), 1);
    uint64_t revision = 99;
    assert_int_equal(store_commit_wait(store, batch, &revision, NULL), MRPC_OK);
    assert_int_equal(revision, 1);
    assert_int_equal(store_commit_wait(store, store_batch_new(), &revision, NULL), MRPC_OK);
    assert_int_equal(revision, 1);
}

static void compare_and_set_by_revision(void **state)
{
    struct store *store = *state;
    assert_int_equal(try_put(store, "a", "1", STORE_EXPECT_ABSENT), MRPC_OK);
    assert_int_equal(try_put(store, "a", "2", STORE_EXPECT_ABSENT), MRPC_ABORTED);
    assert_int_equal(try_put(store, "a", "2", 7), MRPC_ABORTED);
    assert_value(store, "a", "1");
    assert_int_equal(try_put(store, "a", "2", 1), MRPC_OK);
    assert_value(store, "a", "2");
    assert_int_equal(try_put(store, "a", "3", 1), MRPC_ABORTED);
    erase(store, "a");
    assert_int_equal(try_put(store, "a", "4", STORE_EXPECT_ABSENT), MRPC_OK);
}

struct outcome {
    struct store_commit_result result;
    atomic_int done;
};

static void note(void *arg, const struct store_commit_result *result)
{
    struct outcome *outcome = arg;
    outcome->result = *result;
    atomic_fetch_add(&outcome->done, 1);
}

/* Waits by committing behind it: callbacks come in order. */
static void drain(struct store *store)
{
    assert_int_equal(store_commit_wait(store, store_batch_new(), NULL, NULL), MRPC_OK);
}

static void failed_condition_fails_its_whole_batch_and_no_other(void **state)
{
    struct store *store = *state;
    put(store, "a", "1");
    struct outcome outcomes[3] = {0};
    for (int i = 0; i < 3; i++) {
        struct store_batch *batch = store_batch_new();
        char key[] = "x0";
        key[1] = (char)('0' + i);
        store_batch_put(batch, store_text(key), store_text("v"), STORE_EXPECT_ANY);
        store_batch_require(batch, store_text("a"), i == 1 ? 42 : 1);
        store_batch_put(batch, store_text("shared"), store_text(key), STORE_EXPECT_ANY);
        store_commit(store, batch, note, &outcomes[i]);
    }
    drain(store);
    assert_int_equal(outcomes[0].result.code, MRPC_OK);
    assert_int_equal(outcomes[1].result.code, MRPC_ABORTED);
    assert_int_equal(outcomes[1].result.conflict, 1);
    assert_int_equal(outcomes[2].result.code, MRPC_OK);
    assert_int_equal(outcomes[2].result.revision, outcomes[0].result.revision + 1);
    assert_value(store, "x0", "v");
    assert_value(store, "x1", NULL);
    assert_value(store, "shared", "x2");
}

static void later_batch_of_a_group_sees_the_earlier_one(void **state)
{
    struct store *store = *state;
    struct outcome outcomes[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct store_batch *batch = store_batch_new();
        store_batch_put(batch, store_text("one"), store_text("v"), STORE_EXPECT_ABSENT);
        store_commit(store, batch, note, &outcomes[i]);
    }
    drain(store);
    assert_int_equal(outcomes[0].result.code, MRPC_OK);
    assert_int_equal(outcomes[1].result.code, MRPC_ABORTED);
}

static void last_operation_on_a_key_wins(void **state)
{
    struct store *store = *state;
    put(store, "a", "0");
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text("a"), store_text("1"), STORE_EXPECT_ANY);
    store_batch_delete(batch, store_text("a"), STORE_EXPECT_ANY);
    store_batch_put(batch, store_text("a"), store_text("2"), STORE_EXPECT_ANY);
    store_batch_put(batch, store_text("b"), store_text("1"), STORE_EXPECT_ANY);
    store_batch_delete(batch, store_text("b"), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_OK);
    assert_value(store, "a", "2");
    assert_value(store, "b", NULL);
    assert_changes(store, 1, 0, "2:-a 2:-b 2:a=2");
}

static void range_is_ordered_and_pages(void **state)
{
    struct store *store = *state;
    const char *const keys[] = {"r/b/2", "r/a/1", "r/b/1", "r/c/1", "r/b", "q", "s", "r/a/10", "r/a/2"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put(store, keys[i], "v");
    assert_range(store, (struct store_range){.prefix = store_text("r/")}, "r/a/1 r/a/10 r/a/2 r/b r/b/1 r/b/2 r/c/1");
    assert_range(store, (struct store_range){.prefix = store_text("r/b/")}, "r/b/1 r/b/2");
    assert_range(store, (struct store_range){.prefix = store_text("r/b")}, "r/b r/b/1 r/b/2");
    assert_range(store, (struct store_range){.prefix = store_text("r/"), .limit = 3}, "r/a/1 r/a/10 r/a/2 +");
    assert_range(store, (struct store_range){.prefix = store_text("r/"), .after = store_text("r/a/2"), .limit = 4},
                 "r/b r/b/1 r/b/2 r/c/1");
    assert_range(store, (struct store_range){.prefix = store_text("r/"), .after = store_text("r/a/15")},
                 "r/a/2 r/b r/b/1 r/b/2 r/c/1");
    assert_range(store, (struct store_range){.prefix = store_text("r/"), .after = store_text("a")},
                 "r/a/1 r/a/10 r/a/2 r/b r/b/1 r/b/2 r/c/1");
    assert_range(store, (struct store_range){.prefix = store_text("r/"), .after = store_text("z")}, "");
    assert_range(store, (struct store_range){.prefix = store_text("nothing")}, "");
    assert_range(store, (struct store_range){.limit = 2}, "q r/a/1 +");
    assert_range(store, (struct store_range){.prefix = store_text("r/b"), .descending = true}, "r/b/2 r/b/1 r/b");
    assert_range(
        store,
        (struct store_range){.prefix = store_text("r/"), .after = store_text("r/b/1"), .descending = true, .limit = 2},
        "r/b r/a/2 +");
    assert_range(
        store,
        (struct store_range){.prefix = store_text("r/"), .after = store_text("z"), .descending = true, .limit = 1},
        "r/c/1 +");
    assert_range(store, (struct store_range){.prefix = store_text("r/"), .after = store_text("a"), .descending = true},
                 "");
}

static void range_keys_only_leaves_values_out(void **state)
{
    struct store *store = *state;
    put(store, "k", "value");
    struct store_list list = STORE_LIST_INIT;
    assert_int_equal(store_range(store, &(struct store_range){.keys_only = true}, &list, NULL), MRPC_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.entries[0].value.bytes, 0);
    store_list_fini(&list);
    assert_int_equal(store_range(store, &(struct store_range){.limit = STORE_RANGE_LIMIT_MAX + 1}, &list, NULL),
                     MRPC_INVALID_ARGUMENT);
}

static void keys_and_values_may_hold_any_byte(void **state)
{
    struct store *store = *state;
    unsigned char key[] = {0xff, 0x00, 0xff, '\''};
    unsigned char value[256];
    for (int i = 0; i < 256; i++)
        value[i] = (unsigned char)i;
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, (struct store_slice){key, sizeof key}, (struct store_slice){value, sizeof value},
                    STORE_EXPECT_ABSENT);
    store_batch_put(batch, store_text("'; DROP TABLE entries; --"), store_text(""), STORE_EXPECT_ABSENT);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_OK);
    struct store_list list = STORE_LIST_INIT;
    assert_int_equal(store_range(store, &(struct store_range){.prefix = {key, 1}}, &list, NULL), MRPC_OK);
    assert_int_equal(list.count, 1);
    assert_memory_equal(list.entries[0].key.data, key, sizeof key);
    assert_int_equal(list.entries[0].value.bytes, sizeof value);
    assert_memory_equal(list.entries[0].value.data, value, sizeof value);
    store_list_fini(&list);
    assert_value(store, "'; DROP TABLE entries; --", "");
}

static void limits_are_refused(void **state)
{
    struct store *store = *state;
    char *big = calloc(1, STORE_VALUE_BYTES_MAX + 1);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text("ok"), store_text("v"), STORE_EXPECT_ANY);
    store_batch_put(batch, store_text("k"), (struct store_slice){big, STORE_VALUE_BYTES_MAX + 1}, STORE_EXPECT_ANY);
    struct fault fault = FAULT_INIT;
    assert_int_equal(store_commit_wait(store, batch, NULL, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "16 MiB"));
    assert_value(store, "ok", NULL);
    batch = store_batch_new();
    store_batch_put(batch, (struct store_slice){big, STORE_KEY_BYTES_MAX + 1}, store_text("v"), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_INVALID_ARGUMENT);
    batch = store_batch_new();
    store_batch_put(batch, store_text(""), store_text("v"), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_INVALID_ARGUMENT);
    batch = store_batch_new();
    for (int i = 0; i < 5; i++)
        store_batch_put(batch, store_text("k"), (struct store_slice){big, STORE_VALUE_BYTES_MAX}, STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_INVALID_ARGUMENT);
    free(big);
}

static void batch_that_found_no_memory_is_answered(void **state)
{
    struct store *store = *state;
    struct outcome outcomes[40] = {0};
    for (int i = 0; i < 40; i++)
        store_commit(store, NULL, note, &outcomes[i]);
    drain(store);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(atomic_load(&outcomes[i].done), 1);
        assert_int_equal(outcomes[i].result.code, MRPC_RESOURCE_EXHAUSTED);
    }
}

static void changes_tell_each_key_once_in_order(void **state)
{
    struct store *store = *state;
    put(store, "a", "1");
    put(store, "b", "2");
    put(store, "a", "3");
    erase(store, "b");
    put(store, "c", "5");
    erase(store, "nothing");
    assert_changes(store, 0, 0, "3:a=3 4:-b 5:c=5");
    assert_changes(store, 3, 0, "4:-b 5:c=5");
    assert_changes(store, 6, 0, "");
    assert_changes(store, 0, 1, "3:a=3 +");
    struct store_list list = STORE_LIST_INIT;
    assert_int_equal(store_changes(store, 7, 0, &list, NULL), MRPC_INVALID_ARGUMENT);
}

static void changes_never_cut_a_revision(void **state)
{
    struct store *store = *state;
    struct store_batch *batch = store_batch_new();
    const char *const keys[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        store_batch_put(batch, store_text(keys[i]), store_text("1"), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_OK);
    put(store, "e", "2");
    assert_changes(store, 0, 2, "1:a=1 1:b=1 1:c=1 1:d=1 +");
    assert_changes(store, 1, 2, "2:e=2");
}

static void old_deletions_are_forgotten_and_said_to_be(void **state)
{
    struct store *store = *state;
    char key[16];
    for (int i = 0; i < 2 * STORE_CONTRACT_DELETIONS_KEPT; i++) {
        snprintf(key, sizeof key, "k%03d", i);
        put(store, key, "v");
        erase(store, key);
    }
    struct store_list list = STORE_LIST_INIT;
    struct fault fault = FAULT_INIT;
    assert_int_equal(store_changes(store, 0, 0, &list, &fault), MRPC_OUT_OF_RANGE);
    unsigned long long oldest = 0;
    assert_int_equal(sscanf(strstr(fault.text, "revision "), "revision %llu", &oldest), 1);
    assert_int_equal(store_changes(store, oldest - 1, 0, &list, NULL), MRPC_OUT_OF_RANGE);
    assert_int_equal(store_changes(store, oldest, 0, &list, NULL), MRPC_OK);
    assert_true(list.count >= STORE_CONTRACT_DELETIONS_KEPT);
    store_list_fini(&list);
}

static void old_fencing_token_is_refused(void **state)
{
    struct store *store = *state;
    uint64_t first, again, second;
    assert_int_equal(store_lead(store, "registry", "server-1", 60000, &first, NULL), MRPC_OK);
    assert_int_equal(store_lead(store, "registry", "server-1", 60000, &again, NULL), MRPC_OK);
    assert_int_equal(first, again);
    assert_int_equal(store_lead(store, "registry", "server-2", 60000, &second, NULL), MRPC_ALREADY_EXISTS);
    assert_int_equal(store_lead(store, "other", "server-2", 60000, &second, NULL), MRPC_OK);

    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text("a"), store_text("leader"), STORE_EXPECT_ANY);
    store_batch_fence(batch, "registry", first);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_OK);

    assert_int_equal(store_resign(store, "registry", first + 1, NULL), MRPC_FAILED_PRECONDITION);
    assert_int_equal(store_resign(store, "registry", first, NULL), MRPC_OK);
    assert_int_equal(store_lead(store, "registry", "server-2", 60000, &second, NULL), MRPC_OK);
    assert_true(second > first);

    batch = store_batch_new();
    store_batch_put(batch, store_text("a"), store_text("old leader"), STORE_EXPECT_ANY);
    store_batch_fence(batch, "registry", first);
    assert_int_equal(store_commit_wait(store, batch, NULL, NULL), MRPC_FAILED_PRECONDITION);
    assert_value(store, "a", "leader");
}

static void leadership_runs_out(void **state)
{
    struct store *store = *state;
    uint64_t first, second;
    assert_int_equal(store_lead(store, "registry", "server-1", 1, &first, NULL), MRPC_OK);
    int code;
    int tries = 0;
    while ((code = store_lead(store, "registry", "server-2", 60000, &second, NULL)) == MRPC_ALREADY_EXISTS)
        assert_true(++tries < 100000);
    assert_int_equal(code, MRPC_OK);
    assert_int_equal(second, first + 1);
}

struct writer {
    struct store *store;
    int index;
    int won;
};

static void *compete(void *arg)
{
    struct writer *writer = arg;
    char key[32], name[8];
    snprintf(name, sizeof name, "w%d", writer->index);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "slot/%03d", i);
        writer->won += try_put(writer->store, key, name, STORE_EXPECT_ABSENT) == MRPC_OK;
    }
    return NULL;
}

static void concurrent_writers_win_each_slot_once(void **state)
{
    struct store *store = *state;
    pthread_t threads[4];
    struct writer writers[4];
    int won = 0;
    for (int i = 0; i < 4; i++) {
        writers[i] = (struct writer){store, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, compete, &writers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        won += writers[i].won;
    }
    assert_int_equal(won, 100);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.revision, 100);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(stats.queued_bytes, 0);
}

static void callbacks_come_once_and_in_order(void **state)
{
    struct store *store = *state;
    enum { COUNT = 500 };
    struct outcome *outcomes = calloc(COUNT, sizeof *outcomes);
    for (int i = 0; i < COUNT; i++) {
        struct store_batch *batch = store_batch_new();
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        store_batch_put(batch, store_text(key), store_text("v"), STORE_EXPECT_ANY);
        store_commit(store, batch, note, &outcomes[i]);
    }
    drain(store);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&outcomes[i].done), 1);
        assert_int_equal(outcomes[i].result.revision, i + 1);
    }
    free(outcomes);
}

static void reopened_store_is_the_same(void **state)
{
    struct store *store = *state;
    uint64_t token;
    put(store, "a", "1");
    put(store, "b", "2");
    erase(store, "a");
    assert_int_equal(store_lead(store, "registry", "me", 60000, &token, NULL), MRPC_OK);
    *state = store = backend->reopen(store);
    assert_non_null(store);
    assert_value(store, "a", NULL);
    assert_value(store, "b", "2");
    assert_changes(store, 0, 0, "2:b=2 3:-a");
    assert_int_equal(put(store, "c", "3"), 4);
    uint64_t again;
    assert_int_equal(store_lead(store, "registry", "me", 60000, &again, NULL), MRPC_OK);
    assert_int_equal(again, token);
}

int store_contract_run(const struct store_contract_backend *which)
{
    backend = which;
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(revision_grows_by_one_a_batch),
        CASE(batch_that_writes_nothing_takes_no_revision),
        CASE(compare_and_set_by_revision),
        CASE(failed_condition_fails_its_whole_batch_and_no_other),
        CASE(later_batch_of_a_group_sees_the_earlier_one),
        CASE(last_operation_on_a_key_wins),
        CASE(range_is_ordered_and_pages),
        CASE(range_keys_only_leaves_values_out),
        CASE(keys_and_values_may_hold_any_byte),
        CASE(limits_are_refused),
        CASE(batch_that_found_no_memory_is_answered),
        CASE(changes_tell_each_key_once_in_order),
        CASE(changes_never_cut_a_revision),
        CASE(old_deletions_are_forgotten_and_said_to_be),
        CASE(old_fencing_token_is_refused),
        CASE(leadership_runs_out),
        CASE(concurrent_writers_win_each_slot_once),
        CASE(callbacks_come_once_and_in_order),
        CASE(reopened_store_is_the_same),
    };
#undef CASE
    size_t count = sizeof tests / sizeof *tests - (which->reopen == NULL); /* the last one reopens */
    return _cmocka_run_group_tests(which->name, tests, count, NULL, NULL);
}

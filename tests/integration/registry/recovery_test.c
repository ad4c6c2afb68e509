/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/store/scratch.h"
#include "fixture.h"

/* What a start does with what it finds in the store. */

static char *folder;

static struct store *open_store(void)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &store, &fault))
        fail_msg("store: %s", fault.text);
    return store;
}

static void write_record(const char *key, const void *bytes, size_t size)
{
    struct store *store = open_store();
    struct store_batch *batch = store_batch_new();
    struct fault fault = FAULT_INIT;
    store_batch_put(batch, store_text(key), (struct store_slice){bytes, size}, STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(store, batch, NULL, &fault), MRPC_OK);
    store_close(store);
}

/* How a start ends that finds what is there. */
static int start(struct fault *fault)
{
    struct registry *registry;
    struct registry_options options = {.store = open_store()};
    assert_int_equal(registry_new(&options, &registry, fault), MRPC_OK);
    int code = registry_start(registry, fault);
    registry_stop(registry);
    registry_free(registry);
    store_close(options.store);
    return code;
}

static void assert_refused(const char *key, const void *bytes, size_t size)
{
    struct fault fault = FAULT_INIT;
    write_record(key, bytes, size);
    assert_int_equal(start(&fault), MRPC_DATA_LOSS);
    if (!strstr(fault.text, key))
        fail_msg("\"%s\" does not name %s", fault.text, key);
}

/* A store that passes all its own checks may still hold what is no registry's. */
static void record_that_cannot_be_read_is_named(void **state)
{
    assert_refused("registry/instance/default/web/a", "\xff\xff\xff", 3);
}

static void record_that_lacks_something_is_named(void **state)
{
    assert_refused("registry/instance/default/web/a", "\x10\x01", 2); /* a count of transitions, no instance */
}

static void record_of_one_that_is_gone_is_read_as_strictly(void **state)
{
    assert_refused("registry/gone/default/web/a", "\x10\x01", 2);
}

static void state_that_cannot_be_read_is_named(void **state)
{
    assert_refused("registry/state", "\x08", 1);
}

static void put(struct fixture *fixture, const char *id, int64_t *incarnation)
{
    struct sample sample;
    sample_init(&sample, "web", id, 80, 60000);
    assert_int_equal(fixture_register(fixture->channel, &sample, incarnation), MRPC_OK);
}

/* The state record is not written with each change: the greatest revision of all records is the registry's. */
static void revisions_go_on_behind_the_greatest_of_all_records(void **state)
{
    static const char zero[] = {8, 1}; /* epoch 1, revision 0 */
    struct fixture fixture;
    int64_t first, second, third;
    fixture_start(&fixture, folder, NULL);
    put(&fixture, "a", NULL);
    put(&fixture, "b", &first);
    fixture_stop(&fixture);
    write_record("registry/state", zero, sizeof zero);
    fixture_start(&fixture, folder, NULL);
    put(&fixture, "c", &second);
    assert_true(second > first);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "c", 0), MRPC_OK); /* the last word is a removal */
    fixture_stop(&fixture);
    fixture_start(&fixture, folder, NULL);
    put(&fixture, "d", &third);
    assert_true(third > second + 1);
    fixture_stop(&fixture);
}

/* Nothing is left of the removal that was the greatest revision, if no history is kept. */
static void revisions_go_on_when_the_last_has_been_forgotten(void **state)
{
    struct registry_options options = {.limits.gone_kept = 1};
    struct fixture fixture;
    int64_t first, second;
    fixture_start(&fixture, folder, &options);
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "i%d", i);
        put(&fixture, id, &first);
        assert_int_equal(fixture_deregister(fixture.channel, "web", id, 0), MRPC_OK);
    }
    fixture_stop(&fixture);
    fixture_start(&fixture, folder, &options);
    put(&fixture, "i0", &second);
    assert_true(second > first + 1);
    fixture_stop(&fixture);
}

static int begin(void **state)
{
    folder = scratch_new();
    assert_non_null(folder);
    return 0;
}

static int finish(void **state)
{
    scratch_free(folder);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest tests[] = {
        CASE(record_that_cannot_be_read_is_named),
        CASE(record_that_lacks_something_is_named),
        CASE(record_of_one_that_is_gone_is_read_as_strictly),
        CASE(state_that_cannot_be_read_is_named),
        CASE(revisions_go_on_behind_the_greatest_of_all_records),
        CASE(revisions_go_on_when_the_last_has_been_forgotten),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

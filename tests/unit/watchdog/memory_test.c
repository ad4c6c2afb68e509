/* SPDX-License-Identifier: Apache-2.0 */

/* Control groups as files in a folder of the test's own. */

#include "watchdog/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test.h"

static char root[64];

static void put(const char *path, const char *text)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *path)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    assert_int_equal(mkdir(whole, 0700), 0);
}

static int set_up(void **state)
{
    snprintf(root, sizeof root, "/tmp/mlt-memory-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_folder("system.slice");
    make_folder("system.slice/mlt");
    put("membership", "0::/system.slice/mlt\n");
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static struct memory_state read_with(uint64_t own_limit)
{
    struct memory_probe probe;
    char membership[128];
    snprintf(membership, sizeof membership, "%s/membership", root);
    memory_probe_init(&probe, own_limit, root, membership);
    return memory_read(&probe);
}

static void the_group_says_limit_and_use_without_what_can_be_dropped(void **state)
{
    put("system.slice/mlt/memory.max", "1000000\n");
    put("system.slice/mlt/memory.current", "900000\n");
    put("system.slice/mlt/memory.stat", "anon 1\nfile 2\ninactive_file 300000\nactive_file 4\n");
    struct memory_state memory = read_with(0);
    assert_int_equal(memory.limit_bytes, 1000000);
    assert_int_equal(memory.used_bytes, 600000);
}

static void a_group_above_with_less_counts(void **state)
{
    put("system.slice/mlt/memory.max", "max\n");
    put("system.slice/memory.max", "500000\n");
    put("system.slice/memory.current", "100000\n");
    struct memory_state memory = read_with(0);
    assert_int_equal(memory.limit_bytes, 500000);
    assert_int_equal(memory.used_bytes, 100000);
}

static void without_a_limit_there_is_none(void **state)
{
    put("system.slice/mlt/memory.max", "max\n");
    assert_int_equal(read_with(0).limit_bytes, 0);
    put("membership", "1:memory:/old\n");
    assert_int_equal(read_with(0).limit_bytes, 0);
}

static void the_fuller_of_group_and_own_limit_counts(void **state)
{
    put("system.slice/mlt/memory.max", "1000000000000\n");
    put("system.slice/mlt/memory.current", "1000\n");
    struct memory_state memory = read_with(1000000);   /* less than any process has */
    assert_int_equal(memory.limit_bytes, 1000000);
    assert_true(memory.used_bytes > 100000);
    put("system.slice/mlt/memory.current", "999999999999\n");
    assert_int_equal(read_with(UINT64_C(1) << 50).limit_bytes, UINT64_C(1000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_group_says_limit_and_use_without_what_can_be_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_group_above_with_less_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_limit_there_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_fuller_of_group_and_own_limit_counts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

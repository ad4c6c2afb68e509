/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/quantity.h"
#include "test.h"

static int set_up(void **state)
{
    return config_new((struct config **)state);
}
static int tear_down(void **state)
{
    config_free(*state);
    return 0;
}

static int read_text(struct config *config, const char *yaml, struct fault *fault)
{
    char path[] = "/tmp/mlt-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    close(fd);
    int code = config_read_file(config, path, fault);
    unlink(path);
    return code;
}

static void defaults_bind_to_loopback(void **state)
{
    assert_int_equal(config_list_count(*state, "listen"), 1);
    assert_string_equal(config_list_item(*state, "listen", 0), "127.0.0.1:50051");
    assert_false(config_switch(*state, "insecure"));
    assert_int_equal(config_number(*state, "drain_grace"), 30000);
    assert_null(config_text(*state, "data_dir"));
}

static void a_file_may_nest_or_dot_its_keys(void **state)
{
    assert_int_equal(read_text(*state, "log:\n  level: debug\nexecution.threads: 8\nlisten: ['a:1', 'b:2']\n", NULL),
                     0);
    assert_string_equal(config_text(*state, "log.level"), "debug");
    assert_int_equal(config_number(*state, "execution.threads"), 8);
    assert_int_equal(config_list_count(*state, "listen"), 2);
    assert_string_equal(config_list_item(*state, "listen", 1), "b:2");
}

static void an_unknown_key_names_line_and_nearest(void **state)
{
    struct fault fault = FAULT_INIT;
    assert_int_equal(read_text(*state, "insecure: false\nlog.levle: debug\n", &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, ":2: unknown key \"log.levle\"; the nearest is \"log.level\""));
}

static void a_file_that_says_nothing_leaves_the_defaults(void **state)
{
    assert_int_equal(read_text(*state, "", NULL), 0);
    assert_int_equal(read_text(*state, "# all of it\n\n#log.level: debug\n", NULL), 0);
    assert_int_equal(read_text(*state, "---\n", NULL), 0);
    assert_string_equal(config_text(*state, "log.level"), "info");
    struct fault fault = FAULT_INIT;
    assert_int_equal(read_text(*state, "loops: 1\n---\nloops: 2\n", &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "more than one document"));
}

static void broken_yaml_and_missing_files_are_errors(void **state)
{
    struct fault fault = FAULT_INIT;
    assert_int_equal(read_text(*state, "log: [unclosed\n", &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(read_text(*state, "- just\n- a list\n", &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(config_read_file(*state, "/nonexistent/x.yaml", &fault), MRPC_NOT_FOUND);
}

static void values_out_of_range_or_type_are_named(void **state)
{
    struct fault fault = FAULT_INIT;
    assert_int_equal(config_set(*state, "execution.threads", "0", "--execution-threads", &fault),
                     MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.text, "--execution-threads: execution.threads: 0 is not in 1..64");
    assert_int_equal(config_set(*state, "insecure", "yes", "x", &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(config_set(*state, "drain_grace", "30", "x", &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(config_set(*state, "data_dir", "", "x", &fault), MRPC_INVALID_ARGUMENT);
}

static void flags_and_environment_find_their_keys(void **state)
{
    assert_string_equal(config_find_flag("--data-dir")->name, "data_dir");
    assert_string_equal(config_find_flag("--registry-check-targets")->name, "registry.check_targets");
    assert_null(config_find_flag("--nope"));
    assert_null(config_find_flag("data-dir"));
    char *environment[] = {"HOME=/x", "MLTRAINER_LOG_LEVEL=warn", "MLTRAINER_DATA_DIR=/srv", "MLTRAINER_SERVER=a:1",
                           "MLTRAINER_CA=ca.pem", "MLTRAINER_TOKEN=t", "MLTRAINER_TOKEN_FILE=t", NULL};
    assert_int_equal(config_read_environment(*state, environment, NULL), 0);
    assert_string_equal(config_text(*state, "log.level"), "warn");
    assert_string_equal(config_text(*state, "data_dir"), "/srv");
    char *wrong[] = {"MLTRAINER_LOG_LEVLE=warn", NULL};
    assert_int_equal(config_read_environment(*state, wrong, NULL), MRPC_INVALID_ARGUMENT);
}

static void what_is_printed_reads_back(void **state)
{
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(config_set(*state, "listen", "unix:/tmp/x", "test", NULL), 0);
    FILE *out = open_memstream(&text, &size);
    config_print(*state, out);
    fclose(out);
    struct config *again;
    assert_int_equal(config_new(&again), 0);
    struct fault fault = FAULT_INIT;
    int code = read_text(again, text, &fault);
    if (code)
        print_error("%s\n", fault.text);
    assert_int_equal(code, 0);
    assert_string_equal(config_list_item(again, "listen", 0), "unix:/tmp/x");
    config_free(again);
    free(text);
}

static void quantities_refuse_what_is_not_one(void **state)
{
    int64_t n;
    assert_int_equal(quantity_duration_ms("5min", &n), 0);
    assert_int_equal(n, 300000);
    assert_int_equal(quantity_size_bytes("4GiB", &n), 0);
    assert_int_equal(n, 4LL << 30);
    assert_int_equal(quantity_duration_ms("0", &n), 0);
    assert_int_equal(n, 0);
    const char *const wrong[] = {"",    "1", "00", "-1", "1.5s", "s", "9999999999999999999s", "9007199254740993h",
                                 "5 s", "5m"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(quantity_duration_ms(wrong[i], &n), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_bind_to_loopback),
        TEST(a_file_may_nest_or_dot_its_keys),
        TEST(an_unknown_key_names_line_and_nearest),
        TEST(a_file_that_says_nothing_leaves_the_defaults),
        TEST(broken_yaml_and_missing_files_are_errors),
        TEST(values_out_of_range_or_type_are_named),
        TEST(flags_and_environment_find_their_keys),
        TEST(what_is_printed_reads_back),
        TEST(quantities_refuse_what_is_not_one),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

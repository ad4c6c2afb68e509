/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/quantity.h"
#include "config/reload.h"
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

static int read_bytes(struct config *config, const char *bytes, size_t size, struct fault *fault)
{
    char path[] = "/tmp/mlt-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    int code = config_read_file(config, path, fault);
    unlink(path);
    return code;
}

static int read_text(struct config *config, const char *yaml, struct fault *fault)
{
    return read_bytes(config, yaml, strlen(yaml), fault);
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

/* libfyaml 0.7 would not come back from the first two. */
static void a_file_that_is_no_text_is_refused_before_it_is_parsed(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        {"%\xff\nloops: 1\n", 11, ":1: not UTF-8"},
        {"loops: 1\n%YAML \xc3\x28\n", 18, ":2: not UTF-8"},
        {"loops: 1\0\n", 10, ":1: not UTF-8"},
        {"# \xed\xa0\x80\nloops: 1\n", 15, ":1: not UTF-8"}, /* a surrogate */
        {"# \xc0\xaf\n", 5, ":1: not UTF-8"},               /* overlong */
        {"loops: 1 # \xe2\x82", 13, ":1: not UTF-8"},         /* cut */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault fault = FAULT_INIT;
        assert_int_equal(read_bytes(*state, cases[i].bytes, cases[i].size, &fault), MRPC_INVALID_ARGUMENT);
        if (!strstr(fault.text, cases[i].text))
            fail_msg("case %zu: %s", i, fault.text);
    }
    assert_int_equal(read_text(*state, "# \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\nloops: 3\n", NULL), 0);
    assert_int_equal(config_number(*state, "loops"), 3);
}

static void a_file_without_an_end_is_refused(void **state)
{
    struct fault fault = FAULT_INIT;
    assert_int_equal(config_read_file(*state, "/dev/zero", &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "longer than 1024 KiB"));
}

/* --- the table --------------------------------------------------------------------------------------------------- */

/* The @nth value of three that the key takes, and that differ from its default. */
static void value_of(const struct config_key *key, int nth, char out[64])
{
    static const char *const unit[] = {[CONFIG_COUNT] = "", [CONFIG_DURATION] = "ms", [CONFIG_SIZE] = "B"};
    if (key->type == CONFIG_TEXT || key->type == CONFIG_LIST)
        snprintf(out, 64, "value-%d", nth);
    else if (key->type == CONFIG_SWITCH)
        snprintf(out, 64, "%s", nth % 2 ? "true" : "false");
    else
        snprintf(out, 64, "%lld%s", (long long)(key->least + nth), unit[key->type]);
}

static void assert_value(struct config *config, const struct config_key *key, int nth)
{
    char text[64];
    value_of(key, nth, text);
    if (key->type == CONFIG_TEXT) {
        assert_string_equal(config_text(config, key->name), text);
    } else if (key->type == CONFIG_LIST) {
        assert_int_equal(config_list_count(config, key->name), 1);
        assert_string_equal(config_list_item(config, key->name, 0), text);
    } else if (key->type == CONFIG_SWITCH) {
        assert_int_equal(config_switch(config, key->name), nth % 2);
    } else {
        assert_int_equal(config_number(config, key->name), key->least + nth);
    }
}

/* "log.level" with @separator for '.' and '_'. */
static void spell(const char *name, const char *prefix, char separator, bool upper, char out[96])
{
    size_t length = (size_t)snprintf(out, 96, "%s", prefix);
    for (; *name; name++)
        out[length++] = *name == '.' || *name == '_' ? separator
                        : upper                     ? (char)toupper((unsigned char)*name)
                                                    : *name;
    out[length] = 0;
}

static void each_key_is_told_in_full(void **state)
{
    for (const struct config_key *key = config_keys; key->name; key++) {
        char flag[96];
        spell(key->name, "--", '-', false, flag);
        assert_ptr_equal(config_find_flag(flag), key); /* no other has its spelling */
        if (!key->doc || strlen(key->doc) < 10 || strchr(key->doc, '\n'))
            fail_msg("%s has no doc of one line", key->name);
        bool number = key->type == CONFIG_COUNT || key->type == CONFIG_DURATION || key->type == CONFIG_SIZE;
        if (number && (!key->fallback || key->least >= key->most))
            fail_msg("%s is a number without a default or a range", key->name);
        if (key->type == CONFIG_SWITCH && !key->fallback)
            fail_msg("%s is a switch without a default", key->name);
    }
}

static void each_key_is_overridden_by_the_environment_and_that_by_flags(void **state)
{
    for (const struct config_key *key = config_keys; key->name; key++) {
        char values[4][64], yaml[256], variable[192], name[96];
        char *environment[] = {variable, NULL};
        struct config *config;
        struct fault fault = FAULT_INIT;
        for (int i = 1; i < 4; i++)
            value_of(key, i, values[i]);
        assert_int_equal(config_new(&config), 0);
        snprintf(yaml, sizeof yaml, key->type == CONFIG_LIST ? "%s: [%s]\n" : "%s: %s\n", key->name, values[1]);
        if (read_text(config, yaml, &fault) != 0)
            fail_msg("%s", fault.text);
        assert_value(config, key, 1);
        spell(key->name, "MLTRAINER_", '_', true, name);
        snprintf(variable, sizeof variable, "%s=%s", name, values[2]);
        assert_int_equal(config_read_environment(config, environment, &fault), 0);
        assert_value(config, key, 2);
        config_begin_flags(config);
        assert_int_equal(config_set(config, key->name, values[3], "flag", &fault), 0);
        assert_value(config, key, 3);
        config_free(config);
    }
}

static void a_list_grows_within_its_source_and_by_what_is_added(void **state)
{
    char *environment[] = {"MLTRAINER_LISTEN=c:1", NULL};
    assert_int_equal(read_text(*state, "listen: ['a:1', 'b:1']\n", NULL), 0);
    assert_int_equal(config_list_count(*state, "listen"), 2);
    assert_int_equal(config_read_environment(*state, environment, NULL), 0);
    assert_int_equal(config_list_count(*state, "listen"), 1);
    config_begin_flags(*state);
    assert_int_equal(config_add(*state, "listen", "fd:3", "sockets", NULL), 0);
    assert_int_equal(config_list_count(*state, "listen"), 2);
    assert_int_equal(config_set(*state, "listen", "d:1", "flag", NULL), 0);
    assert_int_equal(config_set(*state, "listen", "e:1", "flag", NULL), 0);
    assert_int_equal(config_list_count(*state, "listen"), 2);
    assert_string_equal(config_list_item(*state, "listen", 1), "e:1");
}

/* Each key by itself: either it is in force, or it is named as one that needs a restart. */
static void each_key_is_reloaded_or_named(void **state)
{
    size_t reloaded = 0;
    for (const struct config_key *key = config_keys; key->name; key++) {
        struct config *live, *read, *fresh;
        struct fault fault = FAULT_INIT;
        char value[64], expected[160], *said = NULL;
        assert_int_equal(config_new(&live) || config_new(&read) || config_new(&fresh), 0);
        for (int nth = 3; nth < 5 && config_same(live, fresh, key); nth++) { /* one of them is not the default */
            value_of(key, nth, value);
            assert_int_equal(config_set(fresh, key->name, value, "test", &fault), 0);
        }
        for (int again = 0; again < 2; again++) {
            assert_int_equal(config_reload(live, read, fresh, &said, &fault), 0);
            if (key->reloads)
                snprintf(expected, sizeof expected, again ? "nothing to read again" : "%s read again", key->name);
            else
                snprintf(expected, sizeof expected, "nothing to read again; a restart is needed for %s", key->name);
            assert_string_equal(said, expected);
            assert_int_equal(config_same(live, fresh, key), key->reloads);
            free(said);
        }
        reloaded += key->reloads;
        config_free(live);
        config_free(read);
        config_free(fresh);
    }
    assert_true(reloaded > 5);
}

static void a_reload_names_all_that_differs(void **state)
{
    struct config *read, *fresh;
    struct fault fault = FAULT_INIT;
    char *said = NULL;
    assert_int_equal(config_new(&read) || config_new(&fresh), 0);
    const char *yaml = "log.level: debug\ndrain_grace: 7s\nloops: 3\nlisten: ['a:1', 'b:1']\n";
    assert_int_equal(read_text(fresh, yaml, &fault), 0);
    assert_int_equal(config_reload(*state, read, fresh, &said, &fault), 0);
    assert_string_equal(said, "drain_grace, log.level read again; a restart is needed for listen, loops");
    assert_int_equal(config_number(*state, "drain_grace"), 7000);
    assert_int_equal(config_number(*state, "loops"), 0);
    free(said);
    config_free(read);
    config_free(fresh);
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

static void passwords_in_urls_are_not_shown(void **state)
{
    static const char *const rows[][2] = {
        {"db postgresql://reader:pass@word@db.example/x", "db postgresql://reader:***@db.example/x"},
        {"postgresql://reader@db/x?password=secret&a=b", "postgresql://reader@db/x?password=***&a=b"},
        {"https://u:p@a/ and https://v:q@b/", "https://u:***@a/ and https://v:***@b/"},
        {"http://collector:4317", "http://collector:4317"},
        {"http://host/a:b@c", "http://host/a:b@c"},
        {"/etc/password=file", "/etc/password=file"},
        {"", ""},
    };
    char shown[128];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        config_redact(rows[i][0], shown, sizeof shown);
        assert_string_equal(shown, rows[i][1]);
    }
    config_redact("http://u:secret@host/", shown, 14);
    assert_string_equal(shown, "http://u:***@");
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
        TEST(a_file_that_is_no_text_is_refused_before_it_is_parsed),
        TEST(a_file_without_an_end_is_refused),
        TEST(each_key_is_told_in_full),
        TEST(each_key_is_overridden_by_the_environment_and_that_by_flags),
        TEST(a_list_grows_within_its_source_and_by_what_is_added),
        TEST(each_key_is_reloaded_or_named),
        TEST(a_reload_names_all_that_differs),
        TEST(values_out_of_range_or_type_are_named),
        TEST(flags_and_environment_find_their_keys),
        TEST(what_is_printed_reads_back),
        cmocka_unit_test(passwords_in_urls_are_not_shown),
        TEST(quantities_refuse_what_is_not_one),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log/json_line.h"
#include "log/log.h"
#include "test.h"

struct pipe_log {
    int ends[2];
    struct log *log;
};

static int set_up(void **state)
{
    static struct pipe_log opened;
    assert_int_equal(pipe2(opened.ends, O_CLOEXEC), 0);
    assert_int_equal(log_new(opened.ends[1], LOG_LEVEL_INFO, &opened.log), 0);
    *state = &opened;
    return 0;
}

static int tear_down(void **state)
{
    struct pipe_log *opened = *state;
    log_free(opened->log);
    close(opened->ends[0]);
    close(opened->ends[1]);
    return 0;
}

static const char *read_line(struct pipe_log *opened)
{
    static char line[4096];
    ssize_t size = read(opened->ends[0], line, sizeof line - 1);
    assert_true(size > 0);
    line[size] = 0;
    return line;
}

static void a_line_has_time_level_and_component(void **state)
{
    struct pipe_log *opened = *state;
    log_info(opened->log, "here", "n=%d", 7);
    const char *line = read_line(opened);
    assert_int_equal(line[4], '-');
    assert_int_equal(line[23], 'Z');
    assert_string_equal(line + 24, " info  here: n=7\n");
    log_debug(opened->log, "here", "not at this level");
    log_info(opened->log, "here", "a\nb\x1b");
    assert_string_equal(read_line(opened) + 24, " info  here: a?b?\n");
}

static void expect_json(const char *message, const char *expected)
{
    char line[1024];
    size_t size = log_json_line(line, sizeof line - 1, "T", "info", "here", message);
    line[size] = 0;
    assert_string_equal(line, expected);
}

#define HEAD "{\"time\":\"T\",\"level\":\"info\",\"component\":\"here\",\"message\":"

static void a_line_of_json_has_the_pairs_as_fields(void **state)
{
    expect_json("begun", HEAD "\"begun\"}");
    expect_json("call method=/a.B/C status=OK trace=4bf9",
                HEAD "\"call method=/a.B/C status=OK trace=4bf9\",\"fields\":{\"method\":\"/a.B/C\",\"status\":\"OK\","
                     "\"trace\":\"4bf9\"}}");
    expect_json("a= =b A=c 1=d e=f=g", HEAD "\"a= =b A=c 1=d e=f=g\",\"fields\":{\"e\":\"f=g\"}}");
    expect_json("say=\"x\\\"", HEAD "\"say=\\\"x\\\\\\\"\",\"fields\":{\"say\":\"\\\"x\\\\\\\"\"}}");
    expect_json("\x01\xff\xc3\xa4\xe2\x82", HEAD "\"\\u0001?\xc3\xa4??\"}");
}

/* Whatever does not fit, what is there is an object, and no escape and no character is cut in two. */
static void a_line_of_json_is_whole_at_any_length(void **state)
{
    char message[1200], line[1024];
    for (size_t i = 0; i < sizeof message - 1; i++)
        message[i] = "k=\" \xc3\xa4\\\x02"[i % 8];
    message[sizeof message - 1] = 0;
    for (size_t capacity = 256; capacity < sizeof line; capacity++) {
        size_t size = log_json_line(line, capacity, "T", "info", "here", message), quotes = 0;
        assert_true(size <= capacity);
        assert_int_equal(line[size - 1], '}');
        for (size_t i = 0; i < size; i++) {
            if (line[i] == '\\')
                i++;
            else
                quotes += line[i] == '"';
        }
        assert_int_equal(quotes % 2, 0);
    }
}

static void the_log_writes_json_where_it_is_asked_to(void **state)
{
    struct pipe_log *opened = *state;
    log_set_format(opened->log, LOG_FORMAT_JSON);
    log_warn(opened->log, "here", "n=%d", 7);
    const char *line = read_line(opened);
    assert_non_null(strstr(line, "Z\",\"level\":\"warn\",\"component\":\"here\",\"message\":\"n=7\","
                                 "\"fields\":{\"n\":\"7\"}}\n"));
}

static void a_reader_that_stops_stops_nobody(void **state)
{
    struct pipe_log *opened = *state;
    int lines = 0;
    while (log_dropped(opened->log) == 0 && lines++ < 100000)
        log_info(opened->log, "here", "%0200d", lines);
    assert_int_equal(log_dropped(opened->log), 1);   /* and nobody was stopped by it */
    log_info(opened->log, "here", "more");
    assert_int_equal(log_dropped(opened->log), 2);
    char all[1 << 17];
    assert_true(read(opened->ends[0], all, sizeof all) > 0);
    log_info(opened->log, "here", "again");
    assert_int_equal(log_dropped(opened->log), 2);
    assert_non_null(strstr(read_line(opened), "again"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_and_component, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_of_json_has_the_pairs_as_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_of_json_is_whole_at_any_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_log_writes_json_where_it_is_asked_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_stops_stops_nobody, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

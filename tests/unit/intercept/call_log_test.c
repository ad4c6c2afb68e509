/* SPDX-License-Identifier: Apache-2.0 */

#include <mrpc/call_log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/authentication.h>
#include <mrpc/trace.h>

#include "session_driver.h"
#include "test.h"

struct logged {
    struct session_driver driver;
    struct mrpc_call_log *log;
    struct mrpc_authentication *authentication;
    struct mrpc_tracing *tracing;
    uint32_t lines_per_second;
    bool failed_only;
    const char *identity;         /* NULL: nobody */
    char line[2048];
    int level;
    unsigned lines;
};

static void take_line(void *arg, int level, const char *line)
{
    struct logged *logged = arg;
    (void)snprintf(logged->line, sizeof(logged->line), "%s", line);
    logged->level = level;
    logged->lines++;
}

static int believe(void *arg, struct mrpc_call *call, struct mrpc_identity *identity)
{
    struct logged *logged = arg;
    if (logged->identity != NULL)
        *identity = (struct mrpc_identity){.kind = MRPC_IDENTITY_TOKEN, .name = logged->identity};
    return 0;
}

static void prepare(struct mrpc_server *server, void *arg)
{
    struct logged *logged = arg;
    struct mrpc_call_log_options options = {.struct_bytes = sizeof(options), .write = take_line, .arg = logged,
                                            .lines_per_second = logged->lines_per_second,
                                            .failed_only = logged->failed_only};
    struct mrpc_authentication_options who = {.struct_bytes = sizeof(who), .authenticate = believe, .arg = logged};
    assert_int_equal(mrpc_tracing_new(&logged->tracing), 0);
    assert_int_equal(mrpc_call_log_new(&options, &logged->log), 0);
    assert_int_equal(mrpc_authentication_new(&who, &logged->authentication), 0);
    if (logged->identity != NULL)
        assert_int_equal(mrpc_tracing_add_to_server(logged->tracing, server), 0);
    assert_int_equal(mrpc_call_log_add_to_server(logged->log, server), 0);
    assert_int_equal(mrpc_authentication_add_to_server(logged->authentication, server), 0);
}

static struct logged *open_log(const char *identity, uint32_t lines_per_second)
{
    struct logged *logged = calloc(1, sizeof(*logged));
    logged->identity = identity;
    logged->lines_per_second = lines_per_second;
    driver_open_with(&logged->driver, prepare, logged);
    return logged;
}

static void close_log(struct logged *logged)
{
    driver_close(&logged->driver);
    mrpc_call_log_free(logged->log);
    mrpc_authentication_free(logged->authentication);
    mrpc_tracing_free(logged->tracing);
    free(logged);
}

/* The line with the digits of its duration taken out. */
static const char *line_of(struct logged *logged)
{
    char *at = strstr(logged->line, "duration_us=");
    assert_non_null(at);
    at += strlen("duration_us=");
    size_t digits = strspn(at, "0123456789");
    assert_true(digits > 0);
    memmove(at, at + digits, strlen(at + digits) + 1);
    return logged->line;
}

static void a_call_is_a_line(void **state)
{
    struct logged *logged = open_log(NULL, 0);
    driver_call(&logged->driver, 1, "Say", "hello");
    assert_string_equal(line_of(logged), "call method=test.Echo/Say status=OK duration_us= peer=memory:1 "
                                         "received=1/7 sent=1/7");
    assert_int_equal(logged->level, 2);
    driver_call(&logged->driver, 3, "Split", "3:1000");
    assert_string_equal(line_of(logged), "call method=test.Echo/Split status=OK duration_us= peer=memory:1 "
                                         "received=1/8 sent=3/3009");
    driver_call(&logged->driver, 5, "Missing", "");
    assert_int_equal(logged->lines, 2);
    close_log(logged);
}

static void it_says_who_and_in_which_trace(void **state)
{
    struct logged *logged = open_log("spiffe://here/ada", 0);
    const struct raw_field parent = {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    driver_headers(&logged->driver, 1, "Say", &parent, 1);
    driver_message(&logged->driver, 1, "hello", true);
    driver_pump(&logged->driver);
    assert_string_equal(line_of(logged), "call method=test.Echo/Say status=OK duration_us= peer=memory:1 "
                                         "identity=spiffe://here/ada received=1/7 sent=1/7 "
                                         "trace=4bf92f3577b34da6a3ce929d0e0e4736");
    close_log(logged);
}

static void levels_follow_whose_fault_it_is(void **state)
{
    static const struct {
        int code, level;
    } rows[] = {{1, 2}, {2, 0}, {3, 2}, {4, 1}, {5, 2}, {6, 2}, {7, 1}, {8, 1},
                {9, 1}, {10, 1}, {11, 1}, {12, 0}, {13, 0}, {14, 1}, {15, 0}, {16, 2}};
    struct logged *logged = open_log(NULL, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "fail:%d:x", rows[i].code);
        driver_call(&logged->driver, (int32_t)(2 * i + 1), "Say", text);
        assert_int_equal(logged->level, rows[i].level);
        assert_non_null(strstr(logged->line, " message=x"));
    }
    close_log(logged);
}

static void nobody_forges_a_line_or_a_field(void **state)
{
    struct logged *logged = open_log("eve\" status=OK\n\x1b[31m", 0);
    driver_call(&logged->driver, 1, "Say", "fail:13:no \"such\" thing\r\n\xc3\xa4 a=b \\");
    assert_non_null(strstr(logged->line, " identity=\"eve\\\" status=OK\\x0a\\x1b[31m\" "));
    assert_non_null(strstr(logged->line, " message=\"no \\\"such\\\" thing\\x0d\\x0a\\xc3\\xa4 a=b \\\\\""));
    char text[600] = "fail:13:";
    memset(text + 8, 'x', 500);
    driver_call(&logged->driver, 3, "Say", text);
    assert_non_null(strstr(logged->line, "xxx…\""));
    assert_true(strlen(logged->line) < 600);
    memset(text + 8, '\x01', 500);   /* escaped it is four times as long, and still a line */
    driver_call(&logged->driver, 5, "Say", text);
    assert_true(strlen(logged->line) < 2000);
    assert_int_equal(logged->lines, 3);
    close_log(logged);
}

static void cancelled_calls_say_so(void **state)
{
    struct logged *logged = open_log(NULL, 0);
    driver_call(&logged->driver, 1, "Say", "hold");
    raw_rst(&logged->driver.client, 1, NGHTTP2_CANCEL);
    driver_pump(&logged->driver);
    assert_int_equal(logged->lines, 0);
    echo_service_finish_held(&logged->driver.echo, 0);
    driver_pump(&logged->driver);
    assert_string_equal(line_of(logged), "call method=test.Echo/Say status=CANCELLED duration_us= peer=memory:1 "
                                         "received=1/6 sent=0/0 cancelled");
    close_log(logged);
}

static void lines_are_limited_and_what_is_held_back_is_counted(void **state)
{
    struct logged *logged = open_log(NULL, 2);
    int32_t id = 1;
    for (int i = 0; i < 5; i++, id += 2)
        driver_call(&logged->driver, id, "Say", "hello");
    assert_int_equal(logged->lines, 2);
    driver_call(&logged->driver, id, "Say", "fail:13:x");   /* has an allowance of its own */
    assert_int_equal(logged->lines, 3);
    assert_non_null(strstr(logged->line, " held_back=3"));
    driver_advance(&logged->driver, 500);
    driver_call(&logged->driver, id + 2, "Say", "hello");
    assert_int_equal(logged->lines, 4);
    assert_null(strstr(logged->line, "held_back"));
    close_log(logged);
}

static void calls_that_went_well_may_be_left_out(void **state)
{
    struct logged *logged = calloc(1, sizeof(*logged));
    logged->failed_only = true;
    driver_open_with(&logged->driver, prepare, logged);
    driver_call(&logged->driver, 1, "Say", "hello");
    assert_int_equal(logged->lines, 0);
    driver_call(&logged->driver, 3, "Say", "fail:5:x");
    assert_int_equal(logged->lines, 1);
    close_log(logged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_a_line),
        cmocka_unit_test(it_says_who_and_in_which_trace),
        cmocka_unit_test(levels_follow_whose_fault_it_is),
        cmocka_unit_test(nobody_forges_a_line_or_a_field),
        cmocka_unit_test(cancelled_calls_say_so),
        cmocka_unit_test(calls_that_went_well_may_be_left_out),
        cmocka_unit_test(lines_are_limited_and_what_is_held_back_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

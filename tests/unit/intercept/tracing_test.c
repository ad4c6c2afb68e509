/* SPDX-License-Identifier: Apache-2.0 */

/* Checklist, server 27: W3C trace context passed on. Cases follow the W3C's own conformance list (traceparent and
 * tracestate: missing, versions, characters, lengths, duplicates, several headers). */

#include <mrpc/trace.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define PARENT "00-" TRACE "-" SPAN "-01"

static void server_27_traceparent_is_read_strictly(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        uint8_t flags;
    } rows[] = {
        {PARENT, true, 1},
        {"00-" TRACE "-" SPAN "-00", true, 0},
        {"00-" TRACE "-" SPAN "-02", true, 2},
        {"00-" TRACE "-" SPAN "-ff", true, 3},               /* bits that mean nothing yet are not passed on */
        {"cc-" TRACE "-" SPAN "-01", true, 1},
        {"cc-" TRACE "-" SPAN "-01-what-follows", true, 1},
        {"cc-" TRACE "-" SPAN "-01.what-follows", false, 0},
        {"ff-" TRACE "-" SPAN "-01", false, 0},
        {"00-" TRACE "-" SPAN "-01-what-follows", false, 0}, /* 00 has nothing behind it */
        {"00-" TRACE "-" SPAN "-01-", false, 0},
        {"00-" TRACE "-" SPAN "-0", false, 0},
        {"00-" TRACE "-" SPAN "-1x", false, 0},
        {"00-" TRACE "-" SPAN, false, 0},
        {".0-" TRACE "-" SPAN "-01", false, 0},
        {"0-" TRACE "-" SPAN "-01", false, 0},
        {"000-" TRACE "-" SPAN "-01", false, 0},
        {"00-00000000000000000000000000000000-" SPAN "-01", false, 0},
        {"00-" TRACE "-0000000000000000-01", false, 0},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false, 0},
        {"00-.bf92f3577b34da6a3ce929d0e0e4736-" SPAN "-01", false, 0},
        {"00-" TRACE "0-" SPAN "-01", false, 0},
        {"00-" TRACE "-" SPAN "0-01", false, 0},
        {"00_" TRACE "-" SPAN "-01", false, 0},
        {"", false, 0},
        {"00", false, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mrpc_trace trace = {.flags = 0x77};
        if (mrpc_trace_parse(rows[i].text, &trace) != rows[i].valid)
            fail_msg("%s", rows[i].text);
        assert_int_equal(trace.flags, rows[i].valid ? rows[i].flags : 0x77);
    }
    for (size_t size = 0; size < strlen(PARENT); size++) {   /* no byte beyond the end is looked at */
        char *cut = strndup(PARENT, size);
        struct mrpc_trace trace;
        assert_false(mrpc_trace_parse(cut, &trace));
        free(cut);
    }
}

/* k0=v,k1=v,… */
static char *members(size_t count)
{
    char *all = calloc(1, count * 16 + 1);
    for (size_t i = 0; i < count; i++)
        (void)sprintf(all + strlen(all), "%sk%zu=v", i > 0 ? "," : "", i);
    return all;
}

static void expect_state(const char *text, bool valid)
{
    if (mrpc_trace_state_valid(text) != valid)
        fail_msg("%s", text);
}

static void server_27_tracestate_is_read_strictly(void **state)
{
    static const char *const valid[] = {
        "", "foo=1", "foo=1,bar=2", " foo=1 \t,\tbar=2 ", "foo=1,,bar=2", ",", "foo=a b c", "foo= 1", "foo=!~",
        "a-z_0*9/=1", "fw529a3039@dt=1", "0t@v=1", "t@vendor-1234567=1", "foo=1,foo@v=1",
    };
    static const char *const invalid[] = {
        "foo", "=1", "foo=", "foo=  ", "foo=1=2", "Foo=1", "0foo=1", "_foo=1", "foo =1", "foo@=1", "@v=1", "foo@0v=1",
        "foo@v@w=1", "foo.bar=1", "foo=1,foo=1", "foo=1,bar=2,foo=3", "foo=\x7f", "foo=\xc3\xa4", "foo=1;bar=2=",
        "t@vendor-12345678=1",
    };
    for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++)
        expect_state(valid[i], true);
    for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++)
        expect_state(invalid[i], false);
    for (size_t count = 31; count <= 33; count++) {
        char *text = members(count);
        expect_state(text, count <= 32);
        free(text);
    }
    for (size_t size = 255; size <= 257; size++) {
        char key[300], value[300];
        memset(key, 'z', size);
        memcpy(key + size, "=1", 3);
        expect_state(key, size <= 256);
        memcpy(value, "k=", 2);
        memset(value + 2, 'v', size);
        value[2 + size] = '\0';
        expect_state(value, size <= 256);
    }
}

struct traced {
    struct session_driver driver;
    struct mrpc_tracing *tracing;
};

static void prepare(struct mrpc_server *server, void *arg)
{
    struct traced *traced = arg;
    assert_int_equal(mrpc_tracing_new(&traced->tracing), 0);
    assert_int_equal(mrpc_tracing_add_to_server(traced->tracing, server), 0);
}

static int set_up(void **state)
{
    struct traced *traced = calloc(1, sizeof(*traced));
    driver_open_with(&traced->driver, prepare, traced);
    *state = traced;
    return 0;
}

static int tear_down(void **state)
{
    struct traced *traced = *state;
    echo_service_finish_held(&traced->driver.echo, 0);
    driver_pump(&traced->driver);
    driver_close(&traced->driver);
    mrpc_tracing_free(traced->tracing);
    free(traced);
    return 0;
}

/* A call that is held, so that its trace can be looked at as its handler would. */
static const struct mrpc_trace *trace_of(struct traced *traced, int32_t id, const struct raw_field *fields,
                                         size_t count)
{
    struct session_driver *driver = &traced->driver;
    driver_headers(driver, id, "Say", fields, count);
    driver_message(driver, id, "hold", true);
    driver_pump(driver);
    return mrpc_call_trace(driver->echo.held[driver->echo.held_count - 1]);
}

static const char *passed_on(const struct mrpc_trace *trace, char *text)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct mrpc_metadata metadata = {.arena = arena};
    assert_int_equal(mrpc_trace_add(trace, &metadata), 0);
    const struct mrpc_metadatum *parent = mrpc_metadata_find(&metadata, "traceparent");
    const struct mrpc_metadatum *tracestate = mrpc_metadata_find(&metadata, "tracestate");
    (void)sprintf(text, "%s %s", parent->value, tracestate != NULL ? tracestate->value : "-");
    mrpc_arena_free(arena);
    return text;
}

static void server_27_a_trace_is_continued_and_passed_on(void **state)
{
    struct traced *traced = *state;
    const struct raw_field fields[] = {{"traceparent", PARENT}, {"tracestate", "a=1,b=2"}, {"tracestate", "c=3"}};
    const struct mrpc_trace *trace = trace_of(traced, 1, fields, 3);
    char text[256], own[MRPC_TRACEPARENT_BYTES];
    mrpc_trace_format(trace, own);
    assert_memory_equal(own, "00-" TRACE "-", 36);
    assert_memory_not_equal(own + 36, SPAN, 16);
    assert_string_equal(own + 52, "-01");
    assert_memory_equal(trace->parent_id, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8);
    char expected[256];
    (void)snprintf(expected, sizeof(expected), "%s a=1,b=2,c=3", own);
    assert_string_equal(passed_on(trace, text), expected);
    const struct mrpc_trace *second = trace_of(traced, 3, fields, 3);
    assert_memory_equal(second->trace_id, trace->trace_id, 16);
    assert_memory_not_equal(second->span_id, trace->span_id, 8);
}

static void server_27_what_is_malformed_starts_a_trace(void **state)
{
    struct traced *traced = *state;
    static const struct raw_field rows[][2] = {
        {{"tracestate", "a=1"}, {"x", "y"}},
        {{"traceparent", "00-" TRACE "-" SPAN "-0"}, {"tracestate", "a=1"}},
        {{"traceparent", PARENT}, {"traceparent", PARENT}},
    };
    uint8_t last[16] = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct mrpc_trace *trace = trace_of(traced, (int32_t)(2 * i + 1), rows[i], 2);
        char text[256];
        passed_on(trace, text);
        assert_null(strstr(text, TRACE));
        assert_string_equal(text + 52, "-02 -");
        struct mrpc_trace read;
        text[55] = '\0';
        assert_true(mrpc_trace_parse(text, &read));
        assert_memory_equal(trace->parent_id, "\0\0\0\0\0\0\0\0", 8);
        assert_memory_not_equal(trace->trace_id, last, 16);
        memcpy(last, trace->trace_id, 16);
    }
}

static void a_bad_tracestate_is_dropped_and_the_trace_continued(void **state)
{
    struct traced *traced = *state;
    const struct raw_field fields[] = {{"traceparent", PARENT}, {"tracestate", "a=1"}, {"tracestate", "a=2"}};
    const struct mrpc_trace *trace = trace_of(traced, 1, fields, 3);
    assert_memory_equal(trace->parent_id, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8);
    assert_string_equal(trace->state, "");
}

static void without_tracing_there_is_no_trace(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
    driver_call(driver, 1, "Say", "hold");
    assert_null(mrpc_call_trace(driver->echo.held[0]));
    echo_service_finish_held(&driver->echo, 0);
    driver_close(driver);
    free(driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_27_traceparent_is_read_strictly),
        cmocka_unit_test(server_27_tracestate_is_read_strictly),
        cmocka_unit_test_setup_teardown(server_27_a_trace_is_continued_and_passed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(server_27_what_is_malformed_starts_a_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_tracestate_is_dropped_and_the_trace_continued, set_up, tear_down),
        cmocka_unit_test(without_tracing_there_is_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

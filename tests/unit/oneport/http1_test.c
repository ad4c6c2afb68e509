/* SPDX-License-Identifier: Apache-2.0 */

/* HTTP/1.1 and web routes through a session in memory, whole and byte by byte. */

#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "web_driver.h"

#define HOST "Host: localhost\r\n"

static const size_t byte_by_byte = 1;

static int set_up(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    size_t piece = *state != NULL ? *(const size_t *)*state : 0;
    web_driver_open(driver, NULL);
    driver->piece = piece;
    *state = driver;
    return 0;
}

static int tear_down(void **state)
{
    struct web_driver *driver = *state;
    web_driver_close(driver);
    free(driver);
    return 0;
}

static void expect(struct web_driver *driver, const char *request, int status, const char *expected)
{
    web_driver_forget(driver);
    web_driver_say(driver, request);
    char *body = web_driver_body(driver, status, NULL);
    assert_string_equal(body, expected);
    free(body);
}

static void a_route_is_served_and_the_connection_kept(void **state)
{
    struct web_driver *driver = *state;
    for (int i = 0; i < 3; i++) {
        expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
        assert_string_equal(web_driver_header(driver, "content-type"), "text/plain");
        assert_string_equal(web_driver_header(driver, "content-length"), "6");
        assert_string_equal(web_driver_header(driver, "x-greeting"), "hi");
        assert_null(web_driver_header(driver, "connection"));
        assert_false(mrpc_session_finished(driver->session));
    }
    expect(driver, "GET /tree/a/../b?x=%20&y HTTP/1.1\r\n" HOST "X-Ask:  why \r\n\r\n", 200,
           "GET /tree/a/../b|x=%20&y|why|memory:1");
    assert_int_equal(driver->rejected[0], 0);
    assert_int_equal(driver->calls, 0);
}

static void the_connection_ends_when_asked(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200, "hello\n");
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    assert_true(mrpc_session_finished(driver->session));
}

static void http_1_0_is_served_and_closed(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "GET /stream HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", 200, "part part part ");
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    assert_null(web_driver_header(driver, "transfer-encoding"));
    assert_true(mrpc_session_finished(driver->session));
}

static void head_has_no_body(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(driver->out, "content-length: 6\r\n"));
    assert_string_equal(driver->out + driver->out_bytes - 4, "\r\n\r\n");
    web_driver_forget(driver);
    web_driver_say(driver, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
    assert_null(web_driver_header(driver, "transfer-encoding"));
    assert_string_equal(driver->out + driver->out_bytes - 4, "\r\n\r\n");
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
    web_driver_forget(driver);
    web_driver_say(driver, "HEAD /nothing HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(strncmp(driver->out, "HTTP/1.1 405 ", 13), 0);
    assert_string_equal(driver->out + driver->out_bytes - 4, "\r\n\r\n");
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
}

static void no_content_has_no_length(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "DELETE /thing HTTP/1.1\r\n" HOST "\r\n", 204, "");
    assert_null(web_driver_header(driver, "content-length"));
    assert_null(web_driver_header(driver, "transfer-encoding"));
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
}

static void bodies_come_counted_or_in_chunks(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "POST /echo HTTP/1.1\r\n" HOST "Content-Type: text/x\r\nContent-Length: 5\r\n\r\nabcde", 200,
           "abcde");
    assert_string_equal(web_driver_header(driver, "content-type"), "text/x");
    expect(driver,
           "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200,
           "abcde");
    expect(driver, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, "");
    expect(driver, "POST /echo HTTP/1.1\r\n" HOST "\r\n", 200, "");
    assert_int_equal(driver->handled, 4);
    assert_false(mrpc_session_finished(driver->session));
}

static void a_body_over_its_limit_is_413(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 8\r\n\r\n12345678", 200, "12345678");
    web_driver_forget(driver);
    web_driver_say(driver, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 20\r\n\r\n1234567890");
    free(web_driver_body(driver, 413, NULL));
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver->handled, 1);
    assert_string_equal(driver->rejected, "body_limit ");
}

static void continue_is_said_to_who_expects_it(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_string_equal(driver->out, "HTTP/1.1 100 Continue\r\n\r\n");
    expect(driver, "ok", 200, "ok");
    web_driver_forget(driver);
    web_driver_say(driver, "POST /nowhere HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    free(web_driver_body(driver, 415, NULL));
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    assert_true(mrpc_session_finished(driver->session));
}

static void requests_sent_ahead_are_answered_in_order(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"
                           "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
    assert_int_equal(driver->out_bytes, 0);
    assert_int_equal(driver->handled, 0);
    web_driver_answer(driver, "late");
    web_driver_take(driver);
    const char *late = strstr(driver->out, "\r\n\r\nlate"), *hello = strstr(driver->out, "\r\n\r\nhello\n");
    assert_non_null(late);
    assert_true(hello > late);
    assert_true(strstr(driver->out, "\r\n\r\nabc") > hello);
}

static void what_is_sent_ahead_is_bounded(void **state)
{
    struct web_driver *driver = *state;
    static char much[70000];
    web_driver_say(driver, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    assert_true(mrpc_session_want_read(driver->session));
    memset(much, 'x', sizeof(much));
    driver->piece = 1000;
    web_driver_send(driver, much, 60000);
    assert_true(mrpc_session_want_read(driver->session));
    web_driver_send(driver, much, 10000);
    assert_false(mrpc_session_want_read(driver->session));
}

static void an_answer_in_parts_goes_in_chunks(void **state)
{
    struct web_driver *driver = *state;
    size_t size;
    web_driver_say(driver, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    char *body = web_driver_body(driver, 200, &size);
    assert_string_equal(web_driver_header(driver, "transfer-encoding"), "chunked");
    assert_int_equal(size, 1000000);
    free(body);
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
}

static void what_no_route_serves_is_refused_by_grpcs_rules(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 405, "gRPC calls are POST requests\n");
    expect(driver, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405, "gRPC calls are POST requests\n");
    expect(driver, "POST /test.Echo/Say HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 415,
           "the content-type of a gRPC call is application/grpc\n");
    expect(driver,
           "POST /test.Echo/Say HTTP/1.1\r\n" HOST
           "Content-Type: application/grpc\r\nContent-Length: 5\r\n\r\n\1\1\1\1\1",
           505, "gRPC needs HTTP/2; HTTP/1.1 carries gRPC-Web\n");
    expect(driver, "PUT /hello HTTP/1.1\r\n" HOST "\r\n", 405, "this path is not for that method\n");
    assert_string_equal(web_driver_header(driver, "allow"), "GET, HEAD");
    assert_false(mrpc_session_finished(driver->session));
    assert_int_equal(driver->echo.said, 0);
}

static void what_is_refused_is_waited_for_only_if_it_is_short(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 65536\r\n\r\n");
    assert_int_equal(driver->out_bytes, 0);
    static char body[65537];
    memset(body, 'x', 65536);
    web_driver_say(driver, body);
    free(web_driver_body(driver, 415, NULL));
    assert_false(mrpc_session_finished(driver->session));
    web_driver_forget(driver);
    web_driver_say(driver, "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n");
    free(web_driver_body(driver, 415, NULL));
    assert_true(mrpc_session_finished(driver->session));
}

static void malformed_requests_are_answered_and_closed(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *word;
    } cases[] = {
        {"GET /hello HTTP/1.1\nHost: localhost\n\n", 400, "http1_malformed "},
        {"GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400, "http1_malformed "},
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
         "http1_malformed "},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501, "http1_malformed "},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "http1_malformed "},
        {"GET /hello HTTP/1.9\r\n" HOST "\r\n", 505, "http1_malformed "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct web_driver *driver = calloc(1, sizeof(*driver));
        web_driver_open(driver, NULL);
        driver->piece = i % 2;
        web_driver_say(driver, cases[i].request);
        free(web_driver_body(driver, cases[i].status, NULL));
        assert_string_equal(web_driver_header(driver, "connection"), "close");
        assert_true(mrpc_session_finished(driver->session));
        assert_string_equal(driver->rejected, cases[i].word);
        assert_int_equal(driver->handled, 0);
        web_driver_close(driver);
        free(driver);
    }
}

static void long_heads_are_431(void **state)
{
    struct web_driver *driver = *state;
    static char long_value[20000];
    memset(long_value, 'x', sizeof(long_value) - 1);
    web_driver_say(driver, "GET /hello HTTP/1.1\r\n" HOST "X: ");
    driver->piece = 1000;
    web_driver_say(driver, long_value);
    free(web_driver_body(driver, 431, NULL));
    assert_true(mrpc_session_finished(driver->session));
    assert_string_equal(driver->rejected, "header_list ");
}

static void slow_requests_end_by_the_clock(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "GET /hello HTTP/1.1\r\n");
    web_driver_advance(driver, 9000);
    web_driver_say(driver, "Host: loc");   /* bytes do not move the limit */
    assert_int_equal(driver->out_bytes, 0);
    web_driver_advance(driver, 1000);
    free(web_driver_body(driver, 408, NULL));
    assert_true(mrpc_session_finished(driver->session));
}

static void slow_bodies_end_by_the_clock(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    const struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .message_timeout_ms = 25000};
    web_driver_open(driver, &(struct web_driver_options){.limits = &limits});
    web_driver_say(driver, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        assert_false(mrpc_session_finished(driver->session));
        web_driver_say(driver, "x");
        web_driver_advance(driver, 5000);
    }
    free(web_driver_body(driver, 408, NULL));
    assert_true(mrpc_session_finished(driver->session));
    web_driver_close(driver);
    web_driver_open(driver, NULL);
    web_driver_say(driver, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n00000");
    web_driver_advance(driver, 30000);
    free(web_driver_body(driver, 408, NULL));
    assert_true(mrpc_session_finished(driver->session));
    assert_string_equal(driver->rejected, "first_message_timeout ");
    assert_int_equal(driver->handled, 0);
    web_driver_close(driver);
    free(driver);
}

static void an_idle_connection_is_closed(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
    web_driver_forget(driver);
    web_driver_advance(driver, 59999);
    assert_false(mrpc_session_finished(driver->session));
    web_driver_advance(driver, 1);
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver->out_bytes, 0);
}

static void a_held_request_has_no_clock_but_its_own(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    web_driver_advance(driver, 600000);
    assert_int_equal(driver->cancelled, 0);
    web_driver_answer(driver, "late");
    web_driver_take(driver);
    free(web_driver_body(driver, 200, NULL));
    web_driver_forget(driver);
    web_driver_say(driver, "GET /timed HTTP/1.1\r\n" HOST "\r\n");
    web_driver_advance(driver, 2000);
    free(web_driver_body(driver, 504, NULL));
    assert_int_equal(driver->cancelled, 1);
    web_driver_answer(driver, "too late");
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
}

static void who_leaves_cancels(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    mrpc_session_free(driver->session);
    driver->session = NULL;
    assert_int_equal(driver->cancelled, 1);
    assert_true(mrpc_web_cancelled(driver->held));
    assert_int_equal(mrpc_web_send(driver->held, "x", 1), MRPC_ERR_DONE);
}

static void a_drain_ends_after_what_is_under_way(void **state)
{
    struct web_driver *driver = *state;
    web_driver_say(driver, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    mrpc_session_drain(driver->session, driver->now_ms);
    web_driver_take(driver);
    assert_false(mrpc_session_finished(driver->session));
    web_driver_answer(driver, "late");
    web_driver_take(driver);
    char *body = web_driver_body(driver, 200, NULL);
    assert_string_equal(body, "late");
    free(body);
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    assert_true(mrpc_session_finished(driver->session));
}

static void an_idle_connection_is_drained_at_once(void **state)
{
    struct web_driver *driver = *state;
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
    mrpc_session_drain(driver->session, driver->now_ms);
    assert_true(mrpc_session_finished(driver->session));
}

static void what_tls_agreed_on_is_held_to(void **state)
{
    const struct web_driver_options http1 = {.protocol = MRPC_PROTOCOL_HTTP1},
                                    http2 = {.protocol = MRPC_PROTOCOL_HTTP2};
    struct web_driver *driver = calloc(1, sizeof(*driver));
    web_driver_open(driver, &http1);
    web_driver_say(driver, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    free(web_driver_body(driver, 505, NULL));
    assert_true(mrpc_session_finished(driver->session));
    web_driver_close(driver);
    web_driver_open(driver, &http1);
    expect(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "hello\n");
    web_driver_close(driver);
    web_driver_open(driver, &http2);
    web_driver_say(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver->handled, 0);
    assert_string_equal(driver->rejected, "http1 ");
    web_driver_close(driver);
    free(driver);
}

static void too_much_under_way_is_503(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    const struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .concurrent_streams = 1};
    web_driver_open(driver, &(struct web_driver_options){.limits = &limits});
    web_driver_say(driver, "GET /timed HTTP/1.1\r\n" HOST "\r\n");
    web_driver_advance(driver, 2000);
    web_driver_forget(driver);   /* it was answered, but its handler is still at work */
    web_driver_say(driver, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    free(web_driver_body(driver, 503, NULL));
    assert_true(mrpc_session_finished(driver->session));
    web_driver_close(driver);
    free(driver);
}

#define BOTH(test)                                                                                                     \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down),                                                          \
        cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, (void *)(uintptr_t)&byte_by_byte)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_route_is_served_and_the_connection_kept),
        BOTH(the_connection_ends_when_asked),
        BOTH(http_1_0_is_served_and_closed),
        BOTH(head_has_no_body),
        BOTH(no_content_has_no_length),
        BOTH(bodies_come_counted_or_in_chunks),
        BOTH(a_body_over_its_limit_is_413),
        BOTH(continue_is_said_to_who_expects_it),
        BOTH(requests_sent_ahead_are_answered_in_order),
        BOTH(what_is_sent_ahead_is_bounded),
        BOTH(an_answer_in_parts_goes_in_chunks),
        BOTH(what_no_route_serves_is_refused_by_grpcs_rules),
        BOTH(what_is_refused_is_waited_for_only_if_it_is_short),
        cmocka_unit_test(malformed_requests_are_answered_and_closed),
        BOTH(long_heads_are_431),
        BOTH(slow_requests_end_by_the_clock),
        cmocka_unit_test(slow_bodies_end_by_the_clock),
        BOTH(an_idle_connection_is_closed),
        BOTH(a_held_request_has_no_clock_but_its_own),
        BOTH(who_leaves_cancels),
        BOTH(a_drain_ends_after_what_is_under_way),
        BOTH(an_idle_connection_is_drained_at_once),
        cmocka_unit_test(what_tls_agreed_on_is_held_to),
        cmocka_unit_test(too_much_under_way_is_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

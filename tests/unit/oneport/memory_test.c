/* SPDX-License-Identifier: Apache-2.0 */

/* Requests over HTTP/1.1 while the i-th allocation fails, for every i: what is said is whole answers or nothing, and no
 * call is left. A sanitizer sees what is lost. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "test.h"
#include "web_driver.h"

#define HOST "Host: localhost\r\n"
#define ATTEMPTS_MAX 2000

/* The driver keeps what was said in memory of its own; here the memory that fails is the session's alone. */
static void take(struct web_driver *driver, char *said, size_t size)
{
    struct iovec pieces[8];
    int count;
    size_t used = strlen(said);
    while ((count = mrpc_session_output(driver->session, pieces, 8)) > 0) {
        size_t taken = 0;
        for (int i = 0; i < count; i++) {
            assert_true(used + pieces[i].iov_len < size);
            memcpy(said + used, pieces[i].iov_base, pieces[i].iov_len);
            used += pieces[i].iov_len;
            taken += pieces[i].iov_len;
        }
        said[used] = '\0';
        mrpc_session_consume(driver->session, driver->now_ms, taken);
    }
}

/* Returns false once nothing has failed. */
static bool attempt(const char *request, size_t request_bytes, size_t nth, char *said, size_t size)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    web_driver_open(driver, NULL);
    said[0] = '\0';
    failing_malloc_at(nth, 0);
    mrpc_session_receive(driver->session, driver->now_ms, request, request_bytes);
    mrpc_session_host_process(driver->host, driver->now_ms);
    take(driver, said, size);
    bool failed = failing_malloc_calls() >= nth;
    failing_malloc_at(0, 0);
    web_driver_close(driver);
    free(driver);
    return failed;
}

static void survives(const char *request, size_t request_bytes, const char *end)
{
    static char said[65536];
    size_t nth = 1, failures = 0;
    while (attempt(request, request_bytes, nth, said, sizeof(said))) {
        assert_true(said[0] == '\0' || strncmp(said, "HTTP/1.1 ", 9) == 0);
        failures++;
        assert_true(++nth < ATTEMPTS_MAX);
    }
    assert_true(failures > 3);
    assert_non_null(memmem(said, sizeof(said), end, strlen(end)));
}

static void web_requests(void **state)
{
    static const char request[] =
        "GET /tree/a?b HTTP/1.1\r\n" HOST "X-Ask: why\r\n\r\n"
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        "GET /stream HTTP/1.1\r\n" HOST "\r\nPUT /hello HTTP/1.1\r\n" HOST "\r\n";
    survives(request, sizeof(request) - 1, "this path is not for that method\n");
}

static void grpc_web_calls(void **state)
{
    static const char head[] =
        "POST /test.Echo/Say HTTP/1.1\r\n" HOST "X-Custom-Bin: AAEC\r\nContent-Type: application/grpc-web";
    char request[512];
    int used = snprintf(request, sizeof(request), "%s\r\nContent-Length: 9\r\n\r\n", head);
    memcpy(request + used, "\0\0\0\0\4\x0a\2hi", 9);
    used += 9;
    used += snprintf(request + used, sizeof(request) - (size_t)used,
                     "%s-text\r\nContent-Length: 12\r\n\r\nAAAAAAQKAmhp", head);
    survives(request, (size_t)used, "gAAAABBncnBjLXN0YXR1czogMA0K");   /* the trailers in base64 */
}

/* A message, an error with details, a GET, and a stream whose last frame is JSON. */
static void connect_calls(void **state)
{
    static const char request[] =
        "POST /test.Echo/Say HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 4\r\n\r\n\"hi\""
        "POST /test.Echo/Say HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n\"details\""
        "POST /test.Echo/Say HTTP/1.1\r\n" HOST
        "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n\"trailers:1\""
        "GET /test.Echo/Ask?encoding=json&base64=1&message=ImhpIg HTTP/1.1\r\n" HOST "\r\n"
        "POST /test.Echo/Split HTTP/1.1\r\n" HOST "Content-Type: application/connect+json\r\nContent-Length: 10\r\n\r\n"
        "\0\0\0\0\5\"2:1\"";
    survives(request, sizeof(request) - 1, "\2\0\0\0\2{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(web_requests),
        cmocka_unit_test(grpc_web_calls),
        cmocka_unit_test(connect_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

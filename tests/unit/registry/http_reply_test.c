/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "registry/checks/http_reply.h"
#include "test.h"

static char body[HTTP_REPLY_BODY_MAX];

/* @cut bytes at a time; returns how many belong to the reply. */
static size_t read_all(struct http_reply *reply, const char *text, size_t cut)
{
    size_t size = strlen(text), at = 0;
    *reply = (struct http_reply){.body = body, .body_room = sizeof body};
    while (at < size) {
        size_t piece = size - at < cut ? size - at : cut, used = http_reply_read(reply, text + at, piece);
        at += used;
        if (used < piece)
            break;
    }
    return at;
}

/* The whole, byte by byte, and in threes. */
static void assert_read(const char *text, int status, const char *wanted, bool keeps_open, size_t used)
{
    static const size_t cuts[] = {100000, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        struct http_reply reply;
        assert_int_equal(read_all(&reply, text, cuts[i]), used);
        assert_int_equal(reply.state, HTTP_REPLY_DONE);
        assert_int_equal(reply.status, status);
        assert_int_equal(reply.keeps_open, keeps_open);
        assert_int_equal(reply.body_bytes, strlen(wanted));
        assert_memory_equal(reply.body, wanted, strlen(wanted));
    }
}

static void assert_bad(const char *text, const char *error)
{
    static const size_t cuts[] = {100000, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        struct http_reply reply;
        read_all(&reply, text, cuts[i]);
        http_reply_end(&reply);
        if (reply.state != HTTP_REPLY_BAD || !strstr(reply.error, error))
            fail_msg("\"%.40s\": state %d, %s", text, reply.state, reply.error ? reply.error : "");
    }
}

static void replies_are_read_to_their_end(void **state)
{
    assert_read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true, 40);
    assert_read("HTTP/1.1 200 OK\nContent-Length: 2\n\nokHTTP", 200, "ok", true, 37);
    assert_read("HTTP/1.1 204 \r\n\r\n", 204, "", true, 17);
    assert_read("HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n", 304, "", true, 35);
    assert_read("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false, 40);
    assert_read("HTTP/1.1 200 OK\r\nCONNECTION: x, Close\r\nContent-Length: 0\r\n\r\n", 200, "", false, 60);
    assert_read("HTTP/1.1 100 C\r\nA: b\r\n\r\nHTTP/1.1 500 E\r\nContent-Length: 1\r\n\r\n.", 500, ".", true, 62);
    assert_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA;q\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", 200,
                "0123456789x", true, 75);
}

static void body_without_a_length_ends_with_the_connection(void **state)
{
    struct http_reply reply;
    read_all(&reply, "HTTP/1.1 200 OK\r\n\r\nall of it", 1);
    assert_int_equal(reply.state, HTTP_REPLY_BODY);
    http_reply_end(&reply);
    assert_int_equal(reply.state, HTTP_REPLY_DONE);
    assert_int_equal(reply.body_bytes, 9);
    assert_false(reply.keeps_open);
}

static void what_is_wrong_is_said(void **state)
{
    assert_bad("SSH-2.0-x\r\n", "bad status line");
    assert_bad("HTTP/1.1 20 OK\r\n", "bad status line");
    assert_bad("HTTP/1.1 101 Switching\r\n\r\n", "status 101");
    assert_bad("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad Content-Length");
    assert_bad("HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", "bad Content-Length");
    assert_bad("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "bad Content-Length");
    assert_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "bad chunk size");
    assert_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1111111111111111\r\n", "bad chunk size");
    assert_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "bad chunk");
    assert_bad("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "closed early");
    assert_bad("HTTP/1.1 200 OK\r\n", "closed early");
    assert_bad("", "closed early");
}

static void body_is_kept_as_far_as_there_is_room(void **state)
{
    static char text[64 + 10000];
    int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
    memset(text + head, 'x', 10000);
    text[head + 10000] = '\0';
    struct http_reply reply;
    assert_int_equal(read_all(&reply, text, 7), head + 10000);
    assert_int_equal(reply.state, HTTP_REPLY_DONE);
    assert_int_equal(reply.body_bytes, HTTP_REPLY_BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read_to_their_end),
        cmocka_unit_test(body_without_a_length_ends_with_the_connection),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(body_is_kept_as_far_as_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Request heads, whole and byte by byte: what is taken, and the table of those that two readers might read
 * differently. */

#include <stdlib.h>
#include <string.h>

#include "http1/head.h"
#include "test.h"

/* Scan in pieces of @piece bytes, then parse. Returns the status, 0 when it is a head, -1 when it is not whole, -2 when
 * its line ends are bad. */
static int read_head(const char *text, size_t size, size_t piece, struct http1_head *head, char **bytes)
{
    struct http1_scan scan = {0};
    size_t at = 0;
    int got = 0;
    *bytes = malloc(size + 1);   /* exactly so long: a sanitizer sees a byte read beyond */
    memcpy(*bytes, text, size);
    while (got == 0 && at < size) {
        size_t used, n = piece < size - at ? piece : size - at;
        got = mrpc_http1_scan(&scan, (const uint8_t *)*bytes + at, n, &used);
        if (got >= 0)
            at += used;
    }
    if (got < 0)
        return -2;
    if (got == 0)
        return -1;
    const char *why;
    return mrpc_http1_head_parse(*bytes, at, head, &why);
}

static void expect_status(const char *name, const char *text, int expected)
{
    size_t size = strlen(text);
    for (size_t piece = 1; piece <= size; piece = piece == 1 ? 7 : piece == 7 ? size : size + 1) {
        struct http1_head head;
        char *bytes;
        int status = read_head(text, size, piece, &head, &bytes);
        if (status != expected)
            fail_msg("%s in pieces of %zu: %d, expected %d", name, piece, status, expected);
        free(bytes);
    }
}

static void assert_text(struct http1_text text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST

static void a_head_gives_its_parts(void **state)
{
    static const char text[] = "POST /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\nX-Name:  two words \t\r\n"
                               "Content-Length: 12\r\nEmpty:\r\nExpect: 100-Continue\r\n\r\nbody";
    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        struct http1_head head;
        char *bytes;
        assert_int_equal(read_head(text, sizeof(text) - 1, piece, &head, &bytes), 0);
        assert_text(head.method, "POST");
        assert_text(head.target, "/a/b?c=d");
        assert_text(head.authority, "example.com:80");
        assert_int_equal(head.minor, 1);
        assert_true(head.has_length && head.length == 12 && !head.chunked && !head.close && head.expects_continue);
        assert_int_equal(head.field_count, 5);
        assert_text(head.fields[1].name, "x-name");
        assert_text(head.fields[1].value, "two words");
        assert_text(head.fields[3].name, "empty");
        assert_text(head.fields[3].value, "");
        free(bytes);
    }
}

static void an_absolute_target_names_the_host(void **state)
{
    struct http1_head head;
    char *bytes;
    static const char text[] = "GET http://other.example:8080/x?y HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(read_head(text, sizeof(text) - 1, 64, &head, &bytes), 0);
    assert_text(head.authority, "other.example:8080");
    assert_text(head.target, "/x?y");
    free(bytes);
    static const char bare[] = "OPTIONS https://other.example HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(read_head(bare, sizeof(bare) - 1, 64, &head, &bytes), 0);
    assert_text(head.authority, "other.example");
    assert_text(head.target, "/");
    free(bytes);
}

static void the_connection_says_whether_it_goes_on(void **state)
{
    static const struct {
        const char *text;
        bool close;
    } cases[] = {
        {GET "\r\n", false},
        {GET "Connection: close\r\n\r\n", true},
        {GET "Connection: keep-alive, Close\r\n\r\n", true},
        {GET "Connection: keep-alive\r\nConnection: x,\tclose\r\n\r\n", true},
        {GET "Connection: closed\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct http1_head head;
        char *bytes;
        assert_int_equal(read_head(cases[i].text, strlen(cases[i].text), 1, &head, &bytes), 0);
        assert_int_equal(head.close, cases[i].close);
        free(bytes);
    }
}

static void the_smuggling_table(void **state)
{
    static const struct {
        const char *name, *text;
        int status;
    } cases[] = {
        {"plain", GET "\r\n", 0},
        {"length", POST "Content-Length: 3\r\n\r\n", 0},
        {"chunked", POST "Transfer-Encoding: chunked\r\n\r\n", 0},
        {"chunked in capitals", POST "TRANSFER-ENCODING:\tCHUNKED\r\n\r\n", 0},
        {"not whole", GET "\r", -1},
        {"nothing", "", -1},
        {"both lengths", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"both lengths, turned round", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
        {"two lengths", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
        {"the same length twice", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
        {"a list of lengths", POST "Content-Length: 3, 3\r\n\r\n", 400},
        {"a length with a sign", POST "Content-Length: +3\r\n\r\n", 400},
        {"a negative length", POST "Content-Length: -3\r\n\r\n", 400},
        {"a length in hexadecimal", POST "Content-Length: 0x3\r\n\r\n", 400},
        {"a length with a blank", POST "Content-Length: 3 3\r\n\r\n", 400},
        {"no length", POST "Content-Length:\r\n\r\n", 400},
        {"a length that overflows", POST "Content-Length: 18446744073709551617\r\n\r\n", 400},
        {"two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"chunked, identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
        {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", 501},
        {"chunked with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501},
        {"chunked with a form feed", POST "Transfer-Encoding: \fchunked\r\n\r\n", -2},
        {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"a blank before the colon", POST "Content-Length : 3\r\n\r\n", 400},
        {"a tab before the colon", POST "Transfer-Encoding\t: chunked\r\n\r\n", 400},
        {"a blank in a name", GET "a b: c\r\n\r\n", 400},
        {"no name", GET ": c\r\n\r\n", 400},
        {"no colon", GET "abc\r\n\r\n", 400},
        {"a folded line", GET "X: 1\r\n 2\r\n\r\n", 400},
        {"a folded line with a tab", GET "X: 1\r\n\t2\r\n\r\n", 400},
        {"a folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", -2},
        {"bare LF at the end", GET "\n", -2},
        {"bare CR", GET "X: a\rb\r\n\r\n", -2},
        {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", -2},
        {"a control character", GET "X: \x01\r\n\r\n", -2},
        {"DEL", GET "X: \x7f\r\n\r\n", -2},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", GET "Host: b\r\n\r\n", 400},
        {"the same Host twice", GET HOST "\r\n", 400},
        {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
        {"a Host list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"absolute without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"absolute with a user", "GET http://u@b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"another scheme", "GET ftp://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a tab for a blank", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a leading blank", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a leading empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"bytes over 0x7e in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"HTTP/0.9", "GET /\r\nHost: a\r\n\r\n", 400},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n", 505},
        {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        {"http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"another protocol", "GET / RTSP/1.1\r\nHost: a\r\n\r\n", 400},
        {"an expectation", POST "Expect: 200-ok\r\n\r\n", 417},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        expect_status(cases[i].name, cases[i].text, cases[i].status);
}

static void a_nul_is_no_part_of_a_head(void **state)
{
    struct http1_head head;
    char *bytes;
    assert_int_equal(read_head("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29, 64, &head, &bytes), -2);
    free(bytes);
}

static void fields_are_counted(void **state)
{
    char text[4096] = GET;
    for (int i = 1; i < HTTP1_FIELDS_MAX; i++)
        strcat(text, "x: y\r\n");
    size_t size = strlen(text);
    strcpy(text + size, "\r\n");
    expect_status("as many as there may be", text, 0);
    strcpy(text + size, "x: y\r\n\r\n");
    expect_status("one more", text, 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_gives_its_parts),
        cmocka_unit_test(an_absolute_target_names_the_host),
        cmocka_unit_test(the_connection_says_whether_it_goes_on),
        cmocka_unit_test(the_smuggling_table),
        cmocka_unit_test(a_nul_is_no_part_of_a_head),
        cmocka_unit_test(fields_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

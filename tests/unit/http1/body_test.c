/* SPDX-License-Identifier: Apache-2.0 */

/* Request bodies, whole and byte by byte. */

#include <stdlib.h>
#include <string.h>

#include "http1/body.h"
#include "test.h"

#include <mrpc/error.h>

struct read {
    char payload[512];
    size_t payload_bytes;
    size_t taken;
    int result;   /* 1: done, 0: needs more, -1: malformed */
};

static struct read read_body(const struct http1_head *head, const char *text, size_t piece)
{
    struct read read = {0};
    struct http1_body body;
    size_t size = strlen(text);
    mrpc_http1_body_begin(&body, head);
    while (read.result == 0 && read.taken < size) {
        size_t n = piece < size - read.taken ? piece : size - read.taken, left = n, part_bytes;
        uint8_t *copy = malloc(n);
        memcpy(copy, text + read.taken, n);
        const uint8_t *at = copy, *part;
        int got;
        while ((got = mrpc_http1_body_feed(&body, &at, &left, &part, &part_bytes)) > 0) {
            memcpy(read.payload + read.payload_bytes, part, part_bytes);
            read.payload_bytes += part_bytes;
        }
        read.taken += n - left;
        read.result = got < 0 ? -1 : body.state == BODY_DONE;
        free(copy);
    }
    return read;
}

static void expect(const struct http1_head *head, const char *text, int result, const char *payload, size_t taken)
{
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        struct read read = read_body(head, text, piece);
        if (read.result != result || (result >= 0 && (read.payload_bytes != strlen(payload) || read.taken != taken ||
                                                      memcmp(read.payload, payload, read.payload_bytes) != 0)))
            fail_msg("%s in pieces of %zu: %d, \"%.*s\", %zu taken", text, piece, read.result, (int)read.payload_bytes,
                     read.payload, read.taken);
    }
}

static const struct http1_head chunked = {.chunked = true};

static void a_counted_body_ends_where_it_says(void **state)
{
    const struct http1_head head = {.has_length = true, .length = 5};
    expect(&head, "hellomore", 1, "hello", 5);
    expect(&head, "hell", 0, "hell", 4);
}

static void chunks_are_joined(void **state)
{
    expect(&chunked, "5\r\nhello\r\n0\r\n\r\nnext", 1, "hello", 15);
    expect(&chunked, "1\r\na\r\n00A\r\n0123456789\r\n0\r\n\r\n", 1, "a0123456789", 28);
    expect(&chunked, "0\r\n\r\n", 1, "", 5);
    expect(&chunked, "3;name=value;x\r\nabc\r\n0;y\r\n\r\n", 1, "abc", 28);
    expect(&chunked, "3\r\nabc\r\n0\r\nTrailer: x\r\nAnother: y\r\n\r\n", 1, "abc", 37);
    expect(&chunked, "3\r\nabc\r\n", 0, "abc", 8);
    expect(&chunked, "0\r\n\r", 0, "", 4);
}

static void bad_chunks_are_refused(void **state)
{
    static const char *const bad[] = {
        "\r\n",                  /* no size */
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "1 ;x\r\na\r\n",
        "1\na\n0\n\n",           /* bare LF */
        "1\r\na\n0\r\n\r\n",
        "1\r\nab\r\n",           /* longer than its size */
        "2\r\na\r\n0\r\n\r\n",   /* shorter */
        "1;\n\r\na\r\n",         /* LF in an extension */
        "1;\x01\r\na\r\n",
        "1\r\ra",
        "0\r\nTrailer: x\n\r\n", /* LF in the trailers */
        "0\r\n\n",
        "10000000000000000\r\n", /* more digits than a size has */
        "fffffffffffffffff\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        expect(&chunked, bad[i], -1, "", 0);
}

static void what_is_ignored_is_bounded(void **state)
{
    static char text[3 * 8192];
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "1;", 2);
    assert_int_equal(read_body(&chunked, text, sizeof(text)).result, -1);
    memcpy(text, "0\r\n", 3);
    assert_int_equal(read_body(&chunked, text, sizeof(text)).result, -1);
    /* Many chunks with short extensions are no way round it. */
    text[0] = '\0';
    for (int i = 0; i < 1200; i++)
        strcat(text, "1;xxxxxxxx\r\na\r\n");
    struct http1_body body;
    mrpc_http1_body_begin(&body, &chunked);
    const uint8_t *at = (const uint8_t *)text, *piece;
    size_t size = strlen(text), piece_bytes;
    int got;
    while ((got = mrpc_http1_body_feed(&body, &at, &size, &piece, &piece_bytes)) > 0)
        continue;
    assert_int_equal(got, MRPC_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counted_body_ends_where_it_says),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(bad_chunks_are_refused),
        cmocka_unit_test(what_is_ignored_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

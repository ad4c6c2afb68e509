/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#include "failing_malloc.h"
#include "wire/assembler.h"
#include "wire/compress.h"
#include "wire/frame.h"

#define LIMIT ((size_t)4 << 20)

/* Messages that came out, one behind the other, each with a length byte in front. */
struct collected {
    struct mrpc_buffer bytes;
    size_t count;
};

/* The bytes are copied to the heap in their exact size, so that AddressSanitizer sees reads beyond them, and freed
 * after, so that it sees a message kept too long. */
static int feed(struct mrpc_assembler *assembler, const uint8_t *bytes, size_t size, struct collected *collected)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    const uint8_t *at = copy, *message;
    size_t message_bytes;
    int got;
    while ((got = mrpc_assembler_feed(assembler, &at, &size, &message, &message_bytes)) > 0) {
        assert_non_null(message);
        uint8_t length = (uint8_t)message_bytes;
        assert_int_equal(mrpc_buffer_append(&collected->bytes, &length, 1), 0);
        assert_int_equal(mrpc_buffer_append(&collected->bytes, message, message_bytes), 0);
        collected->count++;
    }
    if (got == 0)
        assert_int_equal(size, 0);
    free(copy);
    return got;
}

/* Three messages: plain, empty, compressed. */
static struct mrpc_buffer three_messages(enum mrpc_encoding encoding)
{
    struct mrpc_buffer stream = {0};
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(mrpc_frame_bytes("hello", 5, MRPC_ENCODING_IDENTITY, 0, &stream), 0);
    assert_int_equal(mrpc_frame_bytes("", 0, encoding, 0, &stream), 0);
    assert_int_equal(mrpc_frame_bytes(text, sizeof(text) - 1, encoding, 0, &stream), 0);
    return stream;
}

static void check_three(const struct collected *collected)
{
    static const char expected[] = "\5hello\0\x40"
                                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(collected->count, 3);
    assert_int_equal(mrpc_buffer_size(&collected->bytes), sizeof(expected) - 1);
    assert_memory_equal(mrpc_buffer_bytes(&collected->bytes), expected, sizeof(expected) - 1);
}

static void G05_a_split_at_every_offset_gives_the_same_messages(void **state)
{
    static const enum mrpc_encoding encodings[] = {MRPC_ENCODING_IDENTITY, MRPC_ENCODING_GZIP, MRPC_ENCODING_DEFLATE};
    for (size_t e = 0; e < 3; e++) {
        struct mrpc_buffer stream = three_messages(encodings[e]);
        const uint8_t *bytes = mrpc_buffer_bytes(&stream);
        size_t size = mrpc_buffer_size(&stream);
        for (size_t first = 0; first <= size; first++) {
            for (size_t second = first; second <= size; second += 3) {
                struct mrpc_assembler assembler;
                struct collected collected = {0};
                mrpc_assembler_init(&assembler, LIMIT, encodings[e]);
                assert_int_equal(feed(&assembler, bytes, first, &collected), 0);
                assert_int_equal(feed(&assembler, bytes + first, second - first, &collected), 0);
                assert_int_equal(feed(&assembler, bytes + second, size - second, &collected), 0);
                assert_true(mrpc_assembler_at_boundary(&assembler));
                check_three(&collected);
                mrpc_assembler_fini(&assembler);
                mrpc_buffer_fini(&collected.bytes);
            }
        }
        mrpc_buffer_fini(&stream);
    }
}

static void G03_only_between_messages_is_a_boundary(void **state)
{
    struct mrpc_buffer stream = three_messages(MRPC_ENCODING_GZIP);
    struct mrpc_assembler assembler;
    struct collected collected = {0};
    mrpc_assembler_init(&assembler, LIMIT, MRPC_ENCODING_GZIP);
    assert_true(mrpc_assembler_at_boundary(&assembler));
    for (size_t i = 0; i < mrpc_buffer_size(&stream); i++) {
        assert_int_equal(feed(&assembler, mrpc_buffer_bytes(&stream) + i, 1, &collected), 0);
        bool whole = i + 1 == 10 || i + 1 == 15 || i + 1 == mrpc_buffer_size(&stream);
        assert_int_equal(mrpc_assembler_at_boundary(&assembler), whole);
    }
    check_three(&collected);
    mrpc_assembler_fini(&assembler);
    mrpc_buffer_fini(&collected.bytes);
    mrpc_buffer_fini(&stream);
}

static void a_message_that_lies_whole_in_the_input_is_not_copied(void **state)
{
    static const uint8_t stream[] = {0, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 1, '!'};
    struct mrpc_assembler assembler;
    mrpc_assembler_init(&assembler, LIMIT, MRPC_ENCODING_IDENTITY);
    const uint8_t *at = stream, *message;
    size_t size = sizeof(stream), message_bytes;
    assert_int_equal(mrpc_assembler_feed(&assembler, &at, &size, &message, &message_bytes), 1);
    assert_ptr_equal(message, stream + 5);
    assert_int_equal(size, 6);
    assert_int_equal(mrpc_assembler_feed(&assembler, &at, &size, &message, &message_bytes), 1);
    assert_ptr_equal(message, stream + 12);
    assert_int_equal(mrpc_assembler_held_bytes(&assembler), 0);
    mrpc_assembler_fini(&assembler);
}

static void assert_fails(const uint8_t *bytes, size_t size, enum mrpc_encoding encoding, size_t limit, int error,
                         enum mrpc_code code)
{
    struct mrpc_assembler assembler;
    struct collected collected = {0};
    mrpc_assembler_init(&assembler, limit, encoding);
    assert_int_equal(feed(&assembler, bytes, size, &collected), error);
    assert_int_equal(assembler.code, code);
    assert_non_null(assembler.reason);
    assert_false(mrpc_assembler_at_boundary(&assembler));
    assert_int_equal(feed(&assembler, (const uint8_t *)"\0\0\0\0\0", 5, &collected), error); /* it stays failed */
    assert_int_equal(collected.count, 0);
    assert_int_equal(mrpc_assembler_held_bytes(&assembler), 0);
    mrpc_assembler_fini(&assembler);
    mrpc_buffer_fini(&collected.bytes);
}

static void G01_a_length_over_the_limit_is_refused_from_the_prefix(void **state)
{
    static const uint8_t largest[] = {0, 0xff, 0xff, 0xff, 0xff}, one_over[] = {0, 0, 0x40, 0, 1};
    assert_fails(largest, 5, MRPC_ENCODING_IDENTITY, LIMIT, MRPC_ERR_LIMIT, MRPC_RESOURCE_EXHAUSTED);
    assert_fails(one_over, 5, MRPC_ENCODING_IDENTITY, LIMIT, MRPC_ERR_LIMIT, MRPC_RESOURCE_EXHAUSTED);
}

static void G02_memory_follows_the_bytes_received(void **state)
{
    static const uint8_t prefix[] = {0, 0, 0x40, 0, 0}, byte[1] = {7};
    struct mrpc_assembler assembler;
    struct collected collected = {0};
    mrpc_assembler_init(&assembler, LIMIT, MRPC_ENCODING_IDENTITY);
    assert_int_equal(feed(&assembler, prefix, 5, &collected), 0);
    assert_int_equal(mrpc_assembler_held_bytes(&assembler), 0);
    for (size_t received = 1; received <= 100000; received++) {
        assert_int_equal(feed(&assembler, byte, 1, &collected), 0);
        assert_true(mrpc_assembler_held_bytes(&assembler) <= 256 + 2 * received);
    }
    mrpc_assembler_fini(&assembler);
}

static void H15_four_mebibytes_in_single_bytes_hold_at_most_twice_that(void **state)
{
    static const uint8_t prefix[] = {0, 0, 0x40, 0, 0}, byte[1] = {7};
    struct mrpc_assembler assembler;
    const uint8_t *at = prefix, *message = NULL;
    size_t size = sizeof(prefix), message_bytes = 0;
    mrpc_assembler_init(&assembler, LIMIT, MRPC_ENCODING_IDENTITY);
    assert_int_equal(mrpc_assembler_feed(&assembler, &at, &size, &message, &message_bytes), 0);
    for (size_t i = 0; i < LIMIT; i++) {
        at = byte;
        size = 1;
        assert_int_equal(mrpc_assembler_feed(&assembler, &at, &size, &message, &message_bytes), i + 1 == LIMIT);
    }
    assert_int_equal(message_bytes, LIMIT);
    assert_int_equal(message[LIMIT - 1], 7);
    assert_true(mrpc_assembler_held_bytes(&assembler) <= 2 * LIMIT);
    mrpc_assembler_fini(&assembler);
}

static void G06_a_compressed_flag_without_an_encoding_is_refused(void **state)
{
    static const uint8_t bytes[] = {1, 0, 0, 0, 1, 'x'};
    assert_fails(bytes, 5, MRPC_ENCODING_IDENTITY, LIMIT, MRPC_ERR_MALFORMED, MRPC_INTERNAL);
    assert_fails(bytes, 5, MRPC_ENCODING_UNKNOWN, LIMIT, MRPC_ERR_MALFORMED, MRPC_INTERNAL);
}

static void G10_flags_other_than_0_and_1_are_refused(void **state)
{
    for (unsigned flag = 2; flag < 256; flag++) {
        const uint8_t bytes[] = {(uint8_t)flag, 0, 0, 0, 1, 'x'};
        assert_fails(bytes, sizeof(bytes), MRPC_ENCODING_GZIP, LIMIT, MRPC_ERR_MALFORMED, MRPC_INTERNAL);
    }
}

static void G08_a_message_that_inflates_beyond_the_limit_is_refused(void **state)
{
    struct mrpc_buffer stream = {0};
    size_t size = (size_t)64 << 20;
    void *zeros = calloc(1, size);
    assert_int_equal(mrpc_frame_bytes(zeros, size, MRPC_ENCODING_GZIP, 0, &stream), 0);
    assert_fails(mrpc_buffer_bytes(&stream), mrpc_buffer_size(&stream), MRPC_ENCODING_GZIP, LIMIT, MRPC_ERR_LIMIT,
                 MRPC_RESOURCE_EXHAUSTED);
    free(zeros);
    mrpc_buffer_fini(&stream);
}

static void G09_a_message_that_is_no_stream_is_refused(void **state)
{
    static const uint8_t garbage[] = {1, 0, 0, 0, 4, 1, 2, 3, 4}, nothing[] = {1, 0, 0, 0, 0};
    assert_fails(garbage, sizeof(garbage), MRPC_ENCODING_GZIP, LIMIT, MRPC_ERR_MALFORMED, MRPC_INTERNAL);
    assert_fails(nothing, sizeof(nothing), MRPC_ENCODING_GZIP, LIMIT, MRPC_ERR_MALFORMED, MRPC_INTERNAL);
}

static void P14_each_failing_allocation_is_resource_exhausted(void **state)
{
    struct mrpc_buffer stream = three_messages(MRPC_ENCODING_GZIP);
    for (size_t nth = 1;; nth++) {
        struct mrpc_assembler assembler;
        mrpc_assembler_init(&assembler, LIMIT, MRPC_ENCODING_GZIP);
        const uint8_t *message;
        size_t message_bytes;
        int got = 0;
        failing_malloc_at(nth, 1);
        for (size_t i = 0; i < mrpc_buffer_size(&stream) && got >= 0; i++) {
            const uint8_t *at = mrpc_buffer_bytes(&stream) + i;
            size_t one = 1;
            got = mrpc_assembler_feed(&assembler, &at, &one, &message, &message_bytes);
        }
        failing_malloc_at(0, 0);
        mrpc_assembler_fini(&assembler);
        if (got >= 0)
            break;
        assert_int_equal(got, MRPC_ERR_NOMEM);
        assert_int_equal(assembler.code, MRPC_RESOURCE_EXHAUSTED);
        assert_true(nth < 100);
    }
    mrpc_buffer_fini(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(G05_a_split_at_every_offset_gives_the_same_messages),
        cmocka_unit_test(G03_only_between_messages_is_a_boundary),
        cmocka_unit_test(a_message_that_lies_whole_in_the_input_is_not_copied),
        cmocka_unit_test(G01_a_length_over_the_limit_is_refused_from_the_prefix),
        cmocka_unit_test(G02_memory_follows_the_bytes_received),
        cmocka_unit_test(H15_four_mebibytes_in_single_bytes_hold_at_most_twice_that),
        cmocka_unit_test(G06_a_compressed_flag_without_an_encoding_is_refused),
        cmocka_unit_test(G10_flags_other_than_0_and_1_are_refused),
        cmocka_unit_test(G08_a_message_that_inflates_beyond_the_limit_is_refused),
        cmocka_unit_test(G09_a_message_that_is_no_stream_is_refused),
        cmocka_unit_test(P14_each_failing_allocation_is_resource_exhausted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

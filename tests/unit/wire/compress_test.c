/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <mrpc/error.h>

#include "failing_malloc.h"
#include "wire/compress.h"

#define LIMIT ((size_t)4 << 20)

static const enum mrpc_encoding ENCODINGS[] = {MRPC_ENCODING_IDENTITY, MRPC_ENCODING_GZIP, MRPC_ENCODING_DEFLATE};

static void what_is_compressed_comes_back_behind_what_was_there(void **state)
{
    static const size_t sizes[] = {0, 1, 5, 1000, 4095, 4096, 4097, 100000, 1 << 20};
    for (size_t e = 0; e < 3; e++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            uint8_t *bytes = malloc(sizes[s] + 1);
            for (size_t i = 0; i < sizes[s]; i++)
                bytes[i] = (uint8_t)(i * i >> 7);
            struct mrpc_buffer small = {0}, back = {0};
            assert_int_equal(mrpc_compress(ENCODINGS[e], bytes, sizes[s], &small), 0);
            assert_int_equal(mrpc_buffer_append(&back, "before", 6), 0);
            assert_int_equal(
                mrpc_decompress(ENCODINGS[e], mrpc_buffer_bytes(&small), mrpc_buffer_size(&small), sizes[s], &back), 0);
            assert_int_equal(mrpc_buffer_size(&back), 6 + sizes[s]);
            assert_memory_equal(mrpc_buffer_bytes(&back), "before", 6);
            if (sizes[s])
                assert_memory_equal(mrpc_buffer_bytes(&back) + 6, bytes, sizes[s]);
            mrpc_buffer_fini(&small);
            mrpc_buffer_fini(&back);
            free(bytes);
        }
    }
}

static void one_byte_over_the_limit_is_refused(void **state)
{
    for (size_t e = 0; e < 3; e++) {
        struct mrpc_buffer small = {0}, back = {0};
        char bytes[10000] = {0};
        assert_int_equal(mrpc_compress(ENCODINGS[e], bytes, sizeof(bytes), &small), 0);
        assert_int_equal(mrpc_decompress(ENCODINGS[e], mrpc_buffer_bytes(&small), mrpc_buffer_size(&small),
                                         sizeof(bytes) - 1, &back),
                         MRPC_ERR_LIMIT);
        assert_int_equal(mrpc_buffer_size(&back), 0);
        mrpc_buffer_fini(&small);
        mrpc_buffer_fini(&back);
    }
}

static void G08_a_bomb_stops_at_the_limit(void **state)
{
    struct mrpc_buffer bomb = {0}, back = {0};
    size_t size = (size_t)64 << 20;
    void *zeros = calloc(1, size);
    assert_int_equal(mrpc_compress(MRPC_ENCODING_GZIP, zeros, size, &bomb), 0);
    free(zeros);
    assert_true(mrpc_buffer_size(&bomb) < size / 900);
    assert_int_equal(
        mrpc_decompress(MRPC_ENCODING_GZIP, mrpc_buffer_bytes(&bomb), mrpc_buffer_size(&bomb), LIMIT, &back),
        MRPC_ERR_LIMIT);
    assert_int_equal(mrpc_buffer_size(&back), 0);
    assert_true(back.capacity <= 2 * LIMIT);
    mrpc_buffer_fini(&bomb);
    mrpc_buffer_fini(&back);
}

static int decompress(enum mrpc_encoding encoding, const void *bytes, size_t size)
{
    struct mrpc_buffer back = {0};
    uint8_t *exact = malloc(size ? size : 1); /* AddressSanitizer sees reads beyond it */
    memcpy(exact, bytes, size);
    int error = mrpc_decompress(encoding, exact, size, LIMIT, &back);
    if (error)
        assert_int_equal(mrpc_buffer_size(&back), 0);
    free(exact);
    mrpc_buffer_fini(&back);
    return error;
}

static void G09_a_stream_cut_at_any_byte_is_refused(void **state)
{
    char bytes[3000];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 31 >> 3);
    for (size_t e = 1; e < 3; e++) {
        struct mrpc_buffer small = {0};
        assert_int_equal(mrpc_compress(ENCODINGS[e], bytes, sizeof(bytes), &small), 0);
        for (size_t cut = 0; cut < mrpc_buffer_size(&small); cut++)
            assert_int_equal(decompress(ENCODINGS[e], mrpc_buffer_bytes(&small), cut), MRPC_ERR_MALFORMED);
        mrpc_buffer_fini(&small);
    }
}

static void G09_a_changed_checksum_is_refused(void **state)
{
    for (size_t e = 1; e < 3; e++) {
        struct mrpc_buffer small = {0};
        assert_int_equal(mrpc_compress(ENCODINGS[e], "some text", 9, &small), 0);
        size_t size = mrpc_buffer_size(&small);
        mrpc_buffer_bytes(&small)[size - (e == 1 ? 5 : 1)] ^= 1;
        assert_int_equal(decompress(ENCODINGS[e], mrpc_buffer_bytes(&small), size), MRPC_ERR_MALFORMED);
        mrpc_buffer_fini(&small);
    }
}

static void G09_anything_behind_the_stream_is_refused(void **state)
{
    for (size_t e = 1; e < 3; e++) {
        struct mrpc_buffer small = {0};
        assert_int_equal(mrpc_compress(ENCODINGS[e], "some text", 9, &small), 0);
        assert_int_equal(mrpc_buffer_append(&small, "\0", 1), 0);
        assert_int_equal(decompress(ENCODINGS[e], mrpc_buffer_bytes(&small), mrpc_buffer_size(&small)),
                         MRPC_ERR_MALFORMED);
        small.end--;
        assert_int_equal(mrpc_compress(ENCODINGS[e], "second member", 13, &small), 0);
        assert_int_equal(decompress(ENCODINGS[e], mrpc_buffer_bytes(&small), mrpc_buffer_size(&small)),
                         MRPC_ERR_MALFORMED);
        mrpc_buffer_fini(&small);
    }
}

static void G09_one_format_is_not_taken_for_the_other(void **state)
{
    for (size_t e = 1; e < 3; e++) {
        struct mrpc_buffer small = {0};
        assert_int_equal(mrpc_compress(ENCODINGS[e], "some text", 9, &small), 0);
        assert_int_equal(decompress(ENCODINGS[3 - e], mrpc_buffer_bytes(&small), mrpc_buffer_size(&small)),
                         MRPC_ERR_MALFORMED);
        mrpc_buffer_fini(&small);
    }
    assert_int_equal(decompress(MRPC_ENCODING_GZIP, "garbage that is no stream", 25), MRPC_ERR_MALFORMED);
    assert_int_equal(decompress(MRPC_ENCODING_GZIP, "", 0), MRPC_ERR_MALFORMED);
    assert_int_equal(decompress(MRPC_ENCODING_UNKNOWN, "x", 1), MRPC_ERR_INVALID);
}

static void G09_a_preset_dictionary_is_refused(void **state)
{
    uint8_t out[256];
    z_stream stream = {0};
    assert_int_equal(deflateInit(&stream, 6), Z_OK);
    assert_int_equal(deflateSetDictionary(&stream, (const Bytef *)"dictionary", 10), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t) "dictionary dictionary";
    stream.avail_in = 21;
    stream.next_out = out;
    stream.avail_out = sizeof(out);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = stream.total_out;
    deflateEnd(&stream);
    assert_int_equal(decompress(MRPC_ENCODING_DEFLATE, out, size), MRPC_ERR_MALFORMED);
}

static void P14_each_failing_allocation_is_reported(void **state)
{
    struct mrpc_buffer small = {0};
    static char bytes[20000];
    assert_int_equal(mrpc_compress(MRPC_ENCODING_GZIP, bytes, sizeof(bytes), &small), 0);
    for (size_t nth = 1;; nth++) {
        struct mrpc_buffer out = {0};
        failing_malloc_at(nth, 1);
        int error =
            mrpc_decompress(MRPC_ENCODING_GZIP, mrpc_buffer_bytes(&small), mrpc_buffer_size(&small), LIMIT, &out);
        failing_malloc_at(0, 0);
        mrpc_buffer_fini(&out);
        assert_true(error == 0 || error == MRPC_ERR_NOMEM);
        if (!error)
            break;
        assert_true(nth < 100);
    }
    mrpc_buffer_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_compressed_comes_back_behind_what_was_there),
        cmocka_unit_test(one_byte_over_the_limit_is_refused),
        cmocka_unit_test(G08_a_bomb_stops_at_the_limit),
        cmocka_unit_test(G09_a_stream_cut_at_any_byte_is_refused),
        cmocka_unit_test(G09_a_changed_checksum_is_refused),
        cmocka_unit_test(G09_anything_behind_the_stream_is_refused),
        cmocka_unit_test(G09_one_format_is_not_taken_for_the_other),
        cmocka_unit_test(G09_a_preset_dictionary_is_refused),
        cmocka_unit_test(P14_each_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

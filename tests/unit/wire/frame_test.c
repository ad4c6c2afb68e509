/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include <everything.mrpc.h>
#include <mrpc/error.h>

#include "failing_malloc.h"
#include "wire/frame.h"

static const struct mrpc_message_info *const LEAF = &mrpc__test__leaf__info;

static void a_message_is_framed_behind_what_is_there(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    struct mrpc_buffer out = {0};
    leaf.number = 7;
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_IDENTITY, 0, &out, NULL), 0);
    leaf.number = 0;
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_IDENTITY, 0, &out, NULL), 0);
    assert_int_equal(mrpc_frame_bytes("\x08\x09", 2, MRPC_ENCODING_IDENTITY, 0, &out), 0);
    assert_int_equal(mrpc_buffer_size(&out), 19);
    assert_memory_equal(mrpc_buffer_bytes(&out), "\0\0\0\0\2\x08\x07\0\0\0\0\0\0\0\0\0\2\x08\x09", 19);
    mrpc_buffer_fini(&out);
}

static void a_message_that_compresses_badly_goes_plain(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    struct mrpc_buffer out = {0};
    leaf.number = 7;
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_GZIP, 0, &out, NULL), 0);
    assert_int_equal(mrpc_buffer_size(&out), 7);
    assert_memory_equal(mrpc_buffer_bytes(&out), "\0\0\0\0\2\x08\x07", 7);

    char text[1000];
    memset(text, 'x', sizeof(text));
    text[999] = '\0';
    leaf.text = text;
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_GZIP, 0, &out, NULL), 0);
    assert_int_equal(mrpc_buffer_bytes(&out)[7], 1);
    assert_true(mrpc_buffer_size(&out) < 100);
    assert_int_equal(mrpc_buffer_bytes(&out)[11] + 12, mrpc_buffer_size(&out));
    mrpc_buffer_fini(&out);
}

static void what_is_over_the_limit_or_invalid_leaves_the_buffer_alone(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    struct mrpc_buffer out = {0};
    const char *field = NULL;
    leaf.number = 300;
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_IDENTITY, 3, &out, &field), 0);
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_IDENTITY, 2, &out, &field), MRPC_ERR_LIMIT);
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_GZIP, 2, &out, &field), MRPC_ERR_LIMIT);
    assert_int_equal(mrpc_frame_bytes("abc", 3, MRPC_ENCODING_IDENTITY, 2, &out), MRPC_ERR_LIMIT);
    char bad[] = "\xff";
    leaf.text = bad;
    assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_IDENTITY, 0, &out, &field), MRPC_ERR_INVALID);
    assert_string_equal(field, "text");
    assert_int_equal(mrpc_buffer_size(&out), 8);
    mrpc_buffer_fini(&out);
}

/* Small messages are written in one pass, large ones are counted first; around the limit both must do. */
static void messages_of_every_size_are_framed_alike(void **state)
{
    static char text[5000];
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    memset(text, 'x', sizeof(text));
    leaf.text = text;
    for (size_t length = 1; length<4200; length += length> 990 && length < 1040 ? 1 : 127) {
        struct mrpc_buffer out = {0};
        text[length] = '\0';
        assert_int_equal(mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_IDENTITY, 0, &out, NULL), 0);
        size_t size = length + (length < 128 ? 2 : 3);
        const uint8_t *bytes = mrpc_buffer_bytes(&out);
        assert_int_equal(mrpc_buffer_size(&out), 5 + size);
        assert_int_equal(bytes[3] << 8 | bytes[4], size);
        assert_int_equal(bytes[5], 0x12);
        assert_int_equal(bytes[5 + size - 1], 'x');
        assert_memory_equal(bytes + 5 + size - length, text, length);
        mrpc_buffer_fini(&out);
        text[length] = 'x';
    }
}

static void P14_each_failing_allocation_leaves_the_buffer_alone(void **state)
{
    char text[5000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    leaf.text = text;
    for (size_t nth = 1;; nth++) {
        struct mrpc_buffer out = {0};
        assert_int_equal(mrpc_buffer_append(&out, "x", 1), 0);
        failing_malloc_at(nth, 1);
        int error = mrpc_frame_message(LEAF, &leaf.base, MRPC_ENCODING_GZIP, 0, &out, NULL);
        failing_malloc_at(0, 0);
        if (error)
            assert_int_equal(mrpc_buffer_size(&out), 1);
        mrpc_buffer_fini(&out);
        if (!error)
            break;
        assert_int_equal(error, MRPC_ERR_NOMEM);
        assert_true(nth < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_framed_behind_what_is_there),
        cmocka_unit_test(a_message_that_compresses_badly_goes_plain),
        cmocka_unit_test(what_is_over_the_limit_or_invalid_leaves_the_buffer_alone),
        cmocka_unit_test(messages_of_every_size_are_framed_alike),
        cmocka_unit_test(P14_each_failing_allocation_leaves_the_buffer_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

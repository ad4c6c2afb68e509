/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include <everything.mrpc.h>
#include <mrpc/codec.h>

#include "failing_malloc.h"
#include "raw_proto.h"

static const struct mrpc_message_info *const EVERYTHING = &mrpc__test__everything__info;

/* Needs many blocks of the arena: strings, arrays that grow, messages, a map beyond its scan. */
static struct raw large_message(void)
{
    struct raw raw = {0};
    char text[200];
    memset(text, 'x', sizeof(text));
    for (uint64_t i = 0; i < 200; i++) {
        struct raw entry = {0};
        raw_number(&entry, 1, i);
        raw_block(&raw, 42, entry.data, entry.size);
        raw_free(&entry);
        raw_block(&raw, 34, text, sizeof(text));
        raw_number(&raw, 38, i);
        raw_block(&raw, 37, "\x08\x01\x12\x02hi", 6);
        raw_number(&raw, 5000, i);
    }
    return raw;
}

static void P14_decoding_survives_each_failing_allocation(void **state)
{
    struct raw raw = large_message();
    struct mrpc_decode_options options = {.keep_unknown = 1};
    size_t nth = 0;
    int error;
    do {
        ProtobufCMessage *message = NULL;
        struct mrpc_decode_error where;
        failing_malloc_at(0, 0);
        struct mrpc_arena *arena = mrpc_arena_new(0);
        failing_malloc_at(++nth, 1);
        error = mrpc_decode(EVERYTHING, raw.data, raw.size, &options, arena, &message, &where);
        failing_malloc_at(0, 0);
        if (error) {
            assert_int_equal(error, MRPC_ERR_NOMEM);
            assert_string_equal(where.reason, "out of memory");
            assert_null(message);
        }
        mrpc_arena_free(arena);
    } while (error);
    assert_true(nth > 5);
    raw_free(&raw);
}

static void P14_copying_survives_each_failing_allocation(void **state)
{
    struct raw raw = large_message();
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message, *copy = NULL;
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, arena, &message, NULL), 0);
    size_t nth = 0;
    int error;
    do {
        struct mrpc_arena *target = mrpc_arena_new(0);
        failing_malloc_at(++nth, 1);
        error = mrpc_message_copy(EVERYTHING, message, target, &copy);
        failing_malloc_at(0, 0);
        assert_true(error == 0 || error == MRPC_ERR_NOMEM);
        mrpc_arena_free(target);
    } while (error);
    assert_true(nth > 5);
    mrpc_arena_free(arena);
    raw_free(&raw);
}

static void every_budget_below_what_is_needed_is_refused(void **state)
{
    struct raw raw = large_message();
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, arena, &message, NULL), 0);
    size_t needed = mrpc_arena_used_bytes(arena);
    mrpc_arena_free(arena);
    for (size_t budget = 16; budget <= needed; budget += 997) {
        arena = mrpc_arena_new(budget);
        message = NULL;
        assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, arena, &message, NULL), MRPC_ERR_LIMIT);
        assert_null(message);
        assert_true(mrpc_arena_used_bytes(arena) <= budget);
        mrpc_arena_free(arena);
    }
    raw_free(&raw);
}

static void small_messages_need_no_malloc_once_the_arena_is_warm(void **state)
{
    struct raw raw = {0};
    uint8_t out[256];
    raw_number(&raw, 1, 5);
    raw_text(&raw, 14, "some text");
    raw_block(&raw, 17, "\x08\x01\x12\x02hi", 6);
    raw_text(&raw, 34, "one");
    struct mrpc_arena *arena = mrpc_arena_new(1 << 20);
    for (int round = 0; round < 100; round++) {
        ProtobufCMessage *message;
        size_t size;
        if (round == 2)
            failing_malloc_at(0, 0);
        assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, arena, &message, NULL), 0);
        assert_int_equal(mrpc_encoded_size(EVERYTHING, message, &size, NULL), 0);
        assert_ptr_equal(mrpc_encode(EVERYTHING, message, out), out + size);
        mrpc_arena_reset(arena);
    }
    assert_int_equal(failing_malloc_calls(), 0);
    mrpc_arena_free(arena);
    raw_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P14_decoding_survives_each_failing_allocation),
        cmocka_unit_test(P14_copying_survives_each_failing_allocation),
        cmocka_unit_test(every_budget_below_what_is_needed_is_refused),
        cmocka_unit_test(small_messages_need_no_malloc_once_the_arena_is_warm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <math.h>
#include <string.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/codec.h>

#include "codec/encode.h"
#include "raw_proto.h"

static const struct mrpc_message_info *const EVERYTHING = &mrpc__test__everything__info;

/* Encodes into exactly the counted bytes, between guards. */
static struct raw encoded(const struct mrpc_message_info *info, const void *message)
{
    size_t size;
    assert_int_equal(mrpc_encoded_size(info, message, &size, NULL), 0);
    struct raw raw = {.data = malloc(size + 2), .size = size, .capacity = size + 2};
    memset(raw.data, 0xa5, size + 2);
    assert_ptr_equal(mrpc_encode(info, message, raw.data + 1), raw.data + 1 + size);
    assert_int_equal(raw.data[0], 0xa5);
    assert_int_equal(raw.data[size + 1], 0xa5);
    memmove(raw.data, raw.data + 1, size);
    return raw;
}

static void assert_encodes(const struct mrpc_message_info *info, const void *message, const void *bytes, size_t size)
{
    struct raw raw = encoded(info, message);
    assert_int_equal(raw.size, size);
    if (size)
        assert_memory_equal(raw.data, bytes, size);
    raw_free(&raw);
}

static void defaults_take_no_bytes(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    assert_encodes(EVERYTHING, &m, "", 0);
    m.a_string = NULL;
    assert_encodes(EVERYTHING, &m, "", 0);
    char empty[] = "";
    m.a_string = empty;
    assert_encodes(EVERYTHING, &m, "", 0);
}

static void P13_negative_zero_and_nan_are_written_bit_for_bit(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    m.a_double = -0.0;
    assert_encodes(EVERYTHING, &m, "\x61\0\0\0\0\0\0\0\x80", 9);
    uint64_t odd_nan = UINT64_C(0x7ff4000000000001);
    memcpy(&m.a_double, &odd_nan, 8);
    assert_encodes(EVERYTHING, &m, "\x61\x01\0\0\0\0\0\xf4\x7f", 9);
    m.a_double = 0;
    m.a_float = -0.0f;
    assert_encodes(EVERYTHING, &m, "\x5d\0\0\0\x80", 5);
}

static void P13_integers_are_written_at_their_extremes(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    m.an_int32 = INT32_MIN;
    assert_encodes(EVERYTHING, &m, "\x08\x80\x80\x80\x80\xf8\xff\xff\xff\xff\x01", 11);
    m.an_int32 = 0;
    m.a_sint32 = INT32_MIN;
    assert_encodes(EVERYTHING, &m, "\x28\xff\xff\xff\xff\x0f", 6);
    m.a_sint32 = 0;
    m.an_int64 = INT64_MIN;
    assert_encodes(EVERYTHING, &m, "\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    m.an_int64 = 0;
    m.colour = MRPC__TEST__COLOUR__COLOUR_NEGATIVE;
    assert_encodes(EVERYTHING, &m, "\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
}

static void a_bool_is_written_as_one_whatever_its_bits(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    m.a_bool = 256;
    assert_encodes(EVERYTHING, &m, "\x68\x01", 2);
}

static void repeated_numbers_are_packed_as_the_schema_says(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    int32_t values[] = {1, 300};
    m.n_int32s = m.n_unpacked = 2;
    m.int32s = m.unpacked = values;
    assert_encodes(EVERYTHING, &m, "\xaa\x01\x03\x01\xac\x02\xb0\x02\x01\xb0\x02\xac\x02", 13);

    Mrpc__Test__Legacy legacy = MRPC__TEST__LEGACY__INIT;
    char name[] = "n";
    legacy.name = name;
    legacy.n_packed = legacy.n_unpacked = 2;
    legacy.packed = legacy.unpacked = values;
    assert_encodes(&mrpc__test__legacy__info, &legacy, "\x08\x00\x12\x01n\x58\x01\x58\xac\x02\x62\x03\x01\xac\x02", 15);
}

static void map_entries_carry_key_and_value_even_when_default(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    Mrpc__Test__Everything__LabelsEntry entry = MRPC__TEST__EVERYTHING__LABELS_ENTRY__INIT, *entries[] = {&entry};
    m.n_labels = 1;
    m.labels = entries;
    assert_encodes(EVERYTHING, &m, "\xca\x02\x04\x0a\x00\x12\x00", 7);
}

static void optional_and_oneof_members_are_written_when_set(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    mrpc__test__everything__set_maybe_int32(&m, 0);
    m.choice_case = MRPC__TEST__EVERYTHING__CHOICE_CHOICE_TEXT;
    m.choice_text = NULL; /* no text is empty text */
    assert_encodes(EVERYTHING, &m, "\x9a\x03\x00\xe8\x03\x00", 6);
    m.choice_case = MRPC__TEST__EVERYTHING__CHOICE_CHOICE_LEAF;
    m.choice_leaf = NULL;
    assert_encodes(EVERYTHING, &m, "\xa2\x03\x00\xe8\x03\x00", 6);
}

static void required_fields_are_always_written(void **state)
{
    Mrpc__Test__Legacy m = MRPC__TEST__LEGACY__INIT;
    assert_encodes(&mrpc__test__legacy__info, &m, "\x08\x00\x12\x00", 4);
}

static void proto2_optional_fields_are_written_when_set_even_to_the_default(void **state)
{
    Mrpc__Test__Legacy m = MRPC__TEST__LEGACY__INIT;
    char hello[] = "hello";
    m.has_with_default = 1;
    m.text = hello;
    assert_encodes(&mrpc__test__legacy__info, &m, "\x08\x00\x12\x00\x18\x2a\x22\x05hello", 13);
}

static void a_string_that_is_not_utf8_is_named(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    char bad[] = "a\xff";
    char *strings[] = {bad};
    size_t size = 4711;
    const char *field = NULL;
    m.n_strings = 1;
    m.strings = strings;
    assert_int_equal(mrpc_encoded_size(EVERYTHING, &m.base, &size, &field), MRPC_ERR_INVALID);
    assert_string_equal(field, "strings");
    assert_int_equal(size, 4711);
}

static void a_null_in_a_repeated_message_field_is_named(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    Mrpc__Test__Leaf *leaves[] = {NULL};
    size_t size;
    const char *field = NULL;
    m.n_leaves = 1;
    m.leaves = leaves;
    assert_int_equal(mrpc_encoded_size(EVERYTHING, &m.base, &size, &field), MRPC_ERR_INVALID);
    assert_string_equal(field, "leaves");
}

static void a_null_in_a_repeated_string_field_is_empty(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    char *strings[] = {NULL};
    m.n_strings = 1;
    m.strings = strings;
    assert_encodes(EVERYTHING, &m, "\x92\x02\x00", 3);
}

static void a_cycle_of_messages_is_refused(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    size_t size;
    leaf.next = &leaf;
    assert_int_equal(mrpc_encoded_size(&mrpc__test__leaf__info, &leaf.base, &size, NULL), MRPC_ERR_LIMIT);
}

static void over_two_gibibytes_is_refused(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    uint8_t byte = 0;
    ProtobufCBinaryData blocks[] = {{(size_t)1 << 30, &byte}, {(size_t)1 << 30, &byte}};
    size_t size;
    m.n_blocks = 2;
    m.blocks = blocks; /* counted, never read */
    assert_int_equal(mrpc_encoded_size(EVERYTHING, &m.base, &size, NULL), MRPC_ERR_LIMIT);
}

/* One of everything, as bytes in the encoder's own form: field order, packed, map entries complete. */
static struct raw canonical(void)
{
    struct raw raw = {0};
    float f32 = 1.5f;
    double f64 = -0.0;
    raw_number(&raw, 1, UINT64_MAX);
    raw_number(&raw, 4, UINT64_MAX);
    raw_number(&raw, 5, 3);
    raw_tag(&raw, 7, 5), raw_put(&raw, "1234", 4);
    raw_tag(&raw, 10, 1), raw_put(&raw, "12345678", 8);
    raw_tag(&raw, 11, 5), raw_put(&raw, &f32, 4);
    raw_tag(&raw, 12, 1), raw_put(&raw, &f64, 8);
    raw_number(&raw, 13, 1);
    raw_text(&raw, 14, "text");
    raw_block(&raw, 15, "\0\x01", 2);
    raw_number(&raw, 16, 77);
    raw_block(&raw, 17, "\x08\x07\x12\x01t\x1a\x02\x01\x02\x22\x02\x08\x08", 13);
    raw_block(&raw, 19, "\x0a\x01l\x12\x00\x12\x02\x08\x01", 9);
    raw_block(&raw, 21, "\x01\x80\x02", 3);
    raw_block(&raw, 33, "\x01\x00", 2);
    raw_text(&raw, 34, "a");
    raw_text(&raw, 34, "");
    raw_block(&raw, 35, "\0", 1);
    raw_block(&raw, 37, "\x08\x01", 2);
    raw_number(&raw, 38, 1);
    raw_number(&raw, 38, 2);
    raw_block(&raw, 41, "\x0a\x01k\x12\x01v", 6);
    raw_block(&raw, 42, "\x08\x05\x12\x02\x08\x06", 6);
    raw_block(&raw, 52, "\x08\x09", 2);
    raw_number(&raw, 61, 0);
    raw_text(&raw, 62, "");
    raw_block(&raw, 72, "\x08\x01\x10\x02", 4);
    raw_number(&raw, 536870911, 1);
    return raw;
}

static void what_is_decoded_encodes_to_the_same_bytes(void **state)
{
    struct raw raw = canonical();
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, arena, &message, NULL), 0);
    assert_encodes(EVERYTHING, message, raw.data, raw.size);
    mrpc_arena_free(arena);
    raw_free(&raw);
}

static void writing_backward_needs_exactly_the_counted_room(void **state)
{
    struct raw raw = canonical();
    struct mrpc_decode_options options = {.keep_unknown = 1};
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    raw_text(&raw, 2001, "kept");
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, &options, arena, &message, NULL), 0);
    for (size_t room = 0; room <= raw.size + 20; room++) {
        uint8_t *block = malloc(room + 1), *start = NULL; /* AddressSanitizer sees a byte too many */
        uint8_t *begin = block + 1;
        block[0] = 0xa5;
        int error = mrpc_encode_backward(EVERYTHING, message, begin, begin + room, &start, NULL);
        assert_int_equal(error, room < raw.size ? MRPC_ERR_AGAIN : 0);
        assert_int_equal(block[0], 0xa5);
        if (error == 0) {
            assert_ptr_equal(start, begin + room - raw.size);
            assert_memory_equal(start, raw.data, raw.size);
        }
        free(block);
    }
    mrpc_arena_free(arena);
    raw_free(&raw);
}

static void kept_unknown_fields_come_out_behind_the_known_ones(void **state)
{
    struct raw raw = {0};
    raw_number(&raw, 1, 1);
    raw_number(&raw, 2000, 300);
    raw_text(&raw, 2001, "kept");
    raw_tag(&raw, 2002, 3), raw_number(&raw, 1, 1), raw_tag(&raw, 2002, 4);
    struct mrpc_decode_options options = {.keep_unknown = 1};
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message, *copy;
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, &options, arena, &message, NULL), 0);
    assert_encodes(EVERYTHING, message, raw.data, raw.size);
    assert_int_equal(mrpc_message_copy(EVERYTHING, message, arena, &copy), 0);
    assert_encodes(EVERYTHING, copy, raw.data, raw.size);
    mrpc_arena_free(arena);
    raw_free(&raw);
}

static void a_copy_outlives_the_original(void **state)
{
    struct raw raw = canonical();
    struct mrpc_arena *first = mrpc_arena_new(0), *second = mrpc_arena_new(0);
    ProtobufCMessage *message, *copy;
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, first, &message, NULL), 0);
    assert_int_equal(mrpc_message_copy(EVERYTHING, message, second, &copy), 0);
    mrpc_arena_free(first);
    assert_encodes(EVERYTHING, copy, raw.data, raw.size);
    mrpc_arena_free(second);
    raw_free(&raw);
}

static void a_copy_of_proto2_keeps_what_is_not_set_unset(void **state)
{
    Mrpc__Test__Legacy m = MRPC__TEST__LEGACY__INIT;
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *copy;
    assert_int_equal(mrpc_message_copy(&mrpc__test__legacy__info, &m.base, arena, &copy), 0);
    assert_memory_equal(copy, &m, sizeof(m));
    mrpc_arena_free(arena);
}

static void a_copy_over_budget_is_refused(void **state)
{
    struct raw raw = canonical();
    struct mrpc_arena *arena = mrpc_arena_new(0), *small = mrpc_arena_new(1500);
    ProtobufCMessage *message, *copy = NULL;
    assert_int_equal(mrpc_decode(EVERYTHING, raw.data, raw.size, NULL, arena, &message, NULL), 0);
    assert_int_equal(mrpc_message_copy(EVERYTHING, message, small, &copy), MRPC_ERR_LIMIT);
    assert_null(copy);
    mrpc_arena_free(arena);
    mrpc_arena_free(small);
    raw_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_take_no_bytes),
        cmocka_unit_test(P13_negative_zero_and_nan_are_written_bit_for_bit),
        cmocka_unit_test(P13_integers_are_written_at_their_extremes),
        cmocka_unit_test(a_bool_is_written_as_one_whatever_its_bits),
        cmocka_unit_test(repeated_numbers_are_packed_as_the_schema_says),
        cmocka_unit_test(map_entries_carry_key_and_value_even_when_default),
        cmocka_unit_test(optional_and_oneof_members_are_written_when_set),
        cmocka_unit_test(required_fields_are_always_written),
        cmocka_unit_test(proto2_optional_fields_are_written_when_set_even_to_the_default),
        cmocka_unit_test(a_string_that_is_not_utf8_is_named),
        cmocka_unit_test(a_null_in_a_repeated_message_field_is_named),
        cmocka_unit_test(a_null_in_a_repeated_string_field_is_empty),
        cmocka_unit_test(a_cycle_of_messages_is_refused),
        cmocka_unit_test(over_two_gibibytes_is_refused),
        cmocka_unit_test(what_is_decoded_encodes_to_the_same_bytes),
        cmocka_unit_test(writing_backward_needs_exactly_the_counted_room),
        cmocka_unit_test(kept_unknown_fields_come_out_behind_the_known_ones),
        cmocka_unit_test(a_copy_outlives_the_original),
        cmocka_unit_test(a_copy_of_proto2_keeps_what_is_not_set_unset),
        cmocka_unit_test(a_copy_over_budget_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

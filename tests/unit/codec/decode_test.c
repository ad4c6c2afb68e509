/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/codec.h>

#include "raw_proto.h"

struct fixture {
    struct mrpc_arena *arena;
    struct raw raw;
    struct mrpc_decode_error error;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->arena = mrpc_arena_new(0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    mrpc_arena_free(f->arena);
    raw_free(&f->raw);
    free(f);
    return 0;
}

static Mrpc__Test__Everything *decoded(struct fixture *f)
{
    ProtobufCMessage *message = NULL;
    if (mrpc_decode(&mrpc__test__everything__info, f->raw.data, f->raw.size, NULL, f->arena, &message, &f->error))
        fail_msg("%s at %zu (%s)", f->error.reason, f->error.offset_bytes, f->error.path);
    return (Mrpc__Test__Everything *)message;
}

static void nothing_decodes_to_the_defaults(void **state)
{
    struct fixture *f = *state;
    Mrpc__Test__Everything *m = decoded(f), expected;
    mrpc__test__everything__init(&expected);
    assert_memory_equal(m, &expected, sizeof(expected));
}

static void every_scalar_kind_reads_its_extremes(void **state)
{
    struct fixture *f = *state;
    float f32 = -1.5f;
    double f64 = -0.0;
    uint32_t u32 = UINT32_MAX, i32 = (uint32_t)INT32_MIN;
    uint64_t u64 = UINT64_MAX, i64 = (uint64_t)INT64_MIN;
    raw_number(&f->raw, 1, (uint64_t)(int64_t)INT32_MIN);
    raw_number(&f->raw, 2, (uint64_t)INT64_MIN);
    raw_number(&f->raw, 3, UINT32_MAX);
    raw_number(&f->raw, 4, UINT64_MAX);
    raw_number(&f->raw, 5, UINT32_MAX);
    raw_number(&f->raw, 6, UINT64_MAX);
    raw_tag(&f->raw, 7, 5), raw_put(&f->raw, &u32, 4);
    raw_tag(&f->raw, 8, 1), raw_put(&f->raw, &u64, 8);
    raw_tag(&f->raw, 9, 5), raw_put(&f->raw, &i32, 4);
    raw_tag(&f->raw, 10, 1), raw_put(&f->raw, &i64, 8);
    raw_tag(&f->raw, 11, 5), raw_put(&f->raw, &f32, 4);
    raw_tag(&f->raw, 12, 1), raw_put(&f->raw, &f64, 8);
    raw_number(&f->raw, 13, 1);
    raw_text(&f->raw, 14, "gr\xc3\xbc\xc3\x9f");
    raw_block(&f->raw, 15, "\0\xff", 2);
    raw_number(&f->raw, 536870911, 7);
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->an_int32, INT32_MIN);
    assert_true(m->an_int64 == INT64_MIN);
    assert_true(m->a_uint32 == UINT32_MAX);
    assert_true(m->a_uint64 == UINT64_MAX);
    assert_int_equal(m->a_sint32, INT32_MIN);
    assert_true(m->a_sint64 == INT64_MIN);
    assert_true(m->a_fixed32 == UINT32_MAX);
    assert_true(m->a_fixed64 == UINT64_MAX);
    assert_int_equal(m->a_sfixed32, INT32_MIN);
    assert_true(m->a_sfixed64 == INT64_MIN);
    assert_true(m->a_float == -1.5f);
    assert_true(m->a_double == 0 && signbit(m->a_double));
    assert_int_equal(m->a_bool, 1);
    assert_string_equal(m->a_string, "gr\xc3\xbc\xc3\x9f");
    assert_int_equal(m->some_bytes.len, 2);
    assert_memory_equal(m->some_bytes.data, "\0\xff", 2);
    assert_int_equal(m->far_away, 7);
}

static void a_bool_is_true_for_any_bit_of_its_varint(void **state)
{
    struct fixture *f = *state;
    raw_number(&f->raw, 13, UINT64_C(1) << 63);
    raw_number(&f->raw, 33, UINT64_C(1) << 32);
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->a_bool, 1);
    assert_int_equal(m->bools[0], 1);
}

static void packed_and_unpacked_forms_mix_in_order(void **state)
{
    struct fixture *f = *state;
    for (uint32_t number = 21; number <= 38; number += 17) { /* one packed by default, one not */
        raw_free(&f->raw);
        raw_number(&f->raw, number, 1);
        raw_block(&f->raw, number, "\x02\x03\x84\x00", 4);
        raw_block(&f->raw, number, "", 0);
        raw_number(&f->raw, number, 5);
        Mrpc__Test__Everything *m = decoded(f);
        size_t count = number == 21 ? m->n_int32s : m->n_unpacked;
        int32_t *values = number == 21 ? m->int32s : m->unpacked;
        static const int32_t expected[] = {1, 2, 3, 4, 5};
        assert_int_equal(count, 5);
        assert_memory_equal(values, expected, sizeof(expected));
    }
}

static void packed_fixed_numbers_of_every_width_are_read(void **state)
{
    struct fixture *f = *state;
    double doubles[] = {1.5, -2.5, 0};
    uint32_t words[] = {1, 2};
    raw_block(&f->raw, 32, doubles, sizeof(doubles));
    raw_block(&f->raw, 27, words, sizeof(words));
    raw_block(&f->raw, 33, "\x01\x00\x01", 3);
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->n_doubles, 3);
    assert_memory_equal(m->doubles, doubles, sizeof(doubles));
    assert_int_equal(m->n_fixed32s, 2);
    assert_memory_equal(m->fixed32s, words, sizeof(words));
    assert_int_equal(m->n_bools, 3);
    assert_int_equal(m->bools[2], 1);
}

/* Interleaved fields make every array grow in turn, past runs and in-place growth. */
static void interleaved_repeated_fields_keep_their_order(void **state)
{
    struct fixture *f = *state;
    char text[16];
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof(text), "text %d", i);
        raw_text(&f->raw, 34, text);
        raw_number(&f->raw, 38, (uint64_t)i);
        raw_block(&f->raw, 37, "\x08\x07", 2);
        if (i % 3 == 0)
            raw_text(&f->raw, 34, "again");
    }
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->n_strings, 400);
    assert_int_equal(m->n_unpacked, 300);
    assert_int_equal(m->n_leaves, 300);
    for (int i = 0, at = 0; i < 300; i++) {
        snprintf(text, sizeof(text), "text %d", i);
        assert_string_equal(m->strings[at++], text);
        assert_int_equal(m->unpacked[i], i);
        assert_int_equal(m->leaves[i]->number, 7);
        if (i % 3 == 0)
            assert_string_equal(m->strings[at++], "again");
    }
}

static void the_last_singular_value_wins(void **state)
{
    struct fixture *f = *state;
    raw_number(&f->raw, 1, 5);
    raw_text(&f->raw, 14, "first");
    raw_number(&f->raw, 1, 6);
    raw_text(&f->raw, 14, "");
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->an_int32, 6);
    assert_string_equal(m->a_string, "");
}

static void a_singular_message_that_comes_again_is_merged(void **state)
{
    struct fixture *f = *state;
    raw_block(&f->raw, 17, "\x08\x01\x18\x0a", 4); /* number 1, numbers [10] */
    raw_block(&f->raw, 17, "\x12\x01x\x18\x0b", 5);
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->leaf->number, 1);
    assert_string_equal(m->leaf->text, "x");
    assert_int_equal(m->leaf->n_numbers, 2);
    assert_int_equal(m->leaf->numbers[1], 11);
}

static void setting_a_oneof_member_clears_the_other(void **state)
{
    struct fixture *f = *state;
    raw_block(&f->raw, 52, "\x08\x01", 2);
    raw_text(&f->raw, 51, "text");
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->choice_case, MRPC__TEST__EVERYTHING__CHOICE_CHOICE_TEXT);
    assert_string_equal(m->choice_text, "text");

    raw_block(&f->raw, 52, "\x12\x01y", 3);
    m = decoded(f);
    assert_int_equal(m->choice_case, MRPC__TEST__EVERYTHING__CHOICE_CHOICE_LEAF);
    assert_int_equal(m->choice_leaf->number, 0); /* not what the first piece said */
    assert_string_equal(m->choice_leaf->text, "y");
}

static void pieces_of_one_oneof_message_are_merged(void **state)
{
    struct fixture *f = *state;
    raw_block(&f->raw, 52, "\x08\x01", 2);
    raw_block(&f->raw, 52, "\x12\x01y", 3);
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->choice_leaf->number, 1);
    assert_string_equal(m->choice_leaf->text, "y");
}

static void an_optional_field_set_to_zero_is_set(void **state)
{
    struct fixture *f = *state;
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->has_maybe_int32_case, 0);
    raw_number(&f->raw, 61, 0);
    raw_text(&f->raw, 62, "");
    raw_block(&f->raw, 64, "", 0);
    m = decoded(f);
    assert_true(m->has_maybe_int32_case != 0);
    assert_true(m->has_maybe_string_case != 0);
    assert_string_equal(m->maybe_string, "");
    assert_true(m->has_maybe_bytes_case != 0);
    assert_int_equal(m->maybe_bytes.len, 0);
    assert_int_equal(m->has_maybe_bool_case, 0);
}

static void the_last_of_equal_map_keys_wins(void **state)
{
    struct fixture *f = *state;
    raw_block(&f->raw, 41,
              "\x0a\x01k\x12\x01"
              "1",
              6);
    raw_block(&f->raw, 41,
              "\x0a\x01j\x12\x01"
              "2",
              6);
    raw_block(&f->raw, 41,
              "\x0a\x01k\x12\x01"
              "3",
              6);
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->n_labels, 2);
    assert_string_equal(m->labels[0]->key, "k");
    assert_string_equal(m->labels[0]->value, "3");
    assert_string_equal(m->labels[1]->value, "2");
}

static void large_maps_keep_each_key_once(void **state)
{
    struct fixture *f = *state;
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 500; i++) {
            struct raw entry = {0};
            raw_number(&entry, 1, i);
            raw_block(&entry, 2, "\x08", 1);
            entry.data[entry.size - 2] = 2; /* value: number = round */
            raw_varint(&entry, round);
            raw_block(&f->raw, 42, entry.data, entry.size);
            raw_free(&entry);
        }
    }
    Mrpc__Test__Everything *m = decoded(f);
    assert_int_equal(m->n_leaves_by_number, 500);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(m->leaves_by_number[i]->key, i);
        assert_int_equal(m->leaves_by_number[i]->value->number, 2);
    }
}

static void a_map_entry_without_key_or_value_has_defaults(void **state)
{
    struct fixture *f = *state;
    raw_block(&f->raw, 41, "", 0);
    raw_block(&f->raw, 42, "", 0);
    raw_block(&f->raw, 44, "\x12\x01z", 3);
    Mrpc__Test__Everything *m = decoded(f);
    assert_string_equal(m->labels[0]->key, "");
    assert_string_equal(m->labels[0]->value, "");
    assert_int_equal(m->leaves_by_number[0]->key, 0);
    assert_non_null(m->leaves_by_number[0]->value);
    assert_string_equal(m->blocks_by_name[0]->key, "");
    assert_int_equal(m->blocks_by_name[0]->value.len, 1);
}

static void unknown_fields_are_skipped_or_kept_as_asked(void **state)
{
    struct fixture *f = *state;
    raw_number(&f->raw, 1000, 300);
    raw_text(&f->raw, 1001, "kept");
    raw_number(&f->raw, 1, 9);
    assert_int_equal(decoded(f)->base.n_unknown_fields, 0);

    struct mrpc_decode_options options = {.keep_unknown = 1};
    ProtobufCMessage *m;
    assert_int_equal(mrpc_decode(&mrpc__test__everything__info, f->raw.data, f->raw.size, &options, f->arena, &m, NULL),
                     0);
    assert_int_equal(m->n_unknown_fields, 2);
    assert_int_equal(m->unknown_fields[0].tag, 1000);
    assert_int_equal(m->unknown_fields[0].len, 2);
    assert_int_equal(m->unknown_fields[1].wire_type, 2);
    assert_memory_equal(m->unknown_fields[1].data, "\x04kept", 5);
}

static void proto2_defaults_hold_until_a_field_is_set(void **state)
{
    struct fixture *f = *state;
    raw_number(&f->raw, 1, 1);
    raw_text(&f->raw, 2, "name");
    ProtobufCMessage *message;
    assert_int_equal(
        mrpc_decode(&mrpc__test__legacy__info, f->raw.data, f->raw.size, NULL, f->arena, &message, &f->error), 0);
    Mrpc__Test__Legacy *m = (Mrpc__Test__Legacy *)message;
    assert_int_equal(m->with_default, 42);
    assert_int_equal(m->has_with_default, 0);
    assert_string_equal(m->text, "hello");
    assert_memory_equal(m->block.data, "a\0b", 3);
    assert_int_equal(m->level, MRPC__TEST__LEVEL__LEVEL_HIGH);

    raw_number(&f->raw, 3, 42);
    raw_text(&f->raw, 4, "");
    assert_int_equal(
        mrpc_decode(&mrpc__test__legacy__info, f->raw.data, f->raw.size, NULL, f->arena, &message, &f->error), 0);
    m = (Mrpc__Test__Legacy *)message;
    assert_int_equal(m->has_with_default, 1);
    assert_string_equal(m->text, "");
}

static void a_missing_required_field_is_named(void **state)
{
    struct fixture *f = *state;
    raw_number(&f->raw, 1, 1);
    raw_wrap(&f->raw, 2);
    ProtobufCMessage *message;
    assert_int_equal(
        mrpc_decode(&mrpc__test__legacy_holder__info, f->raw.data, f->raw.size, NULL, f->arena, &message, &f->error),
        MRPC_ERR_MALFORMED);
    assert_string_equal(f->error.path, "more[0].name");
    assert_string_equal(f->error.reason, "required field is missing");
}

static void extensions_are_unknown_fields(void **state)
{
    struct fixture *f = *state;
    raw_number(&f->raw, 1, 1);
    raw_text(&f->raw, 2, "name");
    raw_number(&f->raw, 150, 1);
    ProtobufCMessage *message;
    assert_int_equal(
        mrpc_decode(&mrpc__test__legacy__info, f->raw.data, f->raw.size, NULL, f->arena, &message, &f->error), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_decodes_to_the_defaults),
        CASE(every_scalar_kind_reads_its_extremes),
        CASE(a_bool_is_true_for_any_bit_of_its_varint),
        CASE(packed_and_unpacked_forms_mix_in_order),
        CASE(packed_fixed_numbers_of_every_width_are_read),
        CASE(interleaved_repeated_fields_keep_their_order),
        CASE(the_last_singular_value_wins),
        CASE(a_singular_message_that_comes_again_is_merged),
        CASE(setting_a_oneof_member_clears_the_other),
        CASE(pieces_of_one_oneof_message_are_merged),
        CASE(an_optional_field_set_to_zero_is_set),
        CASE(the_last_of_equal_map_keys_wins),
        CASE(large_maps_keep_each_key_once),
        CASE(a_map_entry_without_key_or_value_has_defaults),
        CASE(unknown_fields_are_skipped_or_kept_as_asked),
        CASE(proto2_defaults_hold_until_a_field_is_set),
        CASE(a_missing_required_field_is_named),
        CASE(extensions_are_unknown_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

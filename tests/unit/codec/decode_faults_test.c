/* SPDX-License-Identifier: Apache-2.0 */
/* Rows P01 to P14 of the fault list, as far as they concern bytes alone. */
#include "test.h"

#include <string.h>
#include <time.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/codec.h>

#include "raw_proto.h"

struct outcome {
    int error;
    struct mrpc_decode_error where;
    size_t used_bytes;
};

static struct outcome decode_with(const struct raw *raw, size_t budget_bytes,
                                  void (*look)(const Mrpc__Test__Everything *))
{
    struct outcome outcome = {0};
    struct mrpc_arena *arena = mrpc_arena_new(budget_bytes);
    ProtobufCMessage *message = NULL;
    outcome.error =
        mrpc_decode(&mrpc__test__everything__info, raw->data, raw->size, NULL, arena, &message, &outcome.where);
    assert_true((outcome.error == 0) == (message != NULL));
    if (message && look)
        look((const Mrpc__Test__Everything *)message);
    outcome.used_bytes = mrpc_arena_used_bytes(arena);
    mrpc_arena_free(arena);
    return outcome;
}

static struct outcome decode(const void *bytes, size_t size)
{
    return decode_with(&(struct raw){(uint8_t *)(uintptr_t)bytes, size, 0}, 0, NULL);
}

static void assert_refused(const void *bytes, size_t size, const char *reason, size_t offset, const char *path)
{
    struct outcome outcome = decode(bytes, size);
    assert_int_equal(outcome.error, MRPC_ERR_MALFORMED);
    assert_string_equal(outcome.where.reason, reason);
    assert_string_equal(outcome.where.path, path);
    assert_int_equal(outcome.where.offset_bytes, offset);
}

/* @depth messages in all, the outermost included, each in field 18 of the one around it. Built from the back. */
static struct raw nested(size_t depth)
{
    size_t room = depth * 12 + 16;
    uint8_t *data = malloc(room), *at = data + room;
    for (size_t i = 1; i < depth; i++) {
        struct raw head = {0};
        raw_tag(&head, 18, 2);
        raw_varint(&head, (uint64_t)(data + room - at));
        at -= head.size;
        memcpy(at, head.data, head.size);
        raw_free(&head);
    }
    struct raw raw = {0};
    raw_put(&raw, at, (size_t)(data + room - at));
    free(data);
    return raw;
}

static int error_at_depth(size_t depth)
{
    struct raw raw = nested(depth);
    struct outcome outcome = decode_with(&raw, 0, NULL);
    raw_free(&raw);
    if (outcome.error)
        assert_string_equal(outcome.where.reason, "nested too deeply");
    return outcome.error;
}

static void P01_depth_100_is_accepted(void **state)
{
    assert_int_equal(error_at_depth(99), 0);
    assert_int_equal(error_at_depth(100), 0);
}

static void P01_depth_101_is_refused(void **state)
{
    assert_int_equal(error_at_depth(101), MRPC_ERR_MALFORMED);
    assert_int_equal(error_at_depth(10000), MRPC_ERR_MALFORMED);
    assert_int_equal(error_at_depth(1000000), MRPC_ERR_MALFORMED);
}

static void P01_the_depth_limit_can_be_chosen(void **state)
{
    struct mrpc_decode_options options = {.depth_limit = 2};
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    struct raw two = nested(2), three = nested(3);
    assert_int_equal(mrpc_decode(&mrpc__test__everything__info, two.data, two.size, &options, arena, &message, NULL),
                     0);
    assert_int_equal(
        mrpc_decode(&mrpc__test__everything__info, three.data, three.size, &options, arena, &message, NULL),
        MRPC_ERR_MALFORMED);
    raw_free(&two);
    raw_free(&three);
    mrpc_arena_free(arena);
}

static void P01_nested_unknown_groups_count_as_depth(void **state)
{
    for (size_t groups = 98; groups <= 101; groups++) {
        struct raw raw = {0};
        for (size_t i = 0; i < groups; i++)
            raw_tag(&raw, 1000, 3);
        for (size_t i = 0; i < groups; i++)
            raw_tag(&raw, 1000, 4);
        assert_int_equal(decode_with(&raw, 0, NULL).error, groups <= 99 ? 0 : MRPC_ERR_MALFORMED);
        raw_free(&raw);
    }
}

static void P02_repeated_empty_messages_end_at_the_budget(void **state)
{
    struct raw raw = {0};
    for (size_t i = 0; i < 1000000; i++)
        raw_block(&raw, 37, "", 0);
    struct outcome outcome = decode_with(&raw, 8 << 20, NULL);
    assert_int_equal(outcome.error, MRPC_ERR_LIMIT);
    assert_true(outcome.used_bytes <= 8 << 20);
    assert_string_equal(outcome.where.reason, "memory budget is spent");
    raw_free(&raw);
}

static void P03_unknown_fields_that_are_skipped_cost_no_memory(void **state)
{
    struct raw raw = {0};
    for (size_t i = 0; i < 1000000; i++)
        raw_number(&raw, 1000, 1);
    struct outcome outcome = decode_with(&raw, 4096, NULL);
    assert_int_equal(outcome.error, 0);
    raw_free(&raw);
}

static void P03_unpacked_numbers_cost_at_most_four_times_their_width(void **state)
{
    struct raw raw = {0};
    for (size_t i = 0; i < 1000000; i++)
        raw_number(&raw, 38, 1);
    struct outcome outcome = decode_with(&raw, 0, NULL);
    assert_int_equal(outcome.error, 0);
    assert_true(outcome.used_bytes < 1000000 * 4 * 4);
    raw_free(&raw);
}

/* The limits on it are far above what linear work takes under any sanitizer; quadratic work on these sizes takes hours.
 */
static double seconds_to_decode(struct raw *raw, void (*look)(const Mrpc__Test__Everything *))
{
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    struct outcome outcome = decode_with(raw, 0, look);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_int_equal(outcome.error, 0);
    return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}

static void check_merged(const Mrpc__Test__Everything *m)
{
    assert_int_equal(m->leaf->number, 3);
    assert_int_equal(m->leaf->n_numbers, 1000000);
}

static void P04_a_million_pieces_of_one_message_merge_in_linear_time(void **state)
{
    struct raw raw = {0};
    for (size_t i = 0; i < 1000000; i++)
        raw_block(&raw, 17, "\x08\x03\x18\x01", 4);
    assert_true(seconds_to_decode(&raw, check_merged) < 10);
    raw_free(&raw);
}

static void check_enum(const Mrpc__Test__Everything *m)
{
    assert_int_equal((int)m->colour, 77);
    assert_int_equal(m->n_colours, 2);
    assert_int_equal((int)m->colours[0], -1);
    assert_int_equal((int)m->colours[1], 1 << 30);
}

static void P05_unknown_and_negative_enum_values_are_kept(void **state)
{
    struct raw raw = {0};
    raw_number(&raw, 16, 77);
    raw_number(&raw, 36, UINT64_MAX);
    raw_number(&raw, 36, 1 << 30);
    assert_int_equal(decode_with(&raw, 0, check_enum).error, 0);
    raw_free(&raw);
}

static void P06_invalid_utf8_is_refused_with_offset_and_path(void **state)
{
    assert_refused("\x72\x03"
                   "a\xff"
                   "b",
                   5, "invalid UTF-8", 3, "a_string");
    struct raw raw = {0};
    raw_text(&raw, 34, "good");
    raw_text(&raw, 34, "\xc0\x80");
    assert_refused(raw.data, raw.size, "invalid UTF-8", 10, "strings[1]");
    raw_free(&raw);
}

static void P06_a_nul_in_a_string_is_refused(void **state)
{
    assert_refused("\x72\x03"
                   "a\0b",
                   5, "NUL in a string", 3, "a_string");
}

static void P06_proto2_strings_may_hold_any_byte_but_nul(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    struct mrpc_decode_error error;
    static const uint8_t odd[] = {8, 1, 18, 1, 0xff}, nul[] = {8, 1, 18, 1, 0};
    assert_int_equal(mrpc_decode(&mrpc__test__legacy__info, odd, sizeof(odd), NULL, arena, &message, NULL), 0);
    assert_int_equal(mrpc_decode(&mrpc__test__legacy__info, nul, sizeof(nul), NULL, arena, &message, &error),
                     MRPC_ERR_MALFORMED);
    assert_string_equal(error.reason, "NUL in a string");
    mrpc_arena_free(arena);
}

static void P06_the_path_of_a_nested_error_names_every_step(void **state)
{
    struct raw raw = {0};
    raw_text(&raw, 14, "\xff");
    raw_wrap(&raw, 2); /* nested.children[0] */
    raw_wrap(&raw, 19);
    raw_wrap(&raw, 18);
    struct outcome outcome = decode_with(&raw, 0, NULL);
    assert_string_equal(outcome.where.path, "self.nested.children[0].a_string");
    raw_free(&raw);
}

static void P06_a_long_path_is_cut(void **state)
{
    struct raw raw = {0};
    raw_text(&raw, 14, "\xff");
    for (int i = 0; i < 60; i++)
        raw_wrap(&raw, 18);
    struct outcome outcome = decode_with(&raw, 0, NULL);
    assert_int_equal(outcome.error, MRPC_ERR_MALFORMED);
    size_t length = strlen(outcome.where.path);
    assert_true(length < sizeof(outcome.where.path));
    assert_string_equal(outcome.where.path + length - 2, "..");
    raw_free(&raw);
}

static void check_untouched(const Mrpc__Test__Everything *m)
{
    assert_int_equal(m->an_int32, 5);
    assert_string_equal(m->a_string, "");
    assert_null(m->leaf);
    assert_int_equal(m->n_strings, 0);
}

static void P07_a_wrong_wire_type_makes_an_unknown_field(void **state)
{
    struct raw raw = {0};
    raw_number(&raw, 1, 5);
    raw_text(&raw, 1, "text for a number");
    raw_number(&raw, 14, 1);
    raw_number(&raw, 17, 1);
    raw_number(&raw, 34, 1);
    raw_tag(&raw, 1, 5), raw_put(&raw, "1234", 4);
    raw_tag(&raw, 1, 1), raw_put(&raw, "12345678", 8);
    assert_int_equal(decode_with(&raw, 0, check_untouched).error, 0);
    raw_free(&raw);
}

static void P07_groups_are_skipped_whatever_their_number(void **state)
{
    for (int known = 0; known <= 1; known++) {
        struct raw raw = {0};
        raw_tag(&raw, known ? 17 : 1000, 3);
        raw_number(&raw, 1, 9);
        raw_text(&raw, 2, "inside");
        raw_tag(&raw, 5, 3), raw_tag(&raw, 5, 4);
        raw_tag(&raw, known ? 17 : 1000, 4);
        raw_number(&raw, 1, 5);
        assert_int_equal(decode_with(&raw, 0, check_untouched).error, 0);
        raw_free(&raw);
    }
}

static void P07_groups_that_do_not_match_are_refused(void **state)
{
    assert_refused("\x0c", 1, "end of a group that was not begun", 0, "an_int32");
    assert_refused("\x0b\x14", 2, "end of another group", 0, "an_int32");
    assert_refused("\x0b\x08\x01", 3, "truncated group", 0, "an_int32");
    assert_refused("\x0b\x00\x00\x0c", 4, "field number 0", 0, "an_int32");
}

static void P07_wire_types_6_and_7_are_refused(void **state)
{
    assert_refused("\x0e\x00", 2, "wire type 6 or 7", 0, "an_int32");
    assert_refused("\x0f\x00", 2, "wire type 6 or 7", 0, "an_int32");
}

static void P08_field_number_0_is_refused(void **state)
{
    assert_refused("\x00\x00", 2, "field number 0", 0, "");
    assert_refused("\x80\x00\x00", 3, "field number 0", 0, "");
    assert_refused("\x02\x00", 2, "field number 0", 0, "");
}

static void P08_a_tag_over_five_bytes_or_32_bits_is_refused(void **state)
{
    assert_refused("\x88\x80\x80\x80\x80\x00\x05", 7, "truncated or over-long tag", 0, "");
    assert_refused("\x88\x80\x80\x80\x10\x05", 6, "truncated or over-long tag", 0, "");
}

static void P09_an_eleven_byte_varint_is_refused(void **state)
{
    assert_refused("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "truncated or over-long number", 1,
                   "an_int32");
}

static void P09_lengths_beyond_the_end_are_refused(void **state)
{
    assert_refused("\x72\x05"
                   "ab",
                   4, "length is beyond the end", 1, "a_string");
    assert_refused("\x72\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "length is beyond the end", 1, "a_string");
    assert_refused("\x8a\x01\x05\x12\x03"
                   "ab",
                   7, "length is beyond the end", 2, "leaf");
    assert_refused("\x8a\x01\x04\x12\x03"
                   "abc",
                   8, "length is beyond the end", 4, "leaf.text");
    assert_refused("\xaa\x01\x02\x01\x80", 5, "truncated or over-long number", 4, "int32s[1]");
    assert_refused("\xda\x01\x03"
                   "abc",
                   6, "truncated or over-long number", 3, "fixed32s[0]");
}

static void put_one_of_each(struct raw *raw)
{
    raw_number(raw, 1, 300);
    raw_tag(raw, 7, 5), raw_put(raw, "1234", 4);
    raw_tag(raw, 12, 1), raw_put(raw, "12345678", 8);
    raw_text(raw, 14, "text");
    raw_block(raw, 17, "\x08\x07\x22\x02\x08\x01", 6);
    raw_block(raw, 21, "\x01\x80\x02", 3);
    raw_block(raw, 41, "\x0a\x01k\x12\x01v", 6);
    raw_tag(raw, 1000, 3), raw_number(raw, 3, 700), raw_tag(raw, 1000, 4);
    raw_text(raw, 1001, "unknown");
}

/* Exact-size heap copies let AddressSanitizer see any byte read beyond the end. */
static void P09_a_message_cut_at_any_byte_never_reads_beyond(void **state)
{
    struct raw raw = {0};
    put_one_of_each(&raw);
    assert_int_equal(decode(raw.data, raw.size).error, 0);
    size_t refused = 0;
    for (size_t cut = 0; cut < raw.size; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, raw.data, cut);
        int error = decode(copy, cut).error;
        assert_true(error == 0 || error == MRPC_ERR_MALFORMED);
        refused += error != 0;
        free(copy);
    }
    assert_true(refused > raw.size / 2); /* only the cuts between fields are messages too */
    raw_free(&raw);
}

static void P09_every_one_byte_change_is_answered(void **state)
{
    struct raw raw = {0};
    put_one_of_each(&raw);
    for (size_t at = 0; at < raw.size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t *copy = malloc(raw.size);
            memcpy(copy, raw.data, raw.size);
            copy[at] = (uint8_t)value;
            int error = decode_with(&(struct raw){copy, raw.size, 0}, 1 << 20, NULL).error;
            assert_true(error == 0 || error == MRPC_ERR_MALFORMED);
            free(copy);
        }
    }
    raw_free(&raw);
}

static void check_one_label(const Mrpc__Test__Everything *m)
{
    assert_int_equal(m->n_labels, 1);
    assert_string_equal(m->labels[0]->value, "v");
}

static void P10_a_million_equal_map_keys_share_one_entry(void **state)
{
    struct raw raw = {0};
    for (size_t i = 0; i < 1000000; i++)
        raw_block(&raw, 41, "\x0a\x01k\x12\x01v", 6);
    assert_true(seconds_to_decode(&raw, check_one_label) < 10);
    raw_free(&raw);
}

static void check_many_keys(const Mrpc__Test__Everything *m)
{
    assert_int_equal(m->n_leaves_by_number, 200000);
    assert_int_equal(m->leaves_by_number[199999]->key, 199999);
}

static void P10_many_map_keys_take_linear_time(void **state)
{
    struct raw raw = {0};
    for (uint64_t i = 0; i < 200000; i++) {
        struct raw entry = {0};
        raw_number(&entry, 1, i);
        raw_block(&raw, 42, entry.data, entry.size);
        raw_free(&entry);
    }
    assert_true(seconds_to_decode(&raw, check_many_keys) < 10);
    raw_free(&raw);
}

static void check_last_choice(const Mrpc__Test__Everything *m)
{
    assert_int_equal(m->choice_case, MRPC__TEST__EVERYTHING__CHOICE_CHOICE_LEAF);
    assert_int_equal(m->choice_leaf->number, 2);
}

static void P10_a_oneof_set_a_million_times_takes_linear_time(void **state)
{
    struct raw raw = {0};
    for (size_t i = 0; i < 500000; i++) {
        raw_text(&raw, 51, "");
        raw_block(&raw, 52, "\x08\x02", 2);
    }
    assert_true(seconds_to_decode(&raw, check_last_choice) < 10);
    assert_int_equal(decode_with(&raw, 1 << 20, NULL).error, MRPC_ERR_LIMIT);
    raw_free(&raw);
}

static void P11_recursive_struct_values_are_bounded_in_depth(void **state)
{
    struct raw raw = {0};
    raw_block(&raw, 1, "\x20\x01", 2); /* a Value inside a ListValue */
    for (int i = 0; i < 60; i++) {
        raw_wrap(&raw, 6); /* Value.list_value */
        raw_wrap(&raw, 1); /* ListValue.values */
    }
    raw_wrap(&raw, 77);
    struct outcome outcome = decode_with(&raw, 0, NULL);
    assert_int_equal(outcome.error, MRPC_ERR_MALFORMED);
    assert_string_equal(outcome.where.reason, "nested too deeply");
    raw_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P01_depth_100_is_accepted),
        cmocka_unit_test(P01_depth_101_is_refused),
        cmocka_unit_test(P01_the_depth_limit_can_be_chosen),
        cmocka_unit_test(P01_nested_unknown_groups_count_as_depth),
        cmocka_unit_test(P02_repeated_empty_messages_end_at_the_budget),
        cmocka_unit_test(P03_unknown_fields_that_are_skipped_cost_no_memory),
        cmocka_unit_test(P03_unpacked_numbers_cost_at_most_four_times_their_width),
        cmocka_unit_test(P04_a_million_pieces_of_one_message_merge_in_linear_time),
        cmocka_unit_test(P05_unknown_and_negative_enum_values_are_kept),
        cmocka_unit_test(P06_invalid_utf8_is_refused_with_offset_and_path),
        cmocka_unit_test(P06_a_nul_in_a_string_is_refused),
        cmocka_unit_test(P06_proto2_strings_may_hold_any_byte_but_nul),
        cmocka_unit_test(P06_the_path_of_a_nested_error_names_every_step),
        cmocka_unit_test(P06_a_long_path_is_cut),
        cmocka_unit_test(P07_a_wrong_wire_type_makes_an_unknown_field),
        cmocka_unit_test(P07_groups_are_skipped_whatever_their_number),
        cmocka_unit_test(P07_groups_that_do_not_match_are_refused),
        cmocka_unit_test(P07_wire_types_6_and_7_are_refused),
        cmocka_unit_test(P08_field_number_0_is_refused),
        cmocka_unit_test(P08_a_tag_over_five_bytes_or_32_bits_is_refused),
        cmocka_unit_test(P09_an_eleven_byte_varint_is_refused),
        cmocka_unit_test(P09_lengths_beyond_the_end_are_refused),
        cmocka_unit_test(P09_a_message_cut_at_any_byte_never_reads_beyond),
        cmocka_unit_test(P09_every_one_byte_change_is_answered),
        cmocka_unit_test(P10_a_million_equal_map_keys_share_one_entry),
        cmocka_unit_test(P10_many_map_keys_take_linear_time),
        cmocka_unit_test(P10_a_oneof_set_a_million_times_takes_linear_time),
        cmocka_unit_test(P11_recursive_struct_values_are_bounded_in_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

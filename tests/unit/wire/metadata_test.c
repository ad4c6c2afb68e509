/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#include "failing_malloc.h"
#include "wire/base64.h"
#include "wire/metadata_wire.h"

static void assert_base64(const char *bytes, size_t size, const char *unpadded, const char *padded)
{
    char text[64];
    uint8_t back[64];
    size_t back_bytes = 0;
    const char *const forms[] = {unpadded, padded};
    for (int pad = 0; pad <= 1; pad++) {
        assert_int_equal(mrpc_base64_encoded_size(size, pad), strlen(forms[pad]));
        assert_ptr_equal(mrpc_base64_encode(bytes, size, pad, text), text + strlen(forms[pad]));
        assert_memory_equal(text, forms[pad], strlen(forms[pad]));
        assert_true(mrpc_base64_decoded_bound(strlen(forms[pad])) >= size);
        assert_int_equal(mrpc_base64_decode(forms[pad], strlen(forms[pad]), back, &back_bytes), 0);
        assert_int_equal(back_bytes, size);
        if (size)
            assert_memory_equal(back, bytes, size);
    }
}

static void base64_agrees_with_the_vectors_of_rfc_4648(void **state)
{
    assert_base64("", 0, "", "");
    assert_base64("f", 1, "Zg", "Zg==");
    assert_base64("fo", 2, "Zm8", "Zm8=");
    assert_base64("foo", 3, "Zm9v", "Zm9v");
    assert_base64("foob", 4, "Zm9vYg", "Zm9vYg==");
    assert_base64("fooba", 5, "Zm9vYmE", "Zm9vYmE=");
    assert_base64("foobar", 6, "Zm9vYmFy", "Zm9vYmFy");
    assert_base64("\xfb\xff\xfe\0", 4, "+//+AA", "+//+AA==");
}

static void G12_bad_base64_is_refused(void **state)
{
    static const char *const cases[] = {"A",     "AAAAA", "=",    "==",   "====",  "A===", "AA=",  "AAA==",
                                        "AA==A", "A A=",  "AA-_", "AA\n", "AAAA=", "A=A=", "AA=A", "AAAA===="};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t out[64];
        size_t size;
        assert_int_equal(mrpc_base64_decode(cases[i], strlen(cases[i]), out, &size), MRPC_ERR_MALFORMED);
    }
}

struct fixture {
    struct mrpc_arena *arena;
    struct mrpc_metadata metadata;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->arena = f->metadata.arena = mrpc_arena_new(0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    mrpc_arena_free(f->arena);
    free(f);
    return 0;
}

static int add_wire(struct fixture *f, const char *name, const char *value)
{
    return mrpc_metadata_add_wire(&f->metadata, name, strlen(name), value, strlen(value));
}

static void entries_keep_their_order_and_equal_keys_too(void **state)
{
    struct fixture *f = *state;
    char value[16];
    for (int i = 0; i < 100; i++) {
        snprintf(value, sizeof(value), "%d", i);
        assert_int_equal(mrpc_metadata_add_text(&f->metadata, i % 2 ? "odd" : "even", value), 0);
    }
    assert_int_equal(f->metadata.count, 100);
    for (int i = 0; i < 100; i++) {
        snprintf(value, sizeof(value), "%d", i);
        assert_string_equal(f->metadata.entries[i].key, i % 2 ? "odd" : "even");
        assert_string_equal(f->metadata.entries[i].value, value);
    }
    assert_ptr_equal(mrpc_metadata_find(&f->metadata, "odd"), &f->metadata.entries[1]);
    assert_null(mrpc_metadata_find(&f->metadata, "od"));
}

static void G18_keys_and_values_that_the_wire_forbids_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const keys[] = {"",          "Upper", "with space",   "grpc-status", "grpc-x",     ":path",
                                       "k\xc3\xbc", "a:b",   "content-type", "te",          "connection", "host"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_int_equal(mrpc_metadata_add_text(&f->metadata, keys[i], "v"), MRPC_ERR_INVALID);
    static const char *const values[] = {"\n", "a\tb", "\x7f", "\xc3\xbc", "\x1f"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(mrpc_metadata_add_text(&f->metadata, "key", values[i]), MRPC_ERR_INVALID);
        assert_int_equal(mrpc_metadata_add_text(&f->metadata, "key-bin", values[i]), 0);
    }
    assert_int_equal(mrpc_metadata_add(&f->metadata, "key", "a\0b", 3), MRPC_ERR_INVALID);
    assert_int_equal(mrpc_metadata_add_text(&f->metadata, "a0_.-", " ~"), 0);
    assert_int_equal(f->metadata.count, 6);
}

static void G12_binary_values_are_decoded_padded_or_not(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_wire(f, "a-bin", "AAEC"), 0);
    assert_int_equal(add_wire(f, "a-bin", "AAE="), 0);
    assert_int_equal(add_wire(f, "a-bin", "AAE"), 0);
    assert_int_equal(add_wire(f, "a-bin", ""), 0);
    assert_int_equal(f->metadata.count, 4);
    assert_memory_equal(f->metadata.entries[0].value, "\0\1\2\0", 4); /* a NUL follows */
    assert_int_equal(f->metadata.entries[0].value_bytes, 3);
    assert_int_equal(f->metadata.entries[1].value_bytes, 2);
    assert_int_equal(f->metadata.entries[2].value_bytes, 2);
    assert_int_equal(f->metadata.entries[3].value_bytes, 0);
}

static void G12_comma_joined_binary_values_are_split_before_decoding(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_wire(f, "a-bin", "AA==,AQ, Ag== ,"), 0);
    assert_int_equal(f->metadata.count, 4);
    assert_memory_equal(f->metadata.entries[1].value, "\1", 2);
    assert_memory_equal(f->metadata.entries[2].value, "\2", 2);
    assert_int_equal(f->metadata.entries[3].value_bytes, 0);
    assert_int_equal(add_wire(f, "text", "a,b"), 0);
    assert_string_equal(f->metadata.entries[4].value, "a,b");
}

static void G12_a_bad_binary_value_fails_the_header(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_wire(f, "a-bin", "A"), MRPC_ERR_MALFORMED);
    assert_int_equal(add_wire(f, "a-bin", "AA==,!"), MRPC_ERR_MALFORMED);
}

static void text_from_the_wire_is_trimmed_and_checked(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_wire(f, "k", " \tvalue with space \t"), 0);
    assert_string_equal(f->metadata.entries[0].value, "value with space");
    assert_int_equal(add_wire(f, "k", "\x01"), MRPC_ERR_MALFORMED);
    assert_int_equal(add_wire(f, "Key", "v"), MRPC_ERR_MALFORMED);
    assert_int_equal(add_wire(f, "", "v"), MRPC_ERR_MALFORMED);
}

static void binary_values_go_out_unpadded(void **state)
{
    struct fixture *f = *state;
    size_t size;
    assert_int_equal(mrpc_metadata_add(&f->metadata, "a-bin", "\0\1", 2), 0);
    assert_int_equal(mrpc_metadata_add_text(&f->metadata, "a", "plain"), 0);
    const char *text = mrpc_metadata_wire_value(&f->metadata.entries[0], f->arena, &size);
    assert_string_equal(text, "AAE");
    assert_int_equal(size, 3);
    assert_ptr_equal(mrpc_metadata_wire_value(&f->metadata.entries[1], f->arena, &size), f->metadata.entries[1].value);
    assert_int_equal(size, 5);
}

static void reserved_names_are_told_from_a_programs_own(void **state)
{
    static const char *const reserved[] = {":path", "grpc-timeout", "content-type", "te", "connection"};
    static const char *const own[] = {"user-agent", "authorization", "grpc", "x-grpc-y", "tea"};
    for (size_t i = 0; i < 5; i++) {
        assert_true(mrpc_metadata_reserved(reserved[i], strlen(reserved[i])));
        assert_false(mrpc_metadata_reserved(own[i], strlen(own[i])));
    }
    assert_true(mrpc_metadata_binary("x-bin", 5));
    assert_false(mrpc_metadata_binary("-bin", 4));
    assert_false(mrpc_metadata_binary("x-bing", 6));
}

static void the_budget_and_memory_running_out_are_told_apart(void **state)
{
    struct mrpc_arena *small = mrpc_arena_new(512);
    struct mrpc_metadata metadata = {.arena = small};
    int error;
    while ((error = mrpc_metadata_add_text(&metadata, "key", "some value")) == 0)
        continue;
    assert_int_equal(error, MRPC_ERR_LIMIT);
    mrpc_arena_free(small);

    small = mrpc_arena_new(0);
    metadata = (struct mrpc_metadata){.arena = small};
    failing_malloc_at(1, 1);
    assert_int_equal(mrpc_metadata_add_text(&metadata, "key", "v"), MRPC_ERR_NOMEM);
    assert_int_equal(mrpc_metadata_add_wire(&metadata, "k-bin", 5, "AA", 2), MRPC_ERR_NOMEM);
    failing_malloc_at(0, 0);
    assert_int_equal(metadata.count, 0);
    mrpc_arena_free(small);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_agrees_with_the_vectors_of_rfc_4648),
        cmocka_unit_test(G12_bad_base64_is_refused),
        CASE(entries_keep_their_order_and_equal_keys_too),
        CASE(G18_keys_and_values_that_the_wire_forbids_are_refused),
        CASE(G12_binary_values_are_decoded_padded_or_not),
        CASE(G12_comma_joined_binary_values_are_split_before_decoding),
        CASE(G12_a_bad_binary_value_fails_the_header),
        CASE(text_from_the_wire_is_trimmed_and_checked),
        CASE(binary_values_go_out_unpadded),
        cmocka_unit_test(reserved_names_are_told_from_a_programs_own),
        cmocka_unit_test(the_budget_and_memory_running_out_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

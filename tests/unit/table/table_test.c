/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "table/table.h"

static void holds_columns_of_every_format(void **state)
{
    static const char *const formats[] = {"g", "f", "l", "i", "b", "u", "tdD", "tsn:UTC"};
    struct table *table = table_new(70);
    struct fault fault = FAULT_INIT;

    assert_non_null(table);
    for (size_t i = 0; i < 8; i++) {
        struct table_column column;
        assert_int_equal(table_add(table, formats[i], formats[i], formats[i][0] == 'u' ? 100 : 0, 1, &column, &fault),
                         0);
        assert_int_equal((uintptr_t)column.values % 64, 0);
        assert_int_equal(column.length, 70);
        assert_int_equal(column.null_count, 70);
        assert_int_equal(table_count_valid(column.validity, 70), 0);
        memset(column.values, 0xff, column.values_bytes);
    }
    assert_int_equal(table_columns(&table->array), 8);
    assert_int_equal(table_find(&table->schema, "tdD"), 6);
    assert_int_equal(table_find(&table->schema, "absent"), -1);
    table_free(table);
}

static void refuses_unknown_formats_and_double_names(void **state)
{
    struct table *table = table_new(3);
    struct fault fault = FAULT_INIT;

    assert_int_equal(table_add(table, "a", "+l", 0, 0, NULL, &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(table_add(table, "a", "", 0, 0, NULL, &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(table_add(table, "a", "g", 0, 0, NULL, &fault), 0);
    assert_int_equal(table_add(table, "a", "l", 0, 0, NULL, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "\"a\""));
    assert_int_equal(table_columns(&table->array), 1);
    assert_null(table_new(-1));
    table_free(table);
}

static void has_no_rows_when_asked(void **state)
{
    struct table *table = table_new(0);
    struct table_column column;
    struct fault fault = FAULT_INIT;

    assert_int_equal(table_add(table, "text", "u", 0, 1, &column, &fault), 0);
    assert_int_equal(column.offsets[0], 0);
    assert_int_equal(table_rows(&table->array), 0);
    table_free(table);
}

/* It grows beyond what it was made for, owns nothing, and may point to what lies elsewhere. */
static void lies_in_an_arena_and_borrows_columns(void **state)
{
    static const double values[3] = {1, 2, 3};
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct table *table = table_new_in(arena, 3, 1);
    struct table_column column;
    struct fault fault = FAULT_INIT;

    assert_non_null(table);
    assert_int_equal(table_add_borrowed(table, "lent", "g", values, &fault), 0);
    assert_int_equal(table_add_borrowed(table, "lent", "g", values, &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(table_add_borrowed(table, "other", "x", values, &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(table_add(table, "text", "u", 5, 1, &column, &fault), 0);
    memcpy(column.values, "abcde", 5);
    assert_int_equal(table_set_text(table, 1, "other", 5, &fault), 0);
    assert_int_equal(table_add(table, "own", "l", 0, 0, &column, &fault), 0);
    ((int64_t *)column.values)[2] = 7;
    assert_int_equal((uintptr_t)column.values % 64, 0);

    assert_int_equal(table_columns(&table->array), 3);
    table_column_view(&table->schema, &table->array, 0, &column);
    assert_ptr_equal(column.values, values);
    assert_string_equal(column.name, "lent");
    assert_int_equal(column.null_count, 0);
    assert_int_equal(column.values_bytes, sizeof(values));
    table_column_view(&table->schema, &table->array, 1, &column);
    assert_memory_equal(column.values, "other", 5);
    table_column_view(&table->schema, &table->array, 2, &column);
    assert_int_equal(((int64_t *)column.values)[2], 7);
    table_free(table); /* nothing */
    mrpc_arena_free(arena);
}

static void says_when_an_arena_is_full(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(400);
    struct table *table = table_new_in(arena, 1, 1);
    struct fault fault = FAULT_INIT;

    assert_non_null(table);
    assert_int_equal(table_add(table, "own", "g", 0, 0, NULL, &fault), MRPC_RESOURCE_EXHAUSTED);
    mrpc_arena_free(arena);
    assert_null(table_new_in(NULL, -1, 1));
}

static void counts_set_bits_to_the_last_row_only(void **state)
{
    uint8_t map[17];

    memset(map, 0xff, sizeof(map));
    for (int64_t rows = 0; rows <= 136; rows++)
        assert_int_equal(table_count_valid(map, rows), rows);
    map[0] = 0xfe;
    assert_int_equal(table_count_valid(map, 130), 129);
}

static void takes_text_only_in_order_and_utf8(void **state)
{
    static const char text[] = "a\xc3\xa9\xf0\x9f\x98\x80";
    static const struct {
        int32_t offsets[4];
        const char *text;
        size_t bytes;
        int valid;
    } cases[] = {
        {{0, 1, 3, 7}, text, 7, 1},
        {{0, 0, 0, 0}, text, 0, 1},
        {{1, 1, 3, 7}, text, 7, 0},
        {{0, 2, 3, 7}, text, 7, 0},
        {{0, 3, 1, 7}, text, 7, 0},
        {{0, 1, 3, 8}, text, 7, 0},
        {{0, -1, 3, 7}, text, 7, 0},
        {{0, 2, 2, 2}, "\xc0\xaf", 2, 0},
        {{0, 3, 3, 3}, "\xed\xa0\x80", 3, 0},
        {{0, 4, 4, 4}, "\xf4\x90\x80\x80", 4, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(table_text_valid(cases[i].offsets, 3, cases[i].text, cases[i].bytes), cases[i].valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_columns_of_every_format),
        cmocka_unit_test(refuses_unknown_formats_and_double_names),
        cmocka_unit_test(has_no_rows_when_asked),
        cmocka_unit_test(lies_in_an_arena_and_borrows_columns),
        cmocka_unit_test(says_when_an_arena_is_full),
        cmocka_unit_test(counts_set_bits_to_the_last_row_only),
        cmocka_unit_test(takes_text_only_in_order_and_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

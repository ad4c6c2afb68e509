/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../csv/printed.h"
#include "execution/dataset/arrow_dataset.h"
#include "test.h"

static struct table *load(const struct dataset_schema *schema, const char *bytes, size_t size, uint64_t first,
                          uint64_t count)
{
    struct fault fault = FAULT_INIT;
    struct table *table;
    struct dataset_wanted wanted = {.first_row = first, .row_count = count};
    if (dataset_arrow_load(bytes, size, schema, &wanted, &table, &fault))
        fail_msg("%s", fault.text);
    return table;
}

/* The case as make_cases.py would print it. */
static char *print_case(const char *bytes, size_t size)
{
    struct fault fault = FAULT_INIT;
    struct dataset_schema *schema;
    if (dataset_arrow_scan(bytes, size, NULL, 0, &schema, &fault))
        fail_msg("%s", fault.text);
    struct table *table = load(schema, bytes, size, 0, 0);
    char *text = printed_table(schema, table);
    table_free(table);
    dataset_schema_free(schema);
    return text;
}

static void check_case(const char *name)
{
    size_t size, expected_size;
    char *bytes = printed_read("cases", name, ".arrow", &size);
    char *expected = printed_read("expected", name, ".txt", &expected_size);
    char *printed = print_case(bytes, size);
    print_message("%s\n", name);
    assert_string_equal(printed, strchr(expected, '\n') + 1);
    free(bytes);
    free(expected);
    free(printed);
}

static void reads_what_pyarrow_reads(void **state)
{
    DIR *folder = opendir("cases");
    size_t count = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || !dot)
            continue;
        *dot = 0;
        check_case(entry->d_name);
        count++;
    }
    closedir(folder);
    assert_true(count >= 16);
}

/* Across the borders of batches, plain and compressed. */
static void loads_any_rows(void **state)
{
    static const char *const names[] = {"long_plain", "long_lz4", "long_zstd"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size;
        struct fault fault = FAULT_INIT;
        struct dataset_schema *schema;
        char *bytes = printed_read("cases", names[i], ".arrow", &size);
        assert_int_equal(dataset_arrow_scan(bytes, size, NULL, 0, &schema, &fault), 0);
        struct table *whole = load(schema, bytes, size, 0, 0), *part = load(schema, bytes, size, 95, 705);
        struct table_column all, some;
        table_column_view(&whole->schema, &whole->array, 0, &all);
        table_column_view(&part->schema, &part->array, 0, &some);
        assert_int_equal(some.length, 705);
        assert_memory_equal(some.values, (int64_t *)all.values + 95, 705 * sizeof(int64_t));
        table_column_view(&whole->schema, &whole->array, 2, &all);
        table_column_view(&part->schema, &part->array, 2, &some);
        assert_memory_equal(some.values, (char *)all.values + all.offsets[95], (size_t)some.offsets[705]);
        table_free(whole);
        table_free(part);
        dataset_schema_free(schema);
        free(bytes);
    }
}

static void says_what_is_not_held(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"list", "column \"x\": a list of this kind is not held"},
        {"decimal", "column \"x\": a decimal of this kind is not held"},
        {"binary", "column \"x\": a binary of this kind is not held"},
        {"view", "column \"x\": a text view of this kind is not held"},
        {"zone", "column \"x\": a timestamp of this kind is not held"},
        {"time_of_day", "column \"x\", row 2: Arrow: a time of day, where dates alone are held"},
        {"large_whole", "column \"x\", row 2: a whole number above 2^63 - 1"},
        {"late", "column \"x\", row 1: Arrow: a date beyond the years 1 to 9999"},
        {"nul", "column \"x\", row 1: Arrow: a text that is not UTF-8 or holds a NUL"},
        {"twice", "column 2: a second column \"x\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size;
        struct fault fault = FAULT_INIT;
        struct dataset_schema *schema;
        char *bytes = printed_read("refused", cases[i].name, ".arrow", &size);
        assert_int_equal(dataset_arrow_scan(bytes, size, NULL, 0, &schema, &fault), MRPC_INVALID_ARGUMENT);
        if (!strstr(fault.text, cases[i].text))
            fail_msg("%s: %s", cases[i].name, fault.text);
        free(bytes);
    }
}

/* A stream may end between its messages, a file nowhere. */
static void says_that_the_end_is_missing(void **state)
{
    static const struct {
        const char *name;
        size_t ends; /* where it is whole, its own end apart */
    } cases[] = {{"texts_file", 0}, {"texts_stream", 5}, {"texts_lz4", 5}, {"numbers_stream", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size, whole = 0;
        char *bytes = printed_read("cases", cases[i].name, ".arrow", &size);
        for (size_t cut = 0; cut < size; cut++) {
            struct fault fault = FAULT_INIT;
            struct dataset_schema *schema;
            char *copy = malloc(cut + 1); /* so that a sanitizer sees what is read behind it */
            memcpy(copy, bytes, cut);
            int code = dataset_arrow_scan(copy, cut, NULL, 0, &schema, &fault);
            free(copy);
            whole += code == 0;
            if (!code)
                dataset_schema_free(schema);
            else
                assert_int_equal(code, MRPC_INVALID_ARGUMENT);
        }
        assert_int_equal(whole, cases[i].ends);
        free(bytes);
    }
}

static void holds_columns_to_their_required_types(void **state)
{
    size_t size;
    struct fault fault = FAULT_INIT;
    struct dataset_schema *schema;
    char *bytes = printed_read("cases", "numbers_file", ".arrow", &size);
    struct dataset_requirement number = {"int8", DATASET_DOUBLE}, text = {"int8", DATASET_TEXT},
                               absent = {"int9", DATASET_UNKNOWN}, nothing = {"nothing", DATASET_DATE};
    assert_int_equal(dataset_arrow_scan(bytes, size, &text, 1, &schema, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.text, "column \"int8\" holds whole numbers, not texts");
    assert_int_equal(dataset_arrow_scan(bytes, size, &absent, 1, &schema, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.text, "the file has no column \"int9\"");
    assert_int_equal(dataset_arrow_scan(bytes, size, &nothing, 1, &schema, &fault), 0);
    assert_int_equal(schema->columns[dataset_schema_find(schema, "nothing", 7)].type, DATASET_DATE);
    dataset_schema_free(schema);
    assert_int_equal(dataset_arrow_scan(bytes, size, &number, 1, &schema, &fault), 0);
    struct table *table = load(schema, bytes, size, 0, 0);
    struct table_column column;
    table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, "int8"), &column);
    assert_string_equal(column.format, "g");
    assert_true(((double *)column.values)[3] == 127);
    table_free(table);
    dataset_schema_free(schema);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_pyarrow_reads),
        cmocka_unit_test(loads_any_rows),
        cmocka_unit_test(says_what_is_not_held),
        cmocka_unit_test(says_that_the_end_is_missing),
        cmocka_unit_test(holds_columns_to_their_required_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

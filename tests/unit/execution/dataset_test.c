/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/load.h"
#include "execution/dataset/scan.h"
#include "test.h"

static int scan(const char *csv, const struct dataset_requirement *required, size_t count,
                struct dataset_schema **schema, struct fault *fault)
{
    struct dataset_scan *scan = dataset_scan_new(dataset_schema_new(0, false, NULL, 0), required, count);
    assert_non_null(scan);
    int code = dataset_scan_feed(scan, csv, strlen(csv), fault);
    if (!code)
        code = dataset_scan_finish(scan, fault);
    if (!code)
        *schema = dataset_scan_take(scan);
    dataset_scan_free(scan);
    return code;
}

static void finds_types_and_statistics(void **state)
{
    struct dataset_schema *schema;
    struct fault fault = FAULT_INIT;
    assert_int_equal(scan("day,close,volume,note,up,mixed,none\n"
                          "2026-01-02,1.5,100,aé,true,1,\n"
                          "2026-01-03,NA,200,\"\",False,x,NA\n"
                          "2026-01-04, 2.5 ,-300,NaN,TRUE,2,null\n",
                          NULL, 0, &schema, &fault),
                     0);
    assert_int_equal(schema->row_count, 3);
    assert_int_equal(schema->delimiter, ',');
    static const enum dataset_type types[] = {DATASET_DATE, DATASET_DOUBLE, DATASET_INTEGER, DATASET_TEXT,
                                              DATASET_BOOL, DATASET_TEXT,   DATASET_DOUBLE};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(schema->columns[i].type, types[i]);
    const struct dataset_column *close = &schema->columns[1];
    assert_int_equal(close->null_count, 1);
    assert_true(close->minimum == 1.5 && close->maximum == 2.5 && close->mean == 2.0 && close->squares == 0.5);
    assert_true(schema->columns[2].minimum == -300);
    assert_int_equal(schema->columns[3].null_count, 2);
    assert_int_equal(schema->columns[3].longest_bytes, 3);
    assert_int_equal(schema->columns[6].null_count, 3);
    dataset_schema_free(schema);
}

static void says_what_is_wrong_and_where(void **state)
{
    static const struct dataset_requirement close = {"close", DATASET_DOUBLE};
    static const struct {
        const char *csv;
        const struct dataset_requirement *required;
        const char *error;
    } table[] = {
        {"a,b\n1,2\n1,2,3\n", NULL, "line 3: 3 fields where the header has 2"},
        {"a,b\n1\n", NULL, "line 2: 1 field where the header has 2"},
        {"day,close\n2026-01-02,1\n2026-01-03,abc\n", &close, "line 3, column 2 (close): \"abc\" is not a number"},
        {"day,closing\n2026-01-02,1\n", &close, "the header has no column \"close\""},
        {"a,b,a\n", NULL, "line 1, column 3: a second column \"a\""},
        {"a,b\nx,\xff\n", NULL, "line 2, column 2 (b): not UTF-8"},
        {"a,b\x01\n", NULL, "line 1, column 2: a control character in the name"},
        {"", NULL, "the file has no columns"},
        {"\n\n", NULL, "the file has no columns"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct dataset_schema *schema;
        struct fault fault = FAULT_INIT;
        assert_int_equal(scan(table[i].csv, table[i].required, table[i].required != NULL, &schema, &fault),
                         MRPC_INVALID_ARGUMENT);
        assert_string_equal(fault.text, table[i].error);
    }
}

static struct table *load(const struct dataset_schema *schema, const char *csv, const struct dataset_wanted *wanted)
{
    struct dataset_loader *loader;
    struct fault fault = FAULT_INIT;
    struct table *table = NULL;
    assert_int_equal(dataset_loader_new(schema, wanted, &loader, &fault), 0);
    for (const char *at = csv; *at; at++)
        assert_int_equal(dataset_loader_feed(loader, at, 1, &fault), 0);
    if (dataset_loader_finish(loader, &table, &fault))
        fail_msg("%s", fault.text);
    dataset_loader_free(loader);
    return table;
}

static const char sample[] = "note,n,x,day,up\n"
                             "\"a,b\",1,1.5,1970-01-02,true\n"
                             ",2,,1970-01-03,false\n"
                             "c,3,2.5,,true\n";

static void loads_values_and_nulls(void **state)
{
    struct dataset_schema *schema;
    struct fault fault = FAULT_INIT;
    assert_int_equal(scan(sample, NULL, 0, &schema, &fault), 0);
    struct table *table = load(schema, sample, &(struct dataset_wanted){0});
    assert_int_equal(table_rows(&table->array), 3);
    assert_int_equal(table_columns(&table->array), 5);
    struct table_column column;
    table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, "n"), &column);
    assert_string_equal(column.format, "l");
    assert_int_equal(((int64_t *)column.values)[2], 3);
    assert_null(column.validity);
    table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, "x"), &column);
    assert_int_equal(column.null_count, 1);
    assert_int_equal(column.validity[0], 5);
    assert_true(((double *)column.values)[2] == 2.5);
    table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, "day"), &column);
    assert_int_equal(((int32_t *)column.values)[1], 2);
    assert_int_equal(column.validity[0], 3);
    table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, "up"), &column);
    assert_int_equal(((uint8_t *)column.values)[0], 5);
    table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, "note"), &column);
    assert_int_equal(column.offsets[3], 4);
    assert_memory_equal(column.values, "a,bc", 4);
    assert_int_equal(column.validity[0], 5);
    table_free(table);
    dataset_schema_free(schema);
}

static void loads_some_rows_of_some_columns(void **state)
{
    static const char *const names[] = {"x", "n"};
    struct dataset_schema *schema;
    struct fault fault = FAULT_INIT;
    assert_int_equal(scan(sample, NULL, 0, &schema, &fault), 0);
    struct dataset_wanted wanted = {.first_row = 2, .row_count = 5, .columns = names, .column_count = 2};
    struct table *table = load(schema, sample, &wanted);
    assert_int_equal(table_rows(&table->array), 1);
    struct table_column column;
    table_column_view(&table->schema, &table->array, 1, &column);
    assert_string_equal(column.name, "n");
    assert_int_equal(((int64_t *)column.values)[0], 3);
    table_free(table);
    table = load(schema, sample, &(struct dataset_wanted){.first_row = 10});
    assert_int_equal(table_rows(&table->array), 0);
    table_free(table);
    dataset_schema_free(schema);
}

static void refuses_bytes_that_changed_since_the_scan(void **state)
{
    struct dataset_schema *schema;
    struct fault fault = FAULT_INIT;
    struct dataset_loader *loader;
    struct table *table;
    assert_int_equal(scan("a\n1\n2\n", NULL, 0, &schema, &fault), 0);
    assert_int_equal(dataset_loader_new(schema, &(struct dataset_wanted){0}, &loader, &fault), 0);
    assert_int_equal(dataset_loader_feed(loader, "a\nx\n2\n", 6, &fault), MRPC_DATA_LOSS);
    dataset_loader_free(loader);
    assert_int_equal(dataset_loader_new(schema, &(struct dataset_wanted){0}, &loader, &fault), 0);
    assert_int_equal(dataset_loader_feed(loader, "a\n1\n", 4, &fault), 0);
    assert_int_equal(dataset_loader_finish(loader, &table, &fault), MRPC_DATA_LOSS);
    dataset_loader_free(loader);
    dataset_schema_free(schema);
}

/* Many small deviations from a large mean, in pieces of every size, beside long double in two passes. */
static void statistics_of_many_values_are_as_exact_as_of_each(void **state)
{
    enum { COUNT = 5000 };
    static double values[COUNT];
    struct dataset_column column = {0};
    long double sum = 0, squares = 0;
    for (int i = 0; i < COUNT; i++)
        sum += values[i] = 1e9 + i * 7919 % 1000 / 1000.0;
    for (int i = 0; i < COUNT; i++)
        squares += (values[i] - sum / COUNT) * (values[i] - sum / COUNT);
    for (size_t at = 0, piece = 1; at < COUNT; at += piece, piece = piece % 64 + 1) {
        piece = piece < COUNT - at ? piece : COUNT - at;
        dataset_column_count_all(&column, at, values + at, piece);
    }
    assert_true(fabs(column.mean - (double)(sum / COUNT)) < 1e-6);
    assert_true(fabs(column.squares / (double)squares - 1) < 1e-6);
    assert_true(column.minimum == 1e9 && column.maximum == 1e9 + 0.999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_types_and_statistics),
        cmocka_unit_test(statistics_of_many_values_are_as_exact_as_of_each),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(loads_values_and_nulls),
        cmocka_unit_test(loads_some_rows_of_some_columns),
        cmocka_unit_test(refuses_bytes_that_changed_since_the_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

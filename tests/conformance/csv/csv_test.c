/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/load.h"
#include "execution/dataset/number.h"
#include "execution/dataset/scan.h"
#include "test.h"

static char *read_file(const char *folder, const char *name, const char *ending, size_t *size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *bytes = calloc(1, 1 << 20);
    *size = fread(bytes, 1, (1 << 20) - 1, file);
    fclose(file);
    return bytes;
}

static void print_value(FILE *out, const struct table_column *column, int64_t row)
{
    char text[11];
    uint64_t bits;
    if (column->validity && !(column->validity[row / 8] >> row % 8 & 1)) {
        fputs("-", out);
    } else if (strcmp(column->format, "g") == 0) {
        memcpy(&bits, (double *)column->values + row, sizeof bits);
        fprintf(out, "%016llx", (unsigned long long)bits);
    } else if (strcmp(column->format, "l") == 0) {
        fprintf(out, "%lld", (long long)((int64_t *)column->values)[row]);
    } else if (strcmp(column->format, "tdD") == 0) {
        number_date_text(((int32_t *)column->values)[row], text);
        fputs(text, out);
    } else if (strcmp(column->format, "b") == 0) {
        fputs(((uint8_t *)column->values)[row / 8] >> row % 8 & 1 ? "true" : "false", out);
    } else {
        fwrite((char *)column->values + column->offsets[row], 1,
               (size_t)(column->offsets[row + 1] - column->offsets[row]), out);
    }
    fputc('\n', out);
}

static void print_table(FILE *out, const struct dataset_schema *schema, const struct table *table)
{
    static const char *const kinds[] = {"", "double", "integer", "text", "bool", "date"};
    for (size_t i = 0; i < schema->column_count; i++) {
        struct table_column column;
        fprintf(out, "%s %s\n", schema->columns[i].name, kinds[schema->columns[i].type]);
        table_column_view(&table->schema, &table->array, (size_t)table_find(&table->schema, schema->columns[i].name),
                          &column);
        for (int64_t row = 0; row < column.length; row++)
            print_value(out, &column, row);
    }
}

/* The case as make_expected.py would print it. */
static char *print_case(const char *csv, size_t size)
{
    struct fault fault = FAULT_INIT;
    struct dataset_scan *scan = dataset_scan_new(dataset_schema_new(0, false, NULL, 0), NULL, 0);
    struct dataset_loader *loader;
    struct table *table;
    if (dataset_scan_feed(scan, csv, size, &fault) || dataset_scan_finish(scan, &fault))
        fail_msg("%s", fault.text);
    struct dataset_schema *schema = dataset_scan_take(scan);
    dataset_scan_free(scan);
    assert_int_equal(dataset_loader_new(schema, &(struct dataset_wanted){0}, &loader, &fault), 0);
    assert_int_equal(dataset_loader_feed(loader, csv, size, &fault), 0);
    assert_int_equal(dataset_loader_finish(loader, &table, &fault), 0);
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    print_table(out, schema, table);
    fclose(out);
    dataset_loader_free(loader);
    table_free(table);
    dataset_schema_free(schema);
    return text;
}

static void reads_what_pandas_reads(void **state)
{
    DIR *folder = opendir("cases");
    size_t count = 0, size;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || !dot)
            continue;
        *dot = 0;
        char *csv = read_file("cases", entry->d_name, ".csv", &size);
        char *printed = print_case(csv, size);
        char *expected = read_file("expected", entry->d_name, ".txt", &size);
        print_message("%s\n", entry->d_name);
        assert_string_equal(printed, strchr(expected, '\n') + 1);
        free(csv);
        free(printed);
        free(expected);
        count++;
    }
    closedir(folder);
    assert_true(count >= 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_pandas_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

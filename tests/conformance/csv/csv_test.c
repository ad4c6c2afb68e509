/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/load.h"
#include "execution/dataset/scan.h"
#include "printed.h"
#include "test.h"

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
    char *text = printed_table(schema, table);
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
        char *csv = printed_read("cases", entry->d_name, ".csv", &size);
        char *printed = print_case(csv, size);
        char *expected = printed_read("expected", entry->d_name, ".txt", &size);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/csv.h"
#include "test.h"

/* Rows written out as "LINE[field|field]" so that a whole parse compares as one text. */
struct transcript {
    char text[4096];
    size_t bytes;
};

static void put(struct transcript *transcript, const char *bytes, size_t size)
{
    assert_true(transcript->bytes + size < sizeof transcript->text);
    memcpy(transcript->text + transcript->bytes, bytes, size);
    transcript->bytes += size;
    transcript->text[transcript->bytes] = 0;
}

static int on_row(void *arg, const struct csv_row *row, struct fault *fault)
{
    struct transcript *transcript = arg;
    char line[32];
    put(transcript, line, (size_t)snprintf(line, sizeof line, "%llu[", (unsigned long long)row->line));
    for (size_t i = 0; i < row->count; i++) {
        if (i)
            put(transcript, "|", 1);
        if (row->fields[i].quoted)
            put(transcript, "'", 1);
        put(transcript, row->fields[i].text, row->fields[i].bytes);
    }
    put(transcript, "]", 1);
    return 0;
}

/* Parse @bytes cut at @cut and at every @step-th byte behind it. */
static int parse(const char *bytes, size_t size, size_t cut, size_t step, struct transcript *transcript,
                 struct fault *fault)
{
    *transcript = (struct transcript){.bytes = 0};
    struct csv_reader *reader = csv_reader_new(0, on_row, transcript);
    assert_non_null(reader);
    int code = cut ? csv_reader_feed(reader, bytes, cut, fault) : 0;
    for (size_t at = cut; !code && at < size; at += step)
        code = csv_reader_feed(reader, bytes + at, size - at < step ? size - at : step, fault);
    if (!code)
        code = csv_reader_finish(reader, fault);
    csv_reader_free(reader);
    return code;
}

static const struct {
    const char *input;
    const char *rows;
} good[] = {
    {"a,b\n1,2\n", "1[a|b]2[1|2]"},
    {"a,b\r\n1,2\r\n", "1[a|b]2[1|2]"},
    {"a,b\n1,2", "1[a|b]2[1|2]"},
    {"\xef\xbb\xbf"
     "a,b\n1,2\n",
     "1[a|b]2[1|2]"},
    {"a;b\n1,5;2\n", "1[a|b]2[1,5|2]"},
    {"a\tb\n1\t2\n", "1[a|b]2[1|2]"},
    {"a|b,c|d\n", "1[a|b,c|d]"},
    {"\"a,x\";b\n", "1['a,x|b]"},
    {"a,b\n\n\r\n1,2\n", "1[a|b]4[1|2]"},
    {"a,b\n\"x\ny\",2\n3,4\n", "1[a|b]2['x\ny|2]4[3|4]"},
    {"a,b\n\"he said \"\"no\"\"\",2\n", "1[a|b]2['he said \"no\"|2]"},
    {"a,b\n,\n", "1[a|b]2[|]"},
    {"a,b\n\"\",x\n", "1[a|b]2['|x]"},
    {"a\n\"\"\n", "1[a]2[']"},
    {"a,b\n\"\"\"\"\"\",\"\"\"\"\n", "1[a|b]2['\"\"|'\"]"},
    {"", ""},
    {"\n\n", ""},
    {"a", "1[a]"},
    {"\xef\xbb\xbf", ""},
    {"a, b \n 1,2\n", "1[a| b ]2[ 1|2]"},
};

static void reads_rows_however_the_bytes_are_cut(void **state)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t size = strlen(good[i].input);
        for (size_t cut = 0; cut <= size; cut++) {
            static const size_t steps[] = {1, 2, 3, 1000};
            for (size_t s = 0; s < 4; s++) {
                struct transcript transcript;
                struct fault fault = FAULT_INIT;
                if (parse(good[i].input, size, cut, steps[s], &transcript, &fault) != 0)
                    fail_msg("%s: %s", good[i].input, fault.text);
                assert_string_equal(transcript.text, good[i].rows);
            }
        }
    }
}

static const struct {
    const char *input;
    size_t size;
    const char *error;
} bad[] = {
#define INPUT(text) text, sizeof text - 1
    {INPUT("a,b\n1,\"2\n3,4\n"), "line 2, column 2: a quoted field is not closed"},
    {INPUT("a,b\n1,2\"3\n"), "line 2, column 2: a quote inside a field that is not quoted"},
    {INPUT("a,b\n\"1\"x,2\n"), "line 2, column 1: text behind a closing quote"},
    {INPUT("a,b\n1,2\r3,4\n"), "line 2, column 2: a carriage return without a line feed"},
    {INPUT("a,b\n1,2\0003\n"), "line 2, column 2: a NUL byte"},
    {INPUT("a,b\n1,\"2\0003\"\n"), "line 2, column 2: a NUL byte"},
    {INPUT("a,b\n\"x\ny\"z,2\n"), "line 3, column 1: text behind a closing quote"},
    {INPUT("\xef\xbb"
           "a,b\n"),
     "line 1, column 1: not UTF-8"},
    {INPUT("\xef"), "line 1, column 1: not UTF-8"},
};

static void names_line_and_column_however_the_bytes_are_cut(void **state)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t cut = 0; cut <= bad[i].size; cut++) {
            struct transcript transcript;
            struct fault fault = FAULT_INIT;
            assert_int_equal(parse(bad[i].input, bad[i].size, cut, 1, &transcript, &fault), MRPC_INVALID_ARGUMENT);
            assert_string_equal(fault.text, bad[i].error);
        }
}

static int count_row(void *arg, const struct csv_row *row, struct fault *fault)
{
    *(size_t *)arg += row->count;
    return 0;
}

/* @count fields "1" in one row. */
static int read_wide_row(size_t count, size_t *seen, struct fault *fault)
{
    char *row = malloc(count * 2);
    for (size_t i = 0; i < count; i++)
        memcpy(row + i * 2, "1,", 2);
    row[count * 2 - 1] = '\n';
    *seen = 0;
    struct csv_reader *reader = csv_reader_new(0, count_row, seen);
    int code = csv_reader_feed(reader, row, count * 2, fault);
    csv_reader_free(reader);
    free(row);
    return code;
}

static void refuses_more_columns_than_the_limit(void **state)
{
    size_t seen;
    struct fault fault = FAULT_INIT;
    assert_int_equal(read_wide_row(CSV_COLUMNS_MAX, &seen, &fault), 0);
    assert_int_equal(seen, CSV_COLUMNS_MAX);
    assert_int_equal(read_wide_row(CSV_COLUMNS_MAX + 1, &seen, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(fault.text, "line 1: more than 4096 columns");
    assert_int_equal(read_wide_row(1000000, &seen, &fault), MRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(fault.text, "line 1: a row of more than 1048576 bytes");
}

static void refuses_an_endless_row_without_keeping_it(void **state)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    size_t seen = 0, fed = 0;
    struct fault fault = FAULT_INIT;
    struct csv_reader *reader = csv_reader_new(',', count_row, &seen);
    int code = csv_reader_feed(reader, "a\n\"", 3, &fault);
    while (!code && fed < 64 * 1024 * 1024) {
        code = csv_reader_feed(reader, block, sizeof block, &fault);
        fed += sizeof block;
    }
    assert_int_equal(code, MRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(fault.text, "line 2: a row of more than 1048576 bytes");
    assert_true(fed <= CSV_ROW_BYTES_MAX + sizeof block);
    csv_reader_free(reader);
}

static int stop_at_second(void *arg, const struct csv_row *row, struct fault *fault)
{
    return row->line == 2 ? fault_set(fault, MRPC_ABORTED, "enough") : 0;
}

static void stops_with_what_the_callback_returns(void **state)
{
    struct fault fault = FAULT_INIT;
    struct csv_reader *reader = csv_reader_new(',', stop_at_second, NULL);
    assert_int_equal(csv_reader_feed(reader, "a\nb\nc\n", 6, &fault), MRPC_ABORTED);
    csv_reader_free(reader);
}

/* Fields are looked through sixteen bytes at a time: what ends one is found wherever it stands. */
static void finds_the_end_of_a_field_at_every_place(void **state)
{
    static const char wrong[] = {'"', '\r', 0};
    struct transcript transcript;
    for (size_t size = 2; size < 52; size++)
        for (size_t at = 1; at < size; at++) {
            char row[64], rows[80];
            memset(row, 'x', size);
            row[size] = '\n';
            row[at] = ',';
            snprintf(rows, sizeof rows, "1[%.*s|%.*s]", (int)at, row, (int)(size - at - 1), row + at + 1);
            struct fault fault = FAULT_INIT;
            assert_int_equal(parse(row, size + 1, 0, size + 1, &transcript, &fault), 0);
            assert_string_equal(transcript.text, rows);
            for (size_t i = 0; i < sizeof wrong; i++) {
                row[at] = wrong[i];
                bool at_end = wrong[i] == '\r' && at == size - 1; /* of a line with CRLF */
                assert_int_equal(parse(row, size + 1, 0, size + 1, &transcript, &fault),
                                 at_end ? 0 : MRPC_INVALID_ARGUMENT);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_however_the_bytes_are_cut),
        cmocka_unit_test(names_line_and_column_however_the_bytes_are_cut),
        cmocka_unit_test(refuses_more_columns_than_the_limit),
        cmocka_unit_test(refuses_an_endless_row_without_keeping_it),
        cmocka_unit_test(stops_with_what_the_callback_returns),
        cmocka_unit_test(finds_the_end_of_a_field_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

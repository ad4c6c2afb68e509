/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden_case.h"

#define COLUMNS_MAX 64

static void read_word(FILE *file, char *out, size_t size)
{
    char word[256];

    if (fscanf(file, "%255s", word) != 1 || strlen(word) >= size)
        fail_msg("a golden file ends early or has too long a word");
    strcpy(out, word);
}

static double read_number(FILE *file)
{
    char word[64], *end;

    read_word(file, word, sizeof(word));
    double value = strtod(word, &end); /* exact, and knows "nan" */
    if (*end)
        fail_msg("\"%s\" is no number", word);
    return value;
}

static void read_parameter(FILE *file, struct golden_case *golden)
{
    size_t i = golden->parameter_count++;
    char kind[16];

    assert_true(i < GOLDEN_PARAMETERS_MAX);
    struct mltrainer_parameter *parameter = &golden->parameters[i];
    read_word(file, kind, sizeof(kind));
    read_word(file, golden->parameter_names[i], sizeof(golden->parameter_names[i]));
    *parameter = (struct mltrainer_parameter){.size = sizeof(*parameter), .name = golden->parameter_names[i]};
    golden->parameter_list[i] = parameter;
    if (strcmp(kind, "text") == 0) {
        read_word(file, golden->parameter_texts[i], sizeof(golden->parameter_texts[i]));
        parameter->kind = MLTRAINER_TEXT;
        parameter->text = golden->parameter_texts[i];
        return;
    }
    parameter->number = read_number(file);
    parameter->integer = (int64_t)parameter->number;
    parameter->kind = strcmp(kind, "number") == 0 ? MLTRAINER_NUMBER
                      : strcmp(kind, "bool") == 0 ? MLTRAINER_BOOL
                                                  : MLTRAINER_INTEGER;
}

static void read_table(FILE *file, struct golden_case *golden)
{
    size_t i = golden->table_count++;
    double *columns[COLUMNS_MAX];
    struct fault fault = FAULT_INIT;

    assert_true(i < GOLDEN_TABLES_MAX);
    read_word(file, golden->table_names[i], sizeof(golden->table_names[i]));
    int64_t rows = (int64_t)read_number(file);
    size_t count = (size_t)read_number(file);
    assert_true(count <= COLUMNS_MAX);
    struct table *table = golden->tables[i] = table_new(rows);
    for (size_t c = 0; c < count; c++) {
        char name[64];
        struct table_column column;
        read_word(file, name, sizeof(name));
        assert_int_equal(table_add(table, name, "g", 0, 0, &column, &fault), 0);
        columns[c] = column.values;
    }
    for (int64_t row = 0; row < rows; row++)
        for (size_t c = 0; c < count; c++)
            columns[c][row] = read_number(file);
}

static void read_line(FILE *file, const char *key, struct golden_case *golden)
{
    if (strcmp(key, "operation") == 0) {
        read_word(file, golden->operation, sizeof(golden->operation));
    } else if (strcmp(key, "plugin") == 0) {
        read_word(file, golden->plugin, sizeof(golden->plugin));
    } else if (strcmp(key, "algorithm") == 0) {
        read_word(file, golden->algorithm, sizeof(golden->algorithm));
    } else if (strcmp(key, "target") == 0) {
        read_word(file, golden->target, sizeof(golden->target));
    } else if (strcmp(key, "tolerance") == 0) {
        golden->tolerance = read_number(file);
    } else if (strcmp(key, "parameter") == 0) {
        read_parameter(file, golden);
    } else if (strcmp(key, "table") == 0) {
        read_table(file, golden);
    } else if (strcmp(key, "metric") == 0) {
        size_t i = golden->metric_count++;
        assert_true(i < GOLDEN_METRICS_MAX);
        read_word(file, golden->metric_names[i], sizeof(golden->metric_names[i]));
        golden->metrics[i] = read_number(file);
    } else {
        fail_msg("\"%s\" is not known in golden files", key);
    }
}

void golden_case_read(const char *path, struct golden_case *golden)
{
    FILE *file = fopen(path, "re");
    char key[32];

    if (!file)
        fail_msg("%s cannot be opened", path);
    memset(golden, 0, sizeof(*golden));
    while (fscanf(file, "%31s", key) == 1)
        read_line(file, key, golden);
    fclose(file);
    assert_true(golden->tolerance > 0);
}

void golden_case_free(struct golden_case *golden)
{
    for (size_t i = 0; i < golden->table_count; i++)
        table_free(golden->tables[i]);
}

struct table *golden_case_table(const struct golden_case *golden, const char *name)
{
    for (size_t i = 0; i < golden->table_count; i++)
        if (strcmp(golden->table_names[i], name) == 0)
            return golden->tables[i];
    fail_msg("there is no table \"%s\"", name);
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GOLDEN_CASE_H
#define GOLDEN_CASE_H

#include "table/table.h"

#define GOLDEN_PARAMETERS_MAX 24
#define GOLDEN_METRICS_MAX 8
#define GOLDEN_TABLES_MAX 16
#define GOLDEN_CASES_MAX 1024

/** One case of a golden file: see README.md. */
struct golden_case {
    char name[256];
    char operation[32], plugin[64], algorithm[64];
    char model[130]; /* or "": plugin, algorithm and parameters stand here themselves */
    char target[64], input[64], unseen[64], expected[64];
    double tolerance;
    size_t parameter_count;
    struct mltrainer_parameter parameters[GOLDEN_PARAMETERS_MAX];
    char parameter_names[GOLDEN_PARAMETERS_MAX][64], parameter_texts[GOLDEN_PARAMETERS_MAX][64];
    double parameter_numbers[GOLDEN_PARAMETERS_MAX][16];
    const char *parameter_words[GOLDEN_PARAMETERS_MAX][16];
    size_t metric_count;
    char metric_names[GOLDEN_METRICS_MAX][65];
    double metrics[GOLDEN_METRICS_MAX];
    struct table *sample; /* some rows of the result, or NULL: the table "expected" is all of them */
    int64_t *sample_rows;
    const struct golden_file *file;
};

/** A golden file: tables that its cases share, and the cases. */
struct golden_file {
    char path[512];
    size_t table_count;
    char table_names[GOLDEN_TABLES_MAX][64];
    struct table *tables[GOLDEN_TABLES_MAX];
    size_t case_count;
    struct golden_case *cases[GOLDEN_CASES_MAX];
};

/** Ends the program with a message when the file cannot be read or understood. */
struct golden_file *golden_file_read(const char *path);
void golden_file_free(struct golden_file *file);
/** NULL when there is none of that name. */
struct table *golden_file_table(const struct golden_file *file, const char *name);

#endif

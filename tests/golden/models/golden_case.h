/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GOLDEN_CASE_H
#define GOLDEN_CASE_H

#include "table/table.h"

#define GOLDEN_PARAMETERS_MAX 16
#define GOLDEN_TABLES_MAX 4
#define GOLDEN_METRICS_MAX 8

/** A golden file in memory: see README.md. */
struct golden_case {
    char operation[32], plugin[32], algorithm[64], target[64];
    double tolerance;
    size_t parameter_count;
    struct mltrainer_parameter parameters[GOLDEN_PARAMETERS_MAX];
    const struct mltrainer_parameter *parameter_list[GOLDEN_PARAMETERS_MAX];
    char parameter_names[GOLDEN_PARAMETERS_MAX][64], parameter_texts[GOLDEN_PARAMETERS_MAX][64];
    size_t table_count;
    char table_names[GOLDEN_TABLES_MAX][32];
    struct table *tables[GOLDEN_TABLES_MAX];
    size_t metric_count;
    char metric_names[GOLDEN_METRICS_MAX][65];
    double metrics[GOLDEN_METRICS_MAX];
};

/** Fails the test when the file cannot be read or understood. */
void golden_case_read(const char *path, struct golden_case *golden);
void golden_case_free(struct golden_case *golden);
/** Fails the test when there is none of that name. */
struct table *golden_case_table(const struct golden_case *golden, const char *name);

#endif

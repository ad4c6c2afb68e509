/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/execution.h"

static size_t column_rows(const Mltrainer__Execution__V1__Column *column)
{
    switch (column->values_case) {
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES:
        return column->doubles->n_values;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS:
        return column->integers->n_values;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS:
        return column->texts->n_values;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_BOOLS:
        return column->bools->n_values;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES:
        return column->dates->n_days;
    default:
        return 0;
    }
}

size_t execution_table_rows(const Mltrainer__Execution__V1__Table *table)
{
    return table && table->n_columns ? column_rows(table->columns[0]) : 0;
}

static bool is_null(const Mltrainer__Execution__V1__Column *column, size_t row)
{
    for (size_t i = 0; i < column->n_null_rows; i++)
        if (column->null_rows[i] == row)
            return true;
    return false;
}

static void format_date(int32_t days, char *out, size_t size)
{
    time_t seconds = (time_t)days * 86400;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, size, "%Y-%m-%d", &utc);
}

/* @precision: 17 for files, so that reading back gives the same number; fewer for people. */
static void format_cell(const Mltrainer__Execution__V1__Column *column, size_t row, int precision, char *out,
                        size_t size)
{
    *out = 0;
    if (row >= column_rows(column) || is_null(column, row))
        return;
    switch (column->values_case) {
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES:
        if (!isnan(column->doubles->values[row]))
            snprintf(out, size, "%.*g", precision, column->doubles->values[row]);
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS:
        snprintf(out, size, "%lld", (long long)column->integers->values[row]);
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS:
        snprintf(out, size, "%s", column->texts->values[row]);
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_BOOLS:
        snprintf(out, size, "%s", column->bools->values[row] ? "true" : "false");
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES:
        format_date(column->dates->days[row], out, size);
        break;
    default:
        break;
    }
}

void execution_print_table(const Mltrainer__Execution__V1__Table *table, size_t first, size_t last)
{
    enum { SHOWN_MAX = 15 };
    const char *titles[SHOWN_MAX + 1] = {0};
    char storage[SHOWN_MAX][80], cell[256];
    size_t shown = table->n_columns < SHOWN_MAX ? table->n_columns : SHOWN_MAX;
    if (shown == 0)
        return;
    for (size_t i = 0; i < shown; i++) {
        bool text = table->columns[i]->values_case == MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS;
        snprintf(storage[i], sizeof storage[i], "%s%s", text ? "" : ">", table->columns[i]->name);
        titles[i] = storage[i];
    }
    struct columns *columns = columns_new(titles);
    for (size_t row = first; row < last; row++)
        for (size_t i = 0; i < shown; i++) {
            format_cell(table->columns[i], row, 8, cell, sizeof cell);
            columns_add(columns, "%s", *cell ? cell : "-");
        }
    columns_print(columns);
    if (shown < table->n_columns)
        printf("and %zu more columns\n", table->n_columns - shown);
}

static void write_field(const char *text, FILE *csv)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, csv);
        return;
    }
    fputc('"', csv);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', csv);
        fputc(*text, csv);
    }
    fputc('"', csv);
}

void execution_write_csv(const Mltrainer__Execution__V1__Table *table, FILE *csv)
{
    static char cell[70000];
    for (size_t i = 0; i < table->n_columns; i++) {
        if (i)
            fputc(',', csv);
        write_field(table->columns[i]->name, csv);
    }
    fputc('\n', csv);
    size_t rows = execution_table_rows(table);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < table->n_columns; i++) {
            format_cell(table->columns[i], row, 17, cell, sizeof cell);
            if (i)
                fputc(',', csv);
            write_field(cell, csv);
        }
        fputc('\n', csv);
    }
}

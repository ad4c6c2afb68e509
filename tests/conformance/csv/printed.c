/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/number.h"
#include "printed.h"
#include "test.h"

char *printed_read(const char *folder, const char *name, const char *ending, size_t *size)
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

char *printed_table(const struct dataset_schema *schema, const struct table *table)
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    print_table(out, schema, table);
    fclose(out);
    return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "golden_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64

struct reader {
    FILE *stream;
    struct golden_file *file;
};

static void give_up(const struct reader *reader, const char *what)
{
    fprintf(stderr, "%s, case %zu: %s\n", reader->file->path, reader->file->case_count, what);
    exit(1);
}

static void read_word(const struct reader *reader, char *out, size_t size)
{
    char word[256];

    if (fscanf(reader->stream, "%255s", word) != 1 || strlen(word) >= size)
        give_up(reader, "it ends early or has too long a word");
    strcpy(out, word);
}

static double read_number(const struct reader *reader)
{
    char word[64], *end;

    read_word(reader, word, sizeof(word));
    double value = strtod(word, &end); /* exact, and knows "nan" */
    if (*end)
        give_up(reader, "a word that is no number");
    return value;
}

/* A file of the older form has one case and no line that says so. */
static struct golden_case *current_case(struct reader *reader)
{
    struct golden_file *file = reader->file;

    if (file->case_count == 0) {
        struct golden_case *golden = calloc(1, sizeof(*golden));
        const char *slash = strrchr(file->path, '/');
        snprintf(golden->name, sizeof(golden->name), "%.250s", slash ? slash + 1 : file->path);
        strcpy(golden->input, "input");
        strcpy(golden->unseen, "unseen");
        strcpy(golden->expected, "expected");
        golden->file = file;
        file->cases[file->case_count++] = golden;
    }
    return file->cases[file->case_count - 1];
}

/* case NAME MODEL INPUT */
static void read_case(struct reader *reader)
{
    struct golden_file *file = reader->file;
    struct golden_case *golden = calloc(1, sizeof(*golden));

    if (file->case_count >= GOLDEN_CASES_MAX)
        give_up(reader, "too many cases");
    golden->file = file;
    file->cases[file->case_count++] = golden;
    read_word(reader, golden->name, sizeof(golden->name));
    read_word(reader, golden->model, sizeof(golden->model));
    read_word(reader, golden->input, sizeof(golden->input));
    strcpy(golden->operation, "compute");
}

static void read_list(const struct reader *reader, struct mltrainer_parameter *parameter, double *numbers)
{
    parameter->kind = MLTRAINER_NUMBERS;
    parameter->count = (size_t)read_number(reader);
    if (parameter->count > 16)
        give_up(reader, "a longer list than 16");
    for (size_t i = 0; i < parameter->count; i++)
        numbers[i] = read_number(reader);
    parameter->numbers = numbers;
}

/* The words, one after the other, into @texts of @size. */
static void read_words(const struct reader *reader, struct mltrainer_parameter *parameter, const char **words,
                       char *texts, size_t size)
{
    parameter->kind = MLTRAINER_TEXTS;
    parameter->count = (size_t)read_number(reader);
    if (parameter->count > 16)
        give_up(reader, "a longer list than 16");
    for (size_t i = 0; i < parameter->count; i++) {
        read_word(reader, texts, size);
        words[i] = texts;
        size -= strlen(texts) + 1;
        texts += strlen(texts) + 1;
    }
    parameter->texts = words;
}

static void read_parameter(struct reader *reader)
{
    struct golden_case *golden = current_case(reader);
    size_t i = golden->parameter_count++;
    char kind[16];

    if (i >= GOLDEN_PARAMETERS_MAX)
        give_up(reader, "too many parameters");
    struct mltrainer_parameter *parameter = &golden->parameters[i];
    read_word(reader, kind, sizeof(kind));
    read_word(reader, golden->parameter_names[i], sizeof(golden->parameter_names[i]));
    *parameter = (struct mltrainer_parameter){.size = sizeof(*parameter), .name = golden->parameter_names[i]};
    if (strcmp(kind, "text") == 0) {
        read_word(reader, golden->parameter_texts[i], sizeof(golden->parameter_texts[i]));
        parameter->kind = MLTRAINER_TEXT;
        parameter->text = golden->parameter_texts[i];
        return;
    }
    if (strcmp(kind, "numbers") == 0) {
        read_list(reader, parameter, golden->parameter_numbers[i]);
        return;
    }
    if (strcmp(kind, "texts") == 0) {
        read_words(reader, parameter, golden->parameter_words[i], golden->parameter_texts[i],
                   sizeof(golden->parameter_texts[i]));
        return;
    }
    parameter->number = read_number(reader);
    parameter->integer = (int64_t)parameter->number;
    parameter->kind = strcmp(kind, "number") == 0 ? MLTRAINER_NUMBER
                      : strcmp(kind, "bool") == 0 ? MLTRAINER_BOOL
                                                  : MLTRAINER_INTEGER;
}

/* @rows NULL: a line holds values alone; else the row's index comes first. */
static struct table *read_rows(const struct reader *reader, int64_t count, size_t columns, int64_t *rows)
{
    struct table *table = table_new(count);
    struct fault fault = FAULT_INIT;
    double *values[COLUMNS_MAX];

    if (!table || columns > COLUMNS_MAX)
        give_up(reader, "a table that is too large");
    for (size_t c = 0; c < columns; c++) {
        char name[64];
        struct table_column column;
        read_word(reader, name, sizeof(name));
        if (table_add(table, name, "g", 0, 0, &column, &fault))
            give_up(reader, fault.text);
        values[c] = column.values;
    }
    for (int64_t row = 0; row < count; row++) {
        if (rows)
            rows[row] = (int64_t)read_number(reader);
        for (size_t c = 0; c < columns; c++)
            values[c][row] = read_number(reader);
    }
    return table;
}

static void read_table(struct reader *reader)
{
    size_t i = reader->file->table_count++;

    if (i >= GOLDEN_TABLES_MAX)
        give_up(reader, "too many tables");
    read_word(reader, reader->file->table_names[i], sizeof(reader->file->table_names[i]));
    int64_t rows = (int64_t)read_number(reader);
    size_t columns = (size_t)read_number(reader);
    reader->file->tables[i] = read_rows(reader, rows, columns, NULL);
}

static void read_sample(struct reader *reader)
{
    struct golden_case *golden = current_case(reader);
    int64_t rows = (int64_t)read_number(reader);
    size_t columns = (size_t)read_number(reader);

    golden->sample_rows = calloc((size_t)rows + 1, sizeof(*golden->sample_rows));
    golden->sample = read_rows(reader, rows, columns, golden->sample_rows);
}

static void read_metric(struct reader *reader)
{
    struct golden_case *golden = current_case(reader);
    size_t i = golden->metric_count++;

    if (i >= GOLDEN_METRICS_MAX)
        give_up(reader, "too many metrics");
    read_word(reader, golden->metric_names[i], sizeof(golden->metric_names[i]));
    golden->metrics[i] = read_number(reader);
}

static void read_line(struct reader *reader, const char *key)
{
    if (strcmp(key, "case") == 0)
        read_case(reader);
    else if (strcmp(key, "table") == 0)
        read_table(reader);
    else if (strcmp(key, "parameter") == 0)
        read_parameter(reader);
    else if (strcmp(key, "sample") == 0)
        read_sample(reader);
    else if (strcmp(key, "metric") == 0)
        read_metric(reader);
    else if (strcmp(key, "tolerance") == 0)
        current_case(reader)->tolerance = read_number(reader);
    else if (strcmp(key, "operation") == 0)
        read_word(reader, current_case(reader)->operation, sizeof(current_case(reader)->operation));
    else if (strcmp(key, "plugin") == 0)
        read_word(reader, current_case(reader)->plugin, sizeof(current_case(reader)->plugin));
    else if (strcmp(key, "algorithm") == 0)
        read_word(reader, current_case(reader)->algorithm, sizeof(current_case(reader)->algorithm));
    else if (strcmp(key, "target") == 0)
        read_word(reader, current_case(reader)->target, sizeof(current_case(reader)->target));
    else if (strcmp(key, "unseen") == 0)
        read_word(reader, current_case(reader)->unseen, sizeof(current_case(reader)->unseen));
    else
        give_up(reader, "a key that is not known in golden files");
}

struct golden_file *golden_file_read(const char *path)
{
    struct golden_file *file = calloc(1, sizeof(*file));
    struct reader reader = {.stream = fopen(path, "re"), .file = file};
    char key[32];

    snprintf(file->path, sizeof(file->path), "%s", path);
    if (!reader.stream)
        give_up(&reader, "it cannot be opened");
    while (fscanf(reader.stream, "%31s", key) == 1)
        read_line(&reader, key);
    fclose(reader.stream);
    return file;
}

void golden_file_free(struct golden_file *file)
{
    for (size_t i = 0; i < file->case_count; i++) {
        table_free(file->cases[i]->sample);
        free(file->cases[i]->sample_rows);
        free(file->cases[i]);
    }
    for (size_t i = 0; i < file->table_count; i++)
        table_free(file->tables[i]);
    free(file);
}

struct table *golden_file_table(const struct golden_file *file, const char *name)
{
    for (size_t i = 0; i < file->table_count; i++)
        if (strcmp(file->table_names[i], name) == 0)
            return file->tables[i];
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* bench_models PLUGIN ALGORITHM DATA ROWS AHEAD COLUMNS REPEATS SCORE [KIND:NAME=VALUE…]: trains and predicts, or
 * computes, in this process, REPEATS times or, where that is more than one, until it has taken a while; prints the
 * median of the CPU time that each took and what came out. DATA: a column of
 * doubles after the other. COLUMNS: their names with commas between; the one with a * before it is the target. AHEAD:
 * so many of the rows are predicted. SCORE: r2, the share of the target that is explained, or the number of an output
 * column: its mean. KIND: n(umber), i(nteger), t(ext), b(ool), p: numbers [a, b]. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mltrainer/plugin.h>

#include "worker/blas_core.h"
#include "worker/heap.h"
#include "worker/philox.h"

#define PARAMETERS_MAX 32
#define NUMBERS_MAX 8
#define COLUMNS_MAX 64
#define REPEATS_MAX 1000
#define ENOUGH_MS 300 /* of CPU time: what is quick is run until it has taken so long, that the first runs' cold caches,
                       * page faults and clock do not make the median */

/* ---- A host that only gives memory and numbers ---- */

struct block {
    struct block *next;
    double align[7]; /* what follows is aligned to 64 bytes, as a worker's is */
};

static struct block *blocks;

static void *host_alloc(const struct mltrainer_host *host, size_t bytes)
{
    struct block *block = aligned_alloc(64, (sizeof(*block) + bytes + 63) / 64 * 64);

    if (!block)
        return NULL;
    memset(block, 0, sizeof(*block) + bytes);
    block->next = blocks;
    blocks = block;
    return block + 1;
}

static void free_all(void)
{
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

static void host_log(const struct mltrainer_host *host, int32_t level, const char *text)
{
}

static void host_progress(const struct mltrainer_host *host, double fraction)
{
}

static void host_metric(const struct mltrainer_host *host, const char *name, int64_t step, double value)
{
}

static int32_t host_cancelled(const struct mltrainer_host *host)
{
    return 0;
}

static int64_t host_remaining_ms(const struct mltrainer_host *host)
{
    return INT64_MAX;
}

static void host_random(const struct mltrainer_host *host, uint64_t stream, uint64_t first, uint64_t *out, size_t count)
{
    const uint64_t key[2] = {host->seed, stream};

    for (; count > 0; first++, count--) {
        uint64_t counter[4] = {first / 4, 0, 0, 0}, words[4];
        philox4x64(counter, key, words);
        *out++ = words[first % 4];
    }
}

static const void *host_extension(const struct mltrainer_host *host, const char *id)
{
    return NULL;
}

static const struct mltrainer_host host = {.size = sizeof(host),
                                           .abi_major = MLTRAINER_ABI_MAJOR,
                                           .abi_minor = MLTRAINER_ABI_MINOR,
                                           .seed = 1,
                                           .threads = 1,
                                           .log = host_log,
                                           .progress = host_progress,
                                           .metric = host_metric,
                                           .cancelled = host_cancelled,
                                           .remaining_ms = host_remaining_ms,
                                           .random = host_random,
                                           .alloc = host_alloc,
                                           .get_extension = host_extension};

/* ---- The table ---- */

struct table {
    double *values;
    int64_t rows, columns;
    const char *target;
    const double *outcome; /* the target's values */
    struct ArrowSchema schema, schemas[COLUMNS_MAX], *schema_list[COLUMNS_MAX];
    struct ArrowArray array, arrays[COLUMNS_MAX], *array_list[COLUMNS_MAX];
    const void *buffers[COLUMNS_MAX][2];
};

static void stop(const char *why)
{
    fprintf(stderr, "bench_models: %s\n", why);
    exit(1);
}

static void name_columns(struct table *table, char *names)
{
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
        int is_target = name[0] == '*';
        if (table->columns == COLUMNS_MAX)
            stop("too many columns");
        table->schemas[table->columns++] = (struct ArrowSchema){.format = "g", .name = name + is_target};
        if (is_target)
            table->target = name + 1;
    }
}

/* A table of the first @rows of another's rows. */
static void arrange(struct table *table, int64_t rows)
{
    for (int64_t i = 0; i < table->columns; i++) {
        double *values = table->values + i * table->rows;
        if (table->target == table->schemas[i].name)
            table->outcome = values;
        table->buffers[i][1] = values;
        table->arrays[i] = (struct ArrowArray){.length = rows, .n_buffers = 2, .buffers = table->buffers[i]};
        table->schema_list[i] = &table->schemas[i];
        table->array_list[i] = &table->arrays[i];
    }
    table->schema = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = table->columns, .children = table->schema_list};
    table->array = (struct ArrowArray){.length = rows,
                                       .n_buffers = 1,
                                       .buffers = table->buffers[0],
                                       .n_children = table->columns,
                                       .children = table->array_list};
}

static void read_table(struct table *table, const char *path, int64_t rows)
{
    size_t count = (size_t)(rows * table->columns);
    FILE *file = fopen(path, "rb");

    table->rows = rows;
    table->values = malloc(count * sizeof(double));
    if (!file || !table->values || fread(table->values, sizeof(double), count, file) != count)
        stop("the data cannot be read");
    fclose(file);
}

/* ---- Parameters ---- */

/* @numbers: room for NUMBERS_MAX. */
static void read_parameter(char *text, struct mltrainer_parameter *parameter, double *numbers)
{
    char *value = strchr(text, '=');

    if (!value || text[0] == 0 || text[1] != ':')
        stop("a parameter is KIND:NAME=VALUE");
    *value++ = 0;
    *parameter = (struct mltrainer_parameter){.size = sizeof(*parameter), .name = text + 2, .numbers = numbers};
    parameter->kind = text[0] == 'n'   ? MLTRAINER_NUMBER
                      : text[0] == 'i' ? MLTRAINER_INTEGER
                      : text[0] == 'b' ? MLTRAINER_BOOL
                      : text[0] == 'p' ? MLTRAINER_NUMBERS
                                       : MLTRAINER_TEXT;
    for (char *at = value; text[0] == 'p' && parameter->count < NUMBERS_MAX && *at && *at != ']';)
        numbers[parameter->count++] = strtod(at + 1, &at); /* after the bracket, then after each comma */
    parameter->text = value;
    parameter->number = strtod(value, NULL);
    parameter->integer = strcmp(value, "true") == 0 ? 1 : strtoll(value, NULL, 10);
}

/* ---- Measuring ---- */

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[count / 2];
}

static double explained(const double *y, const double *prediction, int64_t rows)
{
    double mean = 0, all = 0, left = 0;

    for (int64_t row = 0; row < rows; row++)
        mean += y[row] / (double)rows;
    for (int64_t row = 0; row < rows; row++) {
        all += (y[row] - mean) * (y[row] - mean);
        left += (y[row] - prediction[row]) * (y[row] - prediction[row]);
    }
    return 1 - left / all;
}

static double mean_of(const double *values, int64_t rows)
{
    double sum = 0, count = 0;

    for (int64_t row = 0; row < rows; row++)
        if (isfinite(values[row])) {
            sum += values[row];
            count++;
        }
    return sum / count;
}

static double score_of(const struct mltrainer_output *output, const struct table *table, const char *score)
{
    int64_t column = strcmp(score, "r2") == 0 ? 0 : atoll(score), rows = output->array.length;

    if (column < 0 || column >= output->array.n_children || (strcmp(score, "r2") == 0 && !table->outcome))
        stop("no such score");
    const double *values = output->array.children[column]->buffers[1];
    return strcmp(score, "r2") == 0 ? explained(table->outcome, values, rows) : mean_of(values, rows);
}

struct run {
    const struct mltrainer_algorithm *algorithm;
    struct mltrainer_request request, ahead; /* to learn or compute from; to predict */
    const struct table *table;
    const char *score;
    int repeats;
};

static void measure(const struct run *run)
{
    const struct mltrainer_algorithm *algorithm = run->algorithm;
    static double fit[REPEATS_MAX], predict[REPEATS_MAX];
    struct mltrainer_error error = {.size = sizeof(error)};
    double score = NAN, spent = 0;
    int i = 0;

    for (; i < run->repeats || (run->repeats > 1 && spent < ENOUGH_MS && i < REPEATS_MAX); i++) {
        struct mltrainer_output output = {.size = sizeof(output)};
        void *model = NULL;
        double start = cpu_ms();
        int32_t status = algorithm->computable
                             ? algorithm->computable->compute(&host, &run->request, &output, &error)
                             : algorithm->trainable->train(&host, &run->request, &model, &error);
        double middle = cpu_ms();
        if (!status && model)
            status = algorithm->predictable->predict(&host, model, &run->ahead, &output, &error);
        fit[i] = middle - start;
        predict[i] = cpu_ms() - middle;
        spent += fit[i] + predict[i];
        if (status)
            stop(error.text);
        if (i == 0)
            score = score_of(&output, run->table, run->score);
        if (model)
            algorithm->release(model);
        free_all();
    }
    printf("fit_ms %.3f\npredict_ms %.3f\nscore %.9g\n", median(fit, i), median(predict, i), score);
}

static const struct mltrainer_algorithm *find(const char *path, const char *id)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct mltrainer_plugin *plugin = library ? dlsym(library, MLTRAINER_PLUGIN_SYMBOL) : NULL;

    for (uint64_t i = 0; plugin && i < plugin->algorithm_count; i++)
        if (strcmp(plugin->algorithms[i]->id, id) == 0)
            return plugin->algorithms[i];
    stop("there is no such plugin, or it has no such algorithm");
    return NULL;
}

int main(int argc, char **argv)
{
    static struct mltrainer_parameter parameters[PARAMETERS_MAX];
    static double numbers[PARAMETERS_MAX][NUMBERS_MAX];
    const struct mltrainer_parameter *list[PARAMETERS_MAX];
    static struct table table, ahead;
    int count = argc - 9;

    if (argc < 9 || count > PARAMETERS_MAX || atoi(argv[7]) < 1 || atoi(argv[7]) > REPEATS_MAX)
        stop("usage: bench_models PLUGIN ALGORITHM DATA ROWS AHEAD COLUMNS REPEATS SCORE [KIND:NAME=VALUE…]");
    blas_core_choose();
    heap_keep_freed();
    name_columns(&table, argv[6]);
    read_table(&table, argv[3], atoll(argv[4]));
    ahead = table;
    arrange(&table, table.rows);
    arrange(&ahead, atoll(argv[5]) < table.rows ? atoll(argv[5]) : table.rows);
    for (int i = 0; i < count; i++) {
        read_parameter(argv[9 + i], &parameters[i], numbers[i]);
        list[i] = &parameters[i];
    }
    struct run run = {.algorithm = find(argv[1], argv[2]), .table = &table, .score = argv[8], .repeats = atoi(argv[7])};
    run.request = (struct mltrainer_request){.size = sizeof(run.request),
                                             .parameter_count = (uint32_t)count,
                                             .parameters = list,
                                             .schema = &table.schema,
                                             .array = &table.array,
                                             .target = table.target};
    run.ahead = run.request;
    run.ahead.schema = &ahead.schema;
    run.ahead.array = &ahead.array;
    measure(&run);
    return 0;
}

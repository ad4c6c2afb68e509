/* SPDX-License-Identifier: Apache-2.0 */
/* bench_models PLUGIN ALGORITHM DATA ROWS FEATURES REPEATS [KIND:NAME=VALUE…]: trains and predicts, or computes, in this
 * process and prints the median of the CPU time that each took, and how well the training rows are explained. DATA: the
 * features x0, x1 … and then the target y, a column of doubles after the other. KIND: n(umber), i(nteger), t(ext), b(ool). */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mltrainer/plugin.h>

#include "worker/philox.h"

#define PARAMETERS_MAX 32
#define REPEATS_MAX 64

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
    char (*names)[16];
    struct ArrowSchema schema, *schemas, **schema_list;
    struct ArrowArray array, *arrays, **array_list;
    const void *(*buffers)[2];
};

static void stop(const char *why)
{
    fprintf(stderr, "bench_models: %s\n", why);
    exit(1);
}

static void read_table(struct table *table, const char *path, int64_t rows, int64_t columns)
{
    size_t count = (size_t)(rows * columns), each = (size_t)columns;
    FILE *file = fopen(path, "rb");

    *table = (struct table){.rows = rows, .columns = columns, .values = malloc(count * sizeof(double))};
    table->names = calloc(each, sizeof(*table->names));
    table->schemas = calloc(each, sizeof(*table->schemas));
    table->arrays = calloc(each, sizeof(*table->arrays));
    table->schema_list = calloc(each, sizeof(struct ArrowSchema *));
    table->array_list = calloc(each, sizeof(struct ArrowArray *));
    table->buffers = calloc(each, sizeof(*table->buffers));
    if (!file || fread(table->values, sizeof(double), count, file) != count)
        stop("the data cannot be read");
    fclose(file);
    for (int64_t i = 0; i < columns; i++) {
        snprintf(table->names[i], sizeof(table->names[i]), i + 1 < columns ? "x%lld" : "y", (long long)i);
        table->buffers[i][1] = table->values + i * rows;
        table->schemas[i] = (struct ArrowSchema){.format = "g", .name = table->names[i]};
        table->arrays[i] = (struct ArrowArray){.length = rows, .n_buffers = 2, .buffers = table->buffers[i]};
        table->schema_list[i] = &table->schemas[i];
        table->array_list[i] = &table->arrays[i];
    }
    table->schema = (struct ArrowSchema){.format = "+s", .name = "", .n_children = columns, .children = table->schema_list};
    table->array = (struct ArrowArray){
        .length = rows, .n_buffers = 1, .buffers = table->buffers[0], .n_children = columns, .children = table->array_list};
}

/* ---- Parameters ---- */

static void read_parameter(char *text, struct mltrainer_parameter *parameter)
{
    char *value = strchr(text, '=');

    if (!value || text[0] == 0 || text[1] != ':')
        stop("a parameter is KIND:NAME=VALUE");
    *value++ = 0;
    *parameter = (struct mltrainer_parameter){.size = sizeof(*parameter), .name = text + 2};
    parameter->kind = text[0] == 'n'   ? MLTRAINER_NUMBER
                      : text[0] == 'i' ? MLTRAINER_INTEGER
                      : text[0] == 'b' ? MLTRAINER_BOOL
                                       : MLTRAINER_TEXT;
    parameter->text = value;
    parameter->number = strtod(value, NULL);
    parameter->integer = strtoll(value, NULL, 10);
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

static double explained(const struct table *table, const double *prediction)
{
    const double *y = table->values + (table->columns - 1) * table->rows;
    double mean = 0, all = 0, left = 0;

    for (int64_t row = 0; row < table->rows; row++)
        mean += y[row] / (double)table->rows;
    for (int64_t row = 0; row < table->rows; row++) {
        all += (y[row] - mean) * (y[row] - mean);
        left += (y[row] - prediction[row]) * (y[row] - prediction[row]);
    }
    return 1 - left / all;
}

static void measure(const struct mltrainer_algorithm *algorithm, const struct mltrainer_request *request,
                    const struct table *table, int repeats)
{
    double fit[REPEATS_MAX], predict[REPEATS_MAX], share = NAN;
    struct mltrainer_error error = {.size = sizeof(error)};

    for (int i = 0; i < repeats; i++) {
        struct mltrainer_output output = {.size = sizeof(output)};
        void *model = NULL;
        double start = cpu_ms();
        int32_t status = algorithm->computable ? algorithm->computable->compute(&host, request, &output, &error)
                                               : algorithm->trainable->train(&host, request, &model, &error);
        double middle = cpu_ms();
        if (!status && model)
            status = algorithm->predictable->predict(&host, model, request, &output, &error);
        fit[i] = middle - start;
        predict[i] = cpu_ms() - middle;
        if (status)
            stop(error.text);
        if (model) {
            share = explained(table, output.array.children[0]->buffers[1]);
            algorithm->release(model);
        }
        free_all();
    }
    printf("fit_ms %.3f\npredict_ms %.3f\nr2 %.6f\n", median(fit, repeats), median(predict, repeats), share);
}

int main(int argc, char **argv)
{
    struct mltrainer_parameter parameters[PARAMETERS_MAX];
    const struct mltrainer_parameter *list[PARAMETERS_MAX];
    struct table table;
    int count = argc - 7;

    if (argc < 7 || count > PARAMETERS_MAX || atoi(argv[6]) < 1 || atoi(argv[6]) > REPEATS_MAX)
        stop("usage: bench_models PLUGIN ALGORITHM DATA ROWS FEATURES REPEATS [KIND:NAME=VALUE…]");
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    const struct mltrainer_plugin *plugin = library ? dlsym(library, MLTRAINER_PLUGIN_SYMBOL) : NULL;
    if (!plugin)
        stop("the plugin cannot be loaded");
    read_table(&table, argv[3], atoll(argv[4]), atoll(argv[5]) + 1);
    for (int i = 0; i < count; i++) {
        read_parameter(argv[7 + i], &parameters[i]);
        list[i] = &parameters[i];
    }
    struct mltrainer_request request = {.size = sizeof(request),
                                        .parameter_count = (uint32_t)count,
                                        .parameters = list,
                                        .schema = &table.schema,
                                        .array = &table.array,
                                        .target = "y"};
    for (uint64_t i = 0; i < plugin->algorithm_count; i++)
        if (strcmp(plugin->algorithms[i]->id, argv[2]) == 0) {
            measure(plugin->algorithms[i], &request, &table, atoi(argv[6]));
            return 0;
        }
    stop("the plugin has no such algorithm");
}

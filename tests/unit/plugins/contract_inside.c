/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin in this process, with a host that counts and fails on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract_run.h"
#include "worker/philox.h"

#define FAILURES_MAX 200
#define ROUNDS 24

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_IS_SOMEBODY_ELSES 1 /* mallinfo2() knows nothing of it; LeakSanitizer looks instead */
#else
#define HEAP_IS_SOMEBODY_ELSES 0
#endif

/* ---- A host ---- */

struct inside_host {
    struct mltrainer_host services; /* first: the plugin's pointer is ours */
    void *blocks[4096];
    size_t block_count;
    size_t fail_at; /* the allocation that gives NULL, from 1; 0: none */
    size_t asked;
};

static void *host_alloc(const struct mltrainer_host *services, size_t bytes)
{
    struct inside_host *host = services->context;

    if (++host->asked == host->fail_at)
        return NULL;
    assert_true(host->block_count < sizeof(host->blocks) / sizeof(host->blocks[0]));
    void *block = aligned_alloc(64, (bytes + 127) / 64 * 64);
    assert_non_null(block);
    memset(block, 0, bytes);
    return host->blocks[host->block_count++] = block;
}

static void host_log(const struct mltrainer_host *services, int32_t level, const char *text)
{
}

static void host_progress(const struct mltrainer_host *services, double fraction)
{
}

static void host_metric(const struct mltrainer_host *services, const char *name, int64_t step, double value)
{
}

static int32_t host_cancelled(const struct mltrainer_host *services)
{
    return 0;
}

static int64_t host_remaining_ms(const struct mltrainer_host *services)
{
    return INT64_MAX;
}

static void host_random(const struct mltrainer_host *services, uint64_t stream, uint64_t first, uint64_t *out,
                        size_t count)
{
    const uint64_t key[2] = {services->seed, stream};

    for (; count > 0; first++, count--) {
        uint64_t counter[4] = {first / 4, 0, 0, 0}, words[4];
        philox4x64(counter, key, words);
        *out++ = words[first % 4];
    }
}

static const void *host_extension(const struct mltrainer_host *services, const char *id)
{
    return NULL;
}

static void host_start(struct inside_host *host, uint64_t seed)
{
    memset(host, 0, sizeof(*host));
    host->services = (struct mltrainer_host){.size = sizeof(host->services),
                                             .abi_major = MLTRAINER_ABI_MAJOR,
                                             .abi_minor = MLTRAINER_ABI_MINOR,
                                             .context = host,
                                             .seed = seed,
                                             .threads = 1,
                                             .log = host_log,
                                             .progress = host_progress,
                                             .metric = host_metric,
                                             .cancelled = host_cancelled,
                                             .remaining_ms = host_remaining_ms,
                                             .random = host_random,
                                             .alloc = host_alloc,
                                             .get_extension = host_extension};
}

static void host_end(struct inside_host *host)
{
    for (size_t i = 0; i < host->block_count; i++)
        free(host->blocks[i]);
    host->block_count = 0;
}

/* ---- A call ---- */

static const struct mltrainer_algorithm *load(const struct contract *contract)
{
    void *library = dlopen(worker_bench_plugin(contract->model->family), RTLD_NOW | RTLD_LOCAL); /* stays */

    if (!library)
        fail_msg("%s", dlerror());
    const struct mltrainer_plugin *plugin = dlsym(library, MLTRAINER_PLUGIN_SYMBOL);
    assert_non_null(plugin);
    for (uint64_t i = 0; i < plugin->algorithm_count; i++)
        if (strcmp(plugin->algorithms[i]->id, contract->model->algorithm) == 0)
            return plugin->algorithms[i];
    fail_msg("the plugin has no algorithm \"%s\"", contract->model->algorithm);
    return NULL;
}

static struct mltrainer_request request_of(const struct contract *contract, const struct table *table)
{
    return (struct mltrainer_request){.size = sizeof(struct mltrainer_request),
                                      .parameter_count = (uint32_t)contract->model->parameter_count,
                                      .parameters = contract->parameters,
                                      .schema = table ? &table->schema : NULL,
                                      .array = table ? &table->array : NULL,
                                      .target = table ? contract_target(contract->model) : NULL};
}

/* Train, save, restore, and predict with both, the restored one into @again; or compute, into @output alone. */
static int32_t go(const struct contract *contract, const struct table *table, struct inside_host *host,
                  struct mltrainer_output *output, struct mltrainer_output *again)
{
    const struct mltrainer_algorithm *algorithm = load(contract);
    struct mltrainer_request request = request_of(contract, table);
    struct mltrainer_error error = {.size = sizeof(error)};
    void *model = NULL, *copy = NULL;
    const void *bytes;
    size_t byte_count;
    int32_t status;

    if (algorithm->computable)
        return algorithm->computable->compute(&host->services, &request, output, &error);
    if ((status = algorithm->trainable->train(&host->services, &request, &model, &error)))
        return status;
    if (!(status = algorithm->serializable->save(&host->services, model, &bytes, &byte_count, &error)) &&
        !(status = algorithm->serializable->restore(&host->services, bytes, byte_count, &copy, &error)) &&
        !(status = algorithm->predictable->predict(&host->services, model, &request, output, &error)))
        status = algorithm->predictable->predict(&host->services, copy, &request, again, &error);
    algorithm->release(model);
    if (copy)
        algorithm->release(copy);
    return status;
}

static int same(const struct mltrainer_output *a, const struct mltrainer_output *b)
{
    if (a->array.n_children != b->array.n_children || a->array.length != b->array.length)
        return 0;
    for (int64_t i = 0; i < a->array.n_children; i++)
        if (strcmp(a->schema.children[i]->format, "g") == 0 &&
            memcmp(a->array.children[i]->buffers[1], b->array.children[i]->buffers[1],
                   (size_t)a->array.length * sizeof(double)) != 0)
            return 0;
    return 1;
}

/* ---- Clauses ---- */

/* What leaks grows each time. The bench's threads use the heap too, so once or twice it may have grown. */
void inside_gives_its_memory_back(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct inside_host host;
    size_t before = 0;
    int grown = 0;

    for (int round = 0; round <= ROUNDS; round++) {
        struct mltrainer_output output = {.size = sizeof(output)}, again = output;
        host_start(&host, 1);
        assert_int_equal(go(*state, table, &host, &output, &again), MLTRAINER_OK);
        host_end(&host);
        grown += round > 0 && mallinfo2().uordblks > before;
        before = mallinfo2().uordblks;
    }
    assert_true(grown < ROUNDS || HEAP_IS_SOMEBODY_ELSES);
    table_free(table);
}

void inside_survives_each_allocation_failing(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct inside_host host;
    int32_t status = MLTRAINER_OUT_OF_MEMORY;

    for (size_t at = 1; status && at < FAILURES_MAX; at++) {
        struct mltrainer_output output = {.size = sizeof(output)}, again = output;
        host_start(&host, 1);
        host.fail_at = at;
        status = go(*state, table, &host, &output, &again);
        if (status != MLTRAINER_OK)
            assert_int_equal(status, MLTRAINER_OUT_OF_MEMORY);
        else
            assert_true(host.asked < at);
        host_end(&host);
    }
    table_free(table);
}

void inside_predicts_the_same_bits_after_restore(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct mltrainer_output output = {.size = sizeof(output)}, again = output;
    struct inside_host host;

    host_start(&host, 1);
    assert_int_equal(go(contract, table, &host, &output, &again), MLTRAINER_OK);
    if (contract_learns(contract))
        assert_true(same(&output, &again));
    host_end(&host);
    table_free(table);
}

void inside_repeats_with_the_seed_and_not_without(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct mltrainer_output outputs[3], again;
    struct inside_host hosts[3];

    for (int i = 0; i < 3; i++) {
        again = outputs[i] = (struct mltrainer_output){.size = sizeof(again)};
        host_start(&hosts[i], i < 2 ? 11 : 12);
        assert_int_equal(go(*state, table, &hosts[i], &outputs[i], &again), MLTRAINER_OK);
    }
    assert_true(same(&outputs[0], &outputs[1]));
    if (!(load(*state)->flags & MLTRAINER_USES_SEED))
        assert_true(same(&outputs[0], &outputs[2]));
    for (int i = 0; i < 3; i++)
        host_end(&hosts[i]);
    table_free(table);
}

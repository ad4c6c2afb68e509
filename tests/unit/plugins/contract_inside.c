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

#include "contract_inside.h"
#include "worker/philox.h"

#define FAILURES_MAX 200
#define TOLD_OFTEN 10

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_IS_SOMEBODY_ELSES 1 /* mallinfo2() knows nothing of it; LeakSanitizer looks instead */
#define ROUNDS 1
#else
#define HEAP_IS_SOMEBODY_ELSES 0
#define ROUNDS 24
#endif

/* ---- A host ---- */

static void *host_alloc(const struct mltrainer_host *services, size_t bytes)
{
    struct inside *run = services->context;

    if (++run->asked == run->fail_at)
        return NULL;
    assert_true(run->block_count < sizeof(run->blocks) / sizeof(run->blocks[0]));
    void *block = aligned_alloc(64, (bytes + 127) / 64 * 64);
    assert_non_null(block);
    memset(block, 0, bytes);
    return run->blocks[run->block_count++] = block;
}

static void host_log(const struct mltrainer_host *services, int32_t level, const char *text)
{
}

static void host_progress(const struct mltrainer_host *services, double fraction)
{
    struct inside *run = services->context;
    struct inside_progress *progress = run->telling;

    progress->told++;
    progress->outside |= !(fraction >= 0 && fraction <= 1);
    progress->fell |= fraction < progress->last;
    progress->steps += fraction > progress->last;
    progress->ended += fraction >= 1;
    progress->last = fraction;
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

static void start(struct inside *run, uint64_t seed, size_t fail_at)
{
    memset(run, 0, sizeof(*run));
    run->fail_at = fail_at;
    run->error.size = sizeof(run->error);
    run->output.size = run->again.size = sizeof(run->output);
    run->services = (struct mltrainer_host){.size = sizeof(run->services),
                                            .abi_major = MLTRAINER_ABI_MAJOR,
                                            .abi_minor = MLTRAINER_ABI_MINOR,
                                            .context = run,
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

void inside_end(struct inside *run)
{
    for (size_t i = 0; i < run->block_count; i++)
        free(run->blocks[i]);
    run->block_count = 0;
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

static int32_t learn(const struct mltrainer_algorithm *algorithm, const struct mltrainer_request *request,
                     struct inside *run)
{
    struct mltrainer_error *error = &run->error;
    void *model = NULL, *copy = NULL;
    const void *bytes;
    size_t byte_count;
    int32_t status = algorithm->trainable->train(&run->services, request, &model, error);

    run->telling = &run->predicting;
    if (status)
        return status;
    if (!(status = algorithm->serializable->save(&run->services, model, &bytes, &byte_count, error)) &&
        !(status = algorithm->serializable->restore(&run->services, bytes, byte_count, &copy, error)) &&
        !(status = algorithm->predictable->predict(&run->services, model, request, &run->output, error))) {
        run->predicting = (struct inside_progress){0};
        status = algorithm->predictable->predict(&run->services, copy, request, &run->again, error);
    }
    algorithm->release(model);
    if (copy)
        algorithm->release(copy);
    return status;
}

void inside_run_so(const struct contract *contract, const struct table *table, uint64_t seed, size_t fail_at,
                   struct inside *run)
{
    const struct mltrainer_algorithm *algorithm = load(contract);
    struct mltrainer_request request = request_of(contract, table);

    start(run, seed, fail_at);
    run->telling = &run->training;
    run->status = algorithm->computable
                      ? algorithm->computable->compute(&run->services, &request, &run->output, &run->error)
                      : learn(algorithm, &request, run);
}

void inside_run(const struct contract *contract, const struct table *table, struct inside *run)
{
    inside_run_so(contract, table, 1, 0, run);
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

/* What leaks grows each time, so once that it does not is enough. The bench's threads use the heap too, so it may grow
 * though nothing leaks, but not each time. */
void inside_gives_its_memory_back(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct inside run;
    size_t before = 0;
    int grown = 1;

    for (int round = 0; round <= ROUNDS && grown; round++) {
        inside_run(*state, table, &run);
        assert_int_equal(run.status, MLTRAINER_OK);
        inside_end(&run);
        grown = round == 0 || mallinfo2().uordblks > before;
        before = mallinfo2().uordblks;
    }
    assert_true(!grown || HEAP_IS_SOMEBODY_ELSES);
    table_free(table);
}

/* Few rows, if the model is content with them: what is asked for depends on the code, not on how many. */
static struct table *short_table(const struct contract *contract)
{
    struct table *table = contract_table(contract->model, ROWS / 5, 1);
    struct inside run;

    inside_run(contract, table, &run);
    inside_end(&run);
    if (run.status == MLTRAINER_OK)
        return table;
    table_free(table);
    return contract_table(contract->model, ROWS, 1);
}

void inside_survives_each_allocation_failing(void **state)
{
    struct table *table = short_table(*state);
    struct inside run = {.status = MLTRAINER_OUT_OF_MEMORY};

    for (size_t at = 1; run.status && at < FAILURES_MAX; at++) {
        inside_run_so(*state, table, 1, at, &run);
        if (run.status != MLTRAINER_OK)
            assert_int_equal(run.status, MLTRAINER_OUT_OF_MEMORY);
        else
            assert_true(run.asked < at);
        inside_end(&run);
    }
    table_free(table);
}

void inside_predicts_the_same_bits_after_restore(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct inside run;

    inside_run(*state, table, &run);
    assert_int_equal(run.status, MLTRAINER_OK);
    if (contract_learns(*state))
        assert_true(same(&run.output, &run.again));
    inside_end(&run);
    table_free(table);
}

void inside_repeats_with_the_seed_and_not_without(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct inside runs[3];

    for (int i = 0; i < 3; i++) {
        inside_run_so(*state, table, i < 2 ? 11 : 12, 0, &runs[i]);
        assert_int_equal(runs[i].status, MLTRAINER_OK);
    }
    assert_true(same(&runs[0].output, &runs[1].output));
    if (!(load(*state)->flags & MLTRAINER_USES_SEED))
        assert_true(same(&runs[0].output, &runs[2].output));
    for (int i = 0; i < 3; i++)
        inside_end(&runs[i]);
    table_free(table);
}

/* Who asks often whether to go on also tells how far it is: more than at the start and the end, and not the end all the
 * time. */
static void assert_grows(const struct inside_progress *progress)
{
    assert_false(progress->outside);
    assert_false(progress->fell);
    if (progress->told < TOLD_OFTEN)
        return;
    if (progress->steps < 4 || progress->ended > 2 + progress->told / 10)
        fail_msg("told %u times: %u steps, %u times the end", progress->told, progress->steps, progress->ended);
}

void inside_progress_grows(void **state)
{
    struct table *table = contract_table(((struct contract *)*state)->model, ROWS, 1);
    struct inside run;

    inside_run(*state, table, &run);
    assert_int_equal(run.status, MLTRAINER_OK);
    assert_grows(&run.training);
    assert_grows(&run.predicting);
    inside_end(&run);
    table_free(table);
}

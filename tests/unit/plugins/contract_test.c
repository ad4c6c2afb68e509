/* SPDX-License-Identifier: Apache-2.0 */
/* What every model of a family must do, whatever it computes: the contract, over each configuration of the catalog by
 * itself. `contract FAMILY`; without an argument what holds of the catalog as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract_run.h"

#define GRACE_MS 20000     /* from asking to the end, by the clock: for machines under load */
#define GRACE_SHORT_MS 300 /* for what cannot be asked to end: its worker is to be lost */

static struct worker_bench bench;

/* ---- Which models, which clauses ---- */

static const struct clause {
    const char *name;
    CMUnitTestFunction run;
    int once; /* for one model of an algorithm, not for each */
} clauses[] = {
    {"gives_what_its_configuration_says", gives_what_its_configuration_says, 0},
    {"gives_the_same_bytes_for_the_same_input", gives_the_same_bytes_for_the_same_input, 0},
    {"depends_on_each_of_its_inputs", depends_on_each_of_its_inputs, 0},
    {"scales_as_money_does", scales_as_money_does, 0},
    {"does_not_care_for_the_order_of_columns", does_not_care_for_the_order_of_columns, 1},
    {"treats_rows_as_its_kind_must", treats_rows_as_its_kind_must, 0},
    {"refuses_numbers_that_are_none", refuses_numbers_that_are_none, 1},
    {"refuses_columns_that_are_not_as_needed", refuses_columns_that_are_not_as_needed, 1},
    {"has_an_answer_for_hazards", has_an_answer_for_hazards, 0},
    {"ends_when_cancelled", ends_when_cancelled, 1},
    {"artifact_is_the_same_for_the_same_seed", artifact_is_the_same_for_the_same_seed, 0},
    {"damaged_artifact_is_refused", damaged_artifact_is_refused, 1},
    {"gives_its_memory_back", inside_gives_its_memory_back, 1},
    {"survives_each_allocation_failing", inside_survives_each_allocation_failing, 1},
    {"predicts_the_same_bits_after_restore", inside_predicts_the_same_bits_after_restore, 0},
    {"repeats_with_the_seed_and_not_without", inside_repeats_with_the_seed_and_not_without, 0},
    {"progress_grows", inside_progress_grows, 1},
};
#define CLAUSES (sizeof(clauses) / sizeof(clauses[0]))
#define MODELS_MAX 128

static int64_t grace_ms = GRACE_MS;

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 2, .cancel_grace_ms = grace_ms});
    return 0;
}

static int stop(void **state)
{
    worker_bench_stop(&bench);
    return 0;
}

static struct catalog *catalog;

static int is_first_of_its_algorithm(const struct catalog_model *model)
{
    for (size_t i = 0; i < catalog->model_count; i++)
        if (strcmp(catalog->models[i].family, model->family) == 0 &&
            strcmp(catalog->models[i].algorithm, model->algorithm) == 0)
            return &catalog->models[i] == model;
    return 0;
}

static struct contract contracts[MODELS_MAX];
static size_t contract_count;

/* The models of @family that can be used, each with the parameters that it is held with. */
static int read_family(const char *family, struct mrpc_arena *arena)
{
    for (size_t m = 0; m < catalog->model_count && contract_count < MODELS_MAX; m++) {
        const struct catalog_model *model = &catalog->models[m];
        struct fault fault = FAULT_INIT;
        if (strcmp(model->family, family) != 0 || model->unavailable)
            continue;
        struct contract *contract = &contracts[contract_count++];
        struct mltrainer_parameter given[CONTRACT_OVERRIDES_MAX];
        *contract = (struct contract){.bench = &bench, .model = model};
        if (catalog_resolve_parameters(model, given, contract_override(model, given), "parameters", arena,
                                       &contract->parameters, &fault)) {
            fprintf(stderr, "%s: %s\n", model->id, fault.text);
            return 1;
        }
    }
    return 0;
}

/* All clauses of the models whose library can be asked to end, or of those where it cannot: their workers are killed
 * after a shorter time. */
static int run_clauses(const char *family, int can_be_asked)
{
    static struct CMUnitTest tests[MODELS_MAX * CLAUSES];
    static char names[MODELS_MAX * CLAUSES][192];
    size_t count = 0;

    for (size_t m = 0; m < contract_count; m++)
        for (size_t c = 0; c < CLAUSES; c++) {
            const struct catalog_model *model = contracts[m].model;
            if (contract_excepted(&contracts[m], "cancel") == can_be_asked ||
                (clauses[c].once && !is_first_of_its_algorithm(model)))
                continue;
            snprintf(names[count], sizeof(names[0]), "%s/%s", model->id, clauses[c].name);
            tests[count] = (struct CMUnitTest){
                .name = names[count], .test_func = clauses[c].run, .initial_state = &contracts[m]};
            count++;
        }
    grace_ms = can_be_asked ? GRACE_MS : GRACE_SHORT_MS;
    return count > 0 ? _cmocka_run_group_tests(family, tests, count, start, stop) : 0;
}

/* @computed: some of its models must be available, or its plugin is not where it should be. */
static int run_family(const char *family, int computed)
{
    struct mrpc_arena *arena = mrpc_arena_new(1 << 22);
    int failed = read_family(family, arena);

    if (computed && contract_count == 0) {
        fprintf(stderr, "%s: none of its models is available\n", family);
        failed = 1;
    }
    for (int can_be_asked = 0; can_be_asked < 2 && !failed; can_be_asked++)
        failed = run_clauses(family, can_be_asked);
    mrpc_arena_free(arena);
    return failed;
}

/* ---- The catalog as a whole ---- */

static size_t algorithms_without_model;

static void count_unused(void *arg, uint64_t ticket, struct process_result *result)
{
    struct outcome *outcome = arg;
    const struct process_description *description = result->description;

    for (size_t i = 0; description && i < description->algorithm_count; i++) {
        int used = 0;
        for (size_t m = 0; m < catalog->model_count; m++)
            used |= strcmp(catalog->models[m].family, description->family) == 0 &&
                    strcmp(catalog->models[m].algorithm, description->algorithms[i].id) == 0;
        if (!used)
            fprintf(stderr, "%s: no model has algorithm %s\n", description->family, description->algorithms[i].id);
        algorithms_without_model += !used;
    }
    pthread_mutex_lock(&outcome->lock);
    outcome->fault = result->fault;
    outcome->is_done = 1;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static void every_algorithm_has_a_model(void **state)
{
    for (size_t i = 0; i < catalog->plugin_count; i++) {
        struct outcome outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        struct process_task task = {.operation = PROCESS_DESCRIBE,
                                    .plugin_path = catalog->plugins[i].path,
                                    .reply_loop = bench.loop,
                                    .on_done = count_unused,
                                    .arg = &outcome};
        if (catalog->plugins[i].state == CATALOG_PLUGIN_REFUSED) /* no code: every model says why */
            continue;
        assert_int_equal(process_pool_submit(bench.pool, &task, &outcome.ticket, NULL), 0);
        worker_bench_await(&outcome);
        if (outcome.fault.code)
            fail_msg("%s: %s", catalog->plugins[i].family, outcome.fault.text);
    }
    assert_int_equal(algorithms_without_model, 0);
}

static void every_unavailable_model_says_why(void **state)
{
    for (size_t i = 0; i < catalog->model_count; i++)
        if (catalog->models[i].unavailable && !catalog->models[i].withheld)
            fail_msg("%s: %s", catalog->models[i].id, catalog->models[i].unavailable);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_has_a_model),
        cmocka_unit_test(every_unavailable_model_says_why),
    };
    struct fault fault = FAULT_INIT;

    if (catalog_read(CONTRACT_MODELS, CONTRACT_PLUGINS, 1, &catalog, &fault)) {
        fprintf(stderr, "%s\n", fault.text);
        return 1;
    }
    int computed = argc > 2 && strcmp(argv[2], "computed") == 0;
    int failed = argc > 1 ? run_family(argv[1], computed) : cmocka_run_group_tests_name("catalog", tests, start, stop);
    snapshot_release(&catalog->snapshot);
    return failed;
}

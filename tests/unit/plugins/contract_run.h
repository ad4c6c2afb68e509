/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_RUN_H
#define CONTRACT_RUN_H

#include "contract_inputs.h"
#include "worker_bench.h"

/** What a test of the contract is about. */
struct contract {
    struct worker_bench *bench;
    const struct catalog_model *model;
    const struct mltrainer_parameter *const *parameters; /* its defaults */
};

int contract_learns(const struct contract *contract);
/** A task with everything that the model's configuration says. */
struct process_task contract_task(const struct contract *contract, enum process_operation operation,
                                  const struct table *table);
/** Train on @table and predict the same rows, or compute: *@outcome is the last task's. Returns its code. */
int contract_run(const struct contract *contract, const struct table *table, struct outcome *outcome);
/** The same; a failure fails the test. */
void contract_run_ok(const struct contract *contract, const struct table *table, struct outcome *outcome);
/** The training alone. */
int contract_train(const struct contract *contract, const struct table *table, struct outcome *outcome);

/** Clauses that need the plugin in this process: on memory, seeds and what a restored model predicts. */
void inside_gives_its_memory_back(void **state);
void inside_survives_each_allocation_failing(void **state);
void inside_predicts_the_same_bits_after_restore(void **state);
void inside_repeats_with_the_seed_and_not_without(void **state);

#endif

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

/** Does @clause ("scales", "row order", "cancel", "no number") not hold of the model's algorithm? */
int contract_excepted(const struct contract *contract, const char *clause);
/** What the contract is held with instead of defaults that would take long, into @given; how many. */
enum { CONTRACT_OVERRIDES_MAX = 64 };
size_t contract_override(const struct catalog_model *model, struct mltrainer_parameter *given);

/** Rows of the tables of most clauses. */
#define ROWS 400

/** Clauses that run a worker, by file: contract_good.c, contract_bad.c, contract_life.c. */
void gives_what_its_configuration_says(void **state);
void gives_the_same_bytes_for_the_same_input(void **state);
void depends_on_each_of_its_inputs(void **state);
void scales_as_money_does(void **state);
void does_not_care_for_the_order_of_columns(void **state);
void treats_rows_as_its_kind_must(void **state);
void refuses_numbers_that_are_none(void **state);
void refuses_columns_that_are_not_as_needed(void **state);
void has_an_answer_for_hazards(void **state);
void ends_when_cancelled(void **state);
void artifact_is_the_same_for_the_same_seed(void **state);
void damaged_artifact_is_refused(void **state);

/** Clauses that need the plugin in this process: on memory, seeds and what a restored model predicts. */
void inside_gives_its_memory_back(void **state);
void inside_survives_each_allocation_failing(void **state);
void inside_predicts_the_same_bits_after_restore(void **state);
void inside_repeats_with_the_seed_and_not_without(void **state);
void inside_progress_grows(void **state);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract_run.h"

int contract_learns(const struct contract *contract)
{
    return (contract->model->operations & CATALOG_COMPUTE) == 0;
}

struct process_task contract_task(const struct contract *contract, enum process_operation operation,
                                  const struct table *table)
{
    return (struct process_task){
        .operation = operation,
        .plugin_path = worker_bench_plugin(contract->model->family),
        .algorithm = contract->model->algorithm,
        .parameters = contract->parameters,
        .parameter_count = contract->model->parameter_count,
        .schema = table ? &table->schema : NULL,
        .array = table ? &table->array : NULL,
        .target = table ? contract_target(contract->model) : NULL,
    };
}

int contract_train(const struct contract *contract, const struct table *table, struct outcome *outcome)
{
    struct process_task task = contract_task(contract, PROCESS_TRAIN, table);

    worker_bench_run(contract->bench, &task, outcome);
    return outcome->fault.code;
}

int contract_run(const struct contract *contract, const struct table *table, struct outcome *outcome)
{
    struct process_task task = contract_task(contract, PROCESS_COMPUTE, table);
    struct outcome trained = {0};

    if (contract_learns(contract)) {
        if (contract_train(contract, table, &trained)) {
            *outcome = trained;
            return trained.fault.code;
        }
        task.operation = PROCESS_PREDICT;
        task.artifact = trained.artifact;
        task.artifact_bytes = trained.artifact_bytes;
    }
    worker_bench_run(contract->bench, &task, outcome);
    outcome_free(&trained);
    return outcome->fault.code;
}

void contract_run_ok(const struct contract *contract, const struct table *table, struct outcome *outcome)
{
    if (contract_run(contract, table, outcome))
        fail_msg("%s: %s", outcome->fault.field, outcome->fault.text);
}

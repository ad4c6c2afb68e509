/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "contract_run.h"

/* Clauses on a training's end: being cancelled, and the artifact that comes of it. */

#define ROWS_LONG 1000000
#define END_MS 1000 /* from asking to the end, of the worker's own time */
#define QUICK_MS 20 /* whose work takes less hardly can be cancelled */
#define AGAIN 10

/* Start on @table and cancel; gives the code that it ended with. */
static int cancel_with(const struct contract *contract, const struct table *table, int64_t *cpu_ms, int *lost)
{
    struct process_task task =
        contract_task(contract, contract_learns(contract) ? PROCESS_TRAIN : PROCESS_COMPUTE, table);
    struct outcome outcome;

    assert_int_equal(worker_bench_submit(contract->bench, &task, &outcome), 0);
    worker_bench_await_start(&outcome);
    process_pool_cancel(contract->bench->pool, outcome.ticket);
    worker_bench_await(&outcome);
    *cpu_ms = outcome.cpu_us / 1000;
    *lost = outcome.worker_lost;
    outcome_free(&outcome);
    return outcome.fault.code;
}

/* Whoever needs no time at all is done before he can hear of it; of anybody else that is chance, and is tried again. */
void ends_when_cancelled(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS_LONG, 1);
    int64_t cpu_ms;
    int lost, code = cancel_with(contract, table, &cpu_ms, &lost);

    /* too many for it */
    for (int64_t rows = ROWS_LONG / 20; code == MRPC_INVALID_ARGUMENT && rows >= ROWS; rows /= 20) {
        table_free(table);
        table = contract_table(contract->model, rows, 1);
        code = cancel_with(contract, table, &cpu_ms, &lost);
    }
    for (int again = 0; code == MRPC_OK && cpu_ms >= QUICK_MS * MLT_TEST_SLOWNESS && again < AGAIN; again++)
        code = cancel_with(contract, table, &cpu_ms, &lost);
    table_free(table);
    assert_true(code == MRPC_CANCELLED || (code == MRPC_OK && cpu_ms < QUICK_MS * MLT_TEST_SLOWNESS));
    /* before its library starts a worker can still be asked */
    assert_true(!lost || contract_excepted(contract, "cancel"));
    assert_true(cpu_ms < END_MS * MLT_TEST_SLOWNESS);
}

/* ---- Artifacts ---- */

void artifact_is_the_same_for_the_same_seed(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome first, second;

    if (contract_learns(contract)) {
        assert_int_equal(contract_train(contract, table, &first), 0);
        assert_int_equal(contract_train(contract, table, &second), 0);
        assert_int_equal(first.artifact_bytes, second.artifact_bytes);
        assert_memory_equal(first.artifact, second.artifact, first.artifact_bytes);
        outcome_free(&first);
        outcome_free(&second);
    }
    table_free(table);
}

static int predict(const struct contract *contract, const struct table *table, const void *artifact, size_t bytes)
{
    struct process_task task = contract_task(contract, PROCESS_PREDICT, table);
    struct outcome outcome;

    task.artifact = artifact;
    task.artifact_bytes = bytes;
    worker_bench_run(contract->bench, &task, &outcome);
    assert_int_equal(outcome.worker_lost, 0);
    outcome_free(&outcome);
    return outcome.fault.code;
}

void damaged_artifact_is_refused(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome trained;

    if (contract_learns(contract)) {
        assert_int_equal(contract_train(contract, table, &trained), 0);
        char *bytes = trained.artifact;
        size_t step = 1 + trained.artifact_bytes / 60;
        for (size_t i = 0; i < trained.artifact_bytes; i += step) {
            bytes[i] = (char)(bytes[i] ^ 0x10);
            assert_int_equal(predict(contract, table, bytes, trained.artifact_bytes), MRPC_DATA_LOSS);
            bytes[i] = (char)(bytes[i] ^ 0x10);
            if (i > 0)
                assert_int_equal(predict(contract, table, bytes, i), MRPC_DATA_LOSS);
        }
        assert_int_equal(predict(contract, table, bytes, trained.artifact_bytes), MRPC_OK);
        outcome_free(&trained);
    }
    table_free(table);
}

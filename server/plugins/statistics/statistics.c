/* SPDX-License-Identifier: Apache-2.0 */
#include "tests.h"

int32_t test_need_rows(struct call *call, int64_t least)
{
    if (call->rows < least)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %lld", (long long)call->rows,
                  (long long)least);
    if (call->rows > TEST_ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d", (long long)call->rows, TEST_ROWS_MAX);
    return call->status;
}

TESTS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {TESTS(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "statistics",
    .version = "1.0.0",
    .description = "Tests, information and complexity of series.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};

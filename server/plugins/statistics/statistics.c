/* SPDX-License-Identifier: Apache-2.0 */
#include "tests.h"
#include "support/family.h"

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

FAMILY("statistics", algorithms, .description = "Tests, information and complexity of series.", .licence = "Apache-2.0",
       .engine = "C of this project");

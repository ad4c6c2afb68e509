/* SPDX-License-Identifier: Apache-2.0 */
#include "patterns.h"
#include "support/family.h"

void pattern_need_prices(struct call *call, size_t input, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(call->in[input][row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

unsigned pattern_chosen(struct call *call, const char *name, const char *const *known)
{
    size_t count;
    const char *const *texts = call_texts(call, name, 16, &count);
    unsigned chosen = 0;

    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (known[at] && strcmp(known[at], texts[i]) != 0)
            at++;
        if (!known[at])
            call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "\"%.40s\" is no pattern that it knows", texts[i]);
        else
            chosen |= 1u << at;
    }
    return chosen;
}

PATTERNS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {PATTERNS(TABULAR_ENTRY)};

FAMILY("pattern", algorithms, .description = "Shapes of price charts.", .licence = "Apache-2.0",
       .engine = "C of this project");

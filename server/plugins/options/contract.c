/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

struct vanilla_terms vanilla_terms(struct call *call)
{
    static const char *const types[] = {"call", "put", NULL};

    return (struct vanilla_terms){.sign = call_choice(call, "option_type", types) == 0 ? 1 : -1,
                                  .dividend_yield = call_number_within(call, "dividend_yield", -10, 10)};
}

int32_t vanilla_read(struct call *call, const struct vanilla_terms *terms, const double *volatility, int64_t row,
                     struct vanilla *option)
{
    static const char *const names[] = {"spot", "strike", "time_to_expiry", "volatility"};

    *option = (struct vanilla){.spot = call->in[0][row],
                               .strike = call->in[1][row],
                               .years = call->in[2][row],
                               .rate = call->in[3][row],
                               .volatility = volatility ? volatility[row] : 0,
                               .dividend_yield = terms->dividend_yield,
                               .sign = terms->sign};
    const double values[] = {option->spot, option->strike, option->years, option->volatility};
    for (size_t i = 0; i < 4; i++)
        if (i < 2 ? !(values[i] > 0) : !(values[i] >= 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, names[i], "row %lld (from 0) is %g: it must be %s",
                             (long long)row, values[i], i < 2 ? "above 0" : "0 or more");
    return call->status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How rough a series is, and how much in it is new. */
#include "support/order.h"
#include "tests.h"

/* ---- Higuchi (1988), "Approach to an irregular time series on the basis of the fractal theory" ---- */

static double curve_length(const double *values, int64_t rows, int64_t k)
{
    double whole = 0;

    for (int64_t from = 0; from < k; from++) {
        int64_t steps = (rows - 1 - from) / k;
        double length = 0;
        for (int64_t i = 1; i <= steps; i++)
            length += fabs(values[from + i * k] - values[from + (i - 1) * k]);
        whole += length * (double)(rows - 1) / ((double)steps * (double)k) / (double)k;
    }
    return whole / (double)k;
}

static int32_t fill_higuchi(struct call *call);

TABULAR(higuchi, .inputs = {"@column"}, .outputs = {"dimension", "explained"}, .own_rows = 1, .fill = fill_higuchi);

static int32_t fill_higuchi(struct call *call)
{
    int64_t most = call_integer(call, "k_max", 2, 1000);
    double *scales = call_numbers(call, most), *lengths = call_numbers(call, most);

    if (call->status || test_need_rows(call, 2 * most + 1) || tabular_start(call, &higuchi_tabular, 1))
        return call->status;
    for (int64_t k = 1; k <= most && !call_step(call, (double)k, (double)most); k++) {
        double length = curve_length(call->in[0], call->rows, k);
        if (!(length > 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, "", "the series does not change");
        scales[k - 1] = -log((double)k);
        lengths[k - 1] = log(length);
    }
    call->out[0][0] = test_slope(scales, lengths, most, &call->out[1][0]);
    return call->status;
}

/* ---- Lempel and Ziv (1976), "On the complexity of finite sequences" ---- */

static int32_t fill_lempel_ziv(struct call *call);

TABULAR(lempel_ziv, .inputs = {"@column"}, .outputs = {"complexity", "patterns", "median"}, .own_rows = 1,
        .fill = fill_lempel_ziv);

/* Kaspar and Schuster's (1987) count of the patterns that are not copies from what came before. */
static int64_t count_patterns(struct call *call, const char *text, int64_t length)
{
    int64_t count = 1, start = 0, matched = 1, longest = 1, at = 1;

    while (at + matched <= length) {
        if (text[start + matched - 1] == text[at + matched - 1]) {
            matched++;
            continue;
        }
        longest = matched > longest ? matched : longest;
        if (++start == at) {
            count++;
            at += longest;
            start = 0;
            longest = 1;
            if (call_step(call, (double)at, (double)length))
                return 0;
        }
        matched = 1;
    }
    return count + (at < length);
}

/* Values above the median are 1, the others 0. */
static int32_t fill_lempel_ziv(struct call *call)
{
    int normalize = call_flag(call, "normalize");
    double *sorted = call_numbers(call, call->rows), n = (double)call->rows;
    char *text = call_memory(call, (size_t)call->rows + 1, 1);

    if (!call->status && call->rows > 20000)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than 20000", (long long)call->rows);
    if (call->status || test_need_rows(call, 2) || tabular_start(call, &lempel_ziv_tabular, 1))
        return call->status;
    memcpy(sorted, call->in[0], (size_t)call->rows * sizeof(double));
    order_sort(sorted, (size_t)call->rows);
    double median = order_quantile(sorted, (size_t)call->rows, 0.5);
    call->out[2][0] = median;
    for (int64_t row = 0; row < call->rows; row++)
        text[row] = call->in[0][row] > median;
    call->out[1][0] = (double)count_patterns(call, text, call->rows);
    call->out[0][0] = call->out[1][0] * (normalize ? log2(n) / n : 1);
    return call->status;
}

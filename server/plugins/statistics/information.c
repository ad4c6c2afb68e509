/* SPDX-License-Identifier: Apache-2.0 */
/* Information in nats between columns. */
#include "support/order.h"
#include "tests.h"

#define NEIGHBOUR_ROWS_MAX 20000
#define CELLS_MAX 1000000

/* Abramowitz and Stegun 6.3.5 and 6.3.18. */
static double digamma(double x)
{
    double sum = 0;

    for (; x < 10; x++)
        sum -= 1 / x;
    double r = 1 / (x * x);
    return sum + log(x) - 0.5 / x -
           r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132)))));
}

/* ---- Kraskov, Stögbauer and Grassberger (2004), the first of their estimators ---- */

static int32_t fill_mutual(struct call *call);

TABULAR(mutual_information, .inputs = {"@column"}, .features = 1, .label = "feature",
        .outputs = {"mutual_information", "entropy"}, .own_rows = 1, .fill = fill_mutual);

/* In units of the deviation, as scikit-learn has it; 0 deviation stays as it is. */
static double *scaled(struct call *call, const double *values)
{
    double *out = call_numbers(call, call->rows), mean = 0, squares = 0;

    for (int64_t i = 0; i < call->rows; i++)
        mean += values[i] / (double)call->rows;
    for (int64_t i = 0; i < call->rows; i++)
        squares += (values[i] - mean) * (values[i] - mean) / (double)call->rows;
    for (int64_t i = 0; !call->status && i < call->rows; i++)
        out[i] = squares > 0 ? values[i] / sqrt(squares) : values[i];
    return out;
}

/* Distance of the @k-th nearest row, the larger of both coordinates. @best: k numbers. */
static double distance_of(const double *x, const double *y, int64_t rows, int64_t at, int64_t k, double *best)
{
    int64_t count = 0;

    for (int64_t i = 0; i < rows; i++) {
        double distance = fmax(fabs(x[i] - x[at]), fabs(y[i] - y[at]));
        if (i == at || (count == k && distance >= best[k - 1]))
            continue;
        int64_t place = count < k ? count++ : k - 1;
        for (; place > 0 && best[place - 1] > distance; place--)
            best[place] = best[place - 1];
        best[place] = distance;
    }
    return best[k - 1];
}

static double mutual(struct call *call, const double *x, const double *y, int64_t k)
{
    double *best = call_numbers(call, k), sum = 0, n = (double)call->rows;

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double radius = distance_of(x, y, call->rows, row, k, best), near_x = 0, near_y = 0;
        if ((row & 63) == 0 && call_step(call, (double)row, n))
            break;
        for (int64_t i = 0; i < call->rows; i++) { /* the row itself counts too */
            near_x += fabs(x[i] - x[row]) < radius || i == row;
            near_y += fabs(y[i] - y[row]) < radius || i == row;
        }
        sum += (digamma(near_x) + digamma(near_y)) / n;
    }
    return fmax(0, digamma(n) + digamma((double)k) - sum);
}

/* Shannon's, of the values in @bins cells of the same width. */
static double entropy(struct call *call, const double *values, int64_t bins)
{
    double *counts = call_numbers(call, bins), low = INFINITY, high = -INFINITY, sum = 0;

    for (int64_t i = 0; !call->status && i < call->rows; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    if (call->status || !(high > low))
        return 0;
    for (int64_t i = 0; i < call->rows; i++)
        counts[(int64_t)fmin((double)bins - 1, floor((values[i] - low) / (high - low) * (double)bins))]++;
    for (int64_t i = 0; i < bins; i++)
        if (counts[i] > 0)
            sum -= counts[i] / (double)call->rows * log(counts[i] / (double)call->rows);
    return sum;
}

static int32_t fill_mutual(struct call *call)
{
    int64_t k = call_integer(call, "n_neighbors", 1, 1000), bins = call_integer(call, "bins", 2, 10000);
    const char *own = call_text(call, "column");

    if (!call->status && call->rows > NEIGHBOUR_ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d", (long long)call->rows,
                  NEIGHBOUR_ROWS_MAX);
    if (call->status || test_need_rows(call, k + 1) ||
        tabular_start(call, &mutual_information_tabular, (int64_t)call->feature_count) ||
        tabular_label(call, call->feature_names))
        return call->status;
    const double *y = scaled(call, call->in[0]);
    for (size_t i = 0; i < call->feature_count && !call->status; i++) {
        const double *x = scaled(call, call->features[i]);
        call->out[1][i] = entropy(call, call->features[i], bins);
        call->out[0][i] = strcmp(call->feature_names[i], own) == 0 ? call->out[1][i] : mutual(call, x, y, k);
    }
    return call->status;
}

/* ---- Schreiber (2000), "Measuring information transfer", on values cut at their quantiles ---- */

static int32_t fill_transfer(struct call *call);

TABULAR(transfer_entropy, .inputs = {"@effect", "@cause"}, .outputs = {"transfer", "back", "net"}, .own_rows = 1,
        .fill = fill_transfer);

/* Which of @bins parts of equal count each value is in. */
static uint32_t *symbols(struct call *call, const double *values, int64_t bins)
{
    uint32_t *out = call_memory(call, (size_t)call->rows, sizeof(*out));
    double *sorted = call_numbers(call, call->rows);

    if (call->status)
        return NULL;
    memcpy(sorted, values, (size_t)call->rows * sizeof(double));
    order_sort(sorted, (size_t)call->rows);
    for (int64_t cut = 1; cut < bins; cut++) {
        double edge = order_quantile(sorted, (size_t)call->rows, (double)cut / (double)bins);
        for (int64_t row = 0; row < call->rows; row++)
            out[row] += values[row] > edge;
    }
    return out;
}

/* Sum over p(next, past, other) log of p(next | past, other) / p(next | past). */
static double transfer(struct call *call, const uint32_t *to, const uint32_t *from, int64_t history, size_t bins)
{
    size_t pasts = 1;
    for (int64_t i = 0; i < history; i++)
        pasts *= bins;
    double *all = call_memory(call, pasts * pasts * bins, sizeof(double)),
           *both = call_memory(call, pasts * pasts, sizeof(double)),
           *own = call_memory(call, pasts * bins, sizeof(double)), *past = call_memory(call, pasts, sizeof(double)),
           sum = 0;
    double rows = (double)(call->rows - history);

    for (int64_t row = history; !call->status && row < call->rows; row++) {
        size_t mine = 0, theirs = 0;
        for (int64_t i = 1; i <= history; i++) {
            mine = mine * bins + to[row - i];
            theirs = theirs * bins + from[row - i];
        }
        all[(mine * pasts + theirs) * bins + to[row]]++;
        both[mine * pasts + theirs]++;
        own[mine * bins + to[row]]++;
        past[mine]++;
    }
    for (size_t i = 0; !call->status && i < pasts * pasts * bins; i++)
        if (all[i] > 0)
            sum += all[i] / rows *
                   log(all[i] * past[i / bins / pasts] / (both[i / bins] * own[i / bins / pasts * bins + i % bins]));
    return sum;
}

static int32_t fill_transfer(struct call *call)
{
    int64_t history = call_integer(call, "history", 1, 10), bins = call_integer(call, "bins", 2, 20);

    if (!call->status && pow((double)bins, (double)(2 * history + 1)) > CELLS_MAX)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "history", "%lld with %lld bins make more than %d cells",
                  (long long)history, (long long)bins, CELLS_MAX);
    if (call->status || test_need_rows(call, history + 2) || tabular_start(call, &transfer_entropy_tabular, 1))
        return call->status;
    const uint32_t *effect = symbols(call, call->in[0], bins), *cause = symbols(call, call->in[1], bins);
    if (call->status)
        return call->status;
    call->out[0][0] = transfer(call, effect, cause, history, (size_t)bins);
    call->out[1][0] = transfer(call, cause, effect, history, (size_t)bins);
    call->out[2][0] = call->out[0][0] - call->out[1][0];
    return call->status;
}

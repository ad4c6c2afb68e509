/* SPDX-License-Identifier: Apache-2.0 */
#include "support/order.h"
#include "support/tree/codes.h"
#include "support/tree/histogram.h"

#define WORK_BETWEEN_QUESTIONS ((size_t)1 << 19)

/* ---- Bins ---- */

static double middle_of(double below, double above)
{
    double middle = below / 2 + above / 2;

    return middle < above && middle >= below ? middle : below;
}

static size_t edges_between_values(const double *sorted, size_t rows, double *edges)
{
    size_t count = 0;

    for (size_t i = 1; i < rows; i++)
        if (sorted[i] > sorted[i - 1])
            edges[count++] = middle_of(sorted[i - 1], sorted[i]);
    return count;
}

static size_t edges_at_quantiles(const double *sorted, size_t rows, size_t bins, double *edges)
{
    size_t count = 0;

    for (size_t i = 1; i < bins; i++) {
        size_t place = i * rows / bins; /* the mean of two rows where a share of them ends between */
        double edge = i * rows % bins ? sorted[place] : sorted[place - 1] / 2 + sorted[place] / 2;
        if (count == 0 || edge > edges[count - 1])
            edges[count++] = edge;
    }
    return count;
}

static size_t count_values(const double *sorted, size_t rows)
{
    size_t count = 1;

    for (size_t i = 1; i < rows; i++)
        count += sorted[i] > sorted[i - 1];
    return count;
}

static void find_bins(struct bins *bins, const struct call *call, size_t feature, size_t bins_max, double *sorted)
{
    size_t rows = (size_t)call->rows, count = 0;
    const double *values = call->features[feature];
    double *edges = bins->edges[feature];

    for (size_t row = 0; row < rows; row++)
        if (!call->weights || call->weights[row] > 0)
            sorted[count++] = values[row];
    order_sort(sorted, count);
    size_t edge_count = count_values(sorted, count) <= bins_max ? edges_between_values(sorted, count, edges)
                                                                : edges_at_quantiles(sorted, count, bins_max, edges);
    for (size_t row = 0; row < rows; row++)
        bins->codes[row * bins->features + feature] = code_of(edges, edge_count, values[row]);
    bins->counts[feature] = (uint32_t)edge_count + 1;
    bins->first[feature] = bins->cells;
    bins->cells += bins->counts[feature];
}

int32_t histogram_start(struct histogram *histogram, struct call *call, size_t bins_max)
{
    size_t rows = (size_t)call->rows, features = call->feature_count;
    struct bins *bins = &histogram->bins;

    *histogram = (struct histogram){.call = call, .whole = 1, .bins.features = features};
    bins->codes = call_memory(call, rows * features, sizeof(*bins->codes));
    bins->edges = call_memory(call, features, sizeof(double *));
    bins->counts = call_memory(call, features, sizeof(*bins->counts));
    bins->first = call_memory(call, features, sizeof(*bins->first));
    double *edges = call_memory(call, features * BINS_MAX, sizeof(*edges)), *sorted = call_numbers(call, call->rows);
    histogram->examples = call_memory(call, rows, sizeof(*histogram->examples));
    histogram->rows = call_memory(call, rows, sizeof(*histogram->rows));
    histogram->scratch = call_memory(call, rows, sizeof(*histogram->scratch));
    for (size_t f = 0; !call->status && f < features && !call_step(call, 0, 1); f++) {
        bins->edges[f] = edges + f * BINS_MAX;
        find_bins(bins, call, f, bins_max, sorted);
    }
    return call->status;
}

/* ---- What every kind of tree does with them ---- */

void histogram_take_residuals(struct histogram *histogram, const double *predictions)
{
    const struct call *call = histogram->call;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        histogram->examples[row] = (histogram_pair){weight * (call->target[row] - predictions[row]), weight};
        histogram->rows[row] = (uint32_t)row;
    }
}

void histogram_count(struct histogram *histogram, const uint32_t *rows, size_t count, histogram_pair *cells)
{
    const struct bins *bins = &histogram->bins;
    size_t features = bins->features;

    memset(cells, 0, bins->cells * sizeof(*cells));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *codes = bins->codes + rows[i] * features;
        histogram_pair example = histogram->examples[rows[i]];
        if (i + 8 < count)
            __builtin_prefetch(bins->codes + rows[i + 8] * features);
        for (size_t f = 0; f < features; f++)
            cells[bins->first[f] + codes[f]] += example;
    }
    histogram->work += count * features;
}

size_t histogram_divide(struct histogram *histogram, uint32_t *rows, size_t count, uint32_t feature, uint32_t bin)
{
    const uint8_t *codes = histogram->bins.codes + feature;
    size_t features = histogram->bins.features, left = 0, right = 0;

    for (size_t i = 0; i < count; i++) { /* both are written, one counts */
        uint32_t row = rows[i];
        size_t is_left = codes[row * features] <= bin;
        rows[left] = row;
        histogram->scratch[right] = row;
        left += is_left;
        right += 1 - is_left;
    }
    memcpy(rows + left, histogram->scratch, right * sizeof(*rows));
    histogram->work += count;
    return left;
}

int histogram_is_stopped(struct histogram *histogram)
{
    if (histogram->work >= WORK_BETWEEN_QUESTIONS) {
        histogram->work = 0;
        call_step(histogram->call, histogram->done, histogram->whole);
    }
    return histogram->call->status != 0;
}

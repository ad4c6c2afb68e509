/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes of a window in groups: the partition of least squares, which on a line can be found exactly. */
#include "indicators.h"
#include "support/order.h"
#include "support/tabular.h"

/* Dynamic programming over the sorted values: cost[c][i] is the least sum of squares of the first i values in c groups.
 * Source: Wang and Song (2011), "Ckmeans.1d.dp", The R Journal 3/2. */
struct partition {
    int64_t window, clusters;
    double *sorted, *sums, *squares, *cost;
    int64_t *start; /* where the last group of cost[c][i] begins */
};

static double group_cost(const struct partition *p, int64_t from, int64_t to)
{
    double sum = p->sums[to] - p->sums[from], squares = p->squares[to] - p->squares[from];

    return fmax(0, squares - sum * sum / (double)(to - from));
}

static void split(struct partition *p, const double *values)
{
    int64_t width = p->window + 1;

    memcpy(p->sorted, values, (size_t)p->window * sizeof(double));
    order_sort(p->sorted, (size_t)p->window);
    for (int64_t i = 0; i < p->window; i++) { /* from the least value on: fewer digits are lost */
        double value = p->sorted[i] - p->sorted[0];
        p->sums[i + 1] = p->sums[i] + value;
        p->squares[i + 1] = p->squares[i] + value * value;
    }
    for (int64_t i = 1; i <= p->window; i++)
        p->cost[i] = group_cost(p, 0, i);
    for (int64_t c = 1; c < p->clusters; c++)
        for (int64_t i = c + 1; i <= p->window; i++) {
            double *best = &p->cost[c * width + i];
            *best = INFINITY;
            for (int64_t from = c; from < i; from++) {
                double cost = (c == 1 ? p->cost[from] : p->cost[(c - 1) * width + from]) + group_cost(p, from, i);
                if (cost < *best) {
                    *best = cost;
                    p->start[c * width + i] = from;
                }
            }
        }
}

/* Which group, from the least, @value is in, and that group's mean. */
static int64_t find_group(const struct partition *p, double value, double *mean)
{
    int64_t end = p->window;

    for (int64_t c = p->clusters - 1;; c--) {
        int64_t from = c == 0 ? 0 : p->start[c * (p->window + 1) + end];
        if (value >= p->sorted[from]) {
            *mean = p->sorted[0] + (p->sums[end] - p->sums[from]) / (double)(end - from);
            return c;
        }
        end = from;
    }
}

static int32_t fill_clusters(struct call *call)
{
    int64_t clusters = call_integer(call, "n_clusters", 2, 10), window = call_integer(call, "window", 2, 250);
    struct partition p = {.window = window, .clusters = clusters};

    if (window < clusters)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "window", "%lld is less than n_clusters, %lld", (long long)window,
                  (long long)clusters);
    p.sorted = call_numbers(call, window);
    p.sums = call_numbers(call, window + 1);
    p.squares = call_numbers(call, window + 1);
    p.cost = call_numbers(call, clusters * (window + 1));
    p.start = call_memory(call, (size_t)(clusters * (window + 1)), sizeof(*p.start));
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (row < window - 1) {
            call->out[0][row] = call->out[1][row] = NAN;
            continue;
        }
        if ((row & 63) == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        split(&p, call->in[0] + row - window + 1);
        call->out[0][row] = (double)find_group(&p, call->in[0][row], &call->out[1][row]);
    }
    return call->status;
}

TABULAR(volume_clusters, .inputs = {"volume"}, .outputs = {"cluster", "centre"}, .fill = fill_clusters);

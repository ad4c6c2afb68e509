/* SPDX-License-Identifier: Apache-2.0 */
#include "support/breaks.h"

#include "support/order.h"

struct line {
    struct call *call;
    int64_t rows;
    double *sums, *squares;  /* of the sorted numbers before each, less the middle one */
    double *before, *now;    /* the least cost of the numbers up to each, with one group fewer and with this many */
    uint32_t *first;         /* where the last group starts then */
};

/* Sum of squares around their mean of sorted numbers @from to @to. */
static double cost(const struct line *line, int64_t from, int64_t to)
{
    double sum = line->sums[to + 1] - line->sums[from];

    return fmax(0, line->squares[to + 1] - line->squares[from] - sum * sum / (double)(to - from + 1));
}

/* The best start of the last group for all ends from @low to @high, known to lie from @least to @most. */
static void fill(const struct line *line, int64_t low, int64_t high, int64_t least, int64_t most)
{
    while (low <= high) {
        int64_t end = low + (high - low) / 2, best = least;
        double smallest = INFINITY;
        for (int64_t from = least; from <= most && from <= end; from++) {
            double value = (from > 0 ? line->before[from - 1] : INFINITY) + cost(line, from, end);
            if (value < smallest) {
                smallest = value;
                best = from;
            }
        }
        line->now[end] = smallest;
        line->first[end] = (uint32_t)best;
        fill(line, low, end - 1, least, best);
        low = end + 1;
        least = best;
    }
}

static int64_t count_different(const double *values, const uint32_t *order, int64_t rows)
{
    int64_t count = rows > 0;

    for (int64_t i = 1; i < rows; i++)
        count += values[order[i]] != values[order[i - 1]];
    return count;
}

int32_t breaks_find(struct call *call, const double *values, int64_t rows, size_t groups, uint32_t *labels,
                    double *centres)
{
    struct line line = {.call = call,
                        .rows = rows,
                        .sums = call_numbers(call, rows + 1),
                        .squares = call_numbers(call, rows + 1),
                        .before = call_numbers(call, rows),
                        .now = call_numbers(call, rows)};
    uint32_t *order = call_memory(call, (size_t)rows, sizeof(*order)),
             *starts = call_memory(call, (size_t)rows * groups, sizeof(*starts));

    if (call->status)
        return call->status;
    order_indexes(values, (size_t)rows, order, starts);
    if (count_different(values, order, rows) < (int64_t)groups)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "there are fewer different numbers than %zu groups", groups);
    double middle = values[order[rows / 2]];
    for (int64_t i = 0; i < rows; i++) {
        double value = values[order[i]] - middle;
        line.sums[i + 1] = line.sums[i] + value;
        line.squares[i + 1] = line.squares[i] + value * value;
    }
    for (int64_t i = 0; i < rows; i++)
        line.before[i] = cost(&line, 0, i);
    for (size_t group = 1; group < groups; group++) {
        if (call_step(call, (double)group, (double)groups))
            return call->status;
        line.first = starts + group * (size_t)rows;
        fill(&line, 0, rows - 1, 0, rows - 1);
        double *kept = line.before;
        line.before = line.now;
        line.now = kept;
    }
    int64_t end = rows - 1;
    for (size_t group = groups; group-- > 0;) {
        int64_t from = group > 0 ? starts[group * (size_t)rows + (size_t)end] : 0;
        for (int64_t i = from; i <= end; i++)
            labels[order[i]] = (uint32_t)group;
        if (centres)
            centres[group] = middle + (line.sums[end + 1] - line.sums[from]) / (double)(end - from + 1);
        end = from - 1;
    }
    return call->status;
}

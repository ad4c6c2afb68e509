/* SPDX-License-Identifier: Apache-2.0 */
#include "segments.h"

#include "support/order.h"

struct search {
    struct call *call;
    const double *series;
    int64_t rows;
    enum segments_cost cost;
    double gamma;
    double *sums, *squares; /* of the rows before each */
    double *total;          /* least cost of the rows before each, penalties included */
    double *kernel;         /* sum of the kernel over all pairs of rows from each to now */
    int64_t *came, *open;   /* the last segment's start; starts that may still be best */
    int64_t open_count;
};

/* Pairs of sorted numbers that are at most @apart from each other. */
static int64_t count_pairs(const double *sorted, int64_t count, double apart)
{
    int64_t pairs = 0, low = 0;

    for (int64_t high = 0; high < count; high++) {
        while (sorted[high] - sorted[low] > apart)
            low++;
        pairs += high - low;
    }
    return pairs;
}

/* The @rank-th smallest distance (from 1) of sorted numbers, by halving doubles as whole numbers: exact. Each of the 60
 * halvings passes over all rows: asked between them, a cancel need not wait for the last. */
static double distance_of_rank(struct call *call, const double *sorted, int64_t count, int64_t rank)
{
    union {
        double value;
        uint64_t bits;
    } low = {.value = 0}, high = {.value = sorted[count - 1] - sorted[0]}, middle;

    for (int halving = 0; low.bits < high.bits && !call_step(call, halving, 64); halving++) {
        middle.bits = low.bits + (high.bits - low.bits) / 2;
        if (count_pairs(sorted, count, middle.value) >= rank)
            high = middle;
        else
            low.bits = middle.bits + 1;
    }
    return low.value;
}

/* 1 over the median squared distance of all pairs; 1 where that is 0. */
static double gamma_of(struct call *call, const double *series, int64_t rows)
{
    double *sorted = call_numbers(call, rows);
    int64_t pairs = rows * (rows - 1) / 2;

    if (call->status || pairs == 0)
        return 1;
    memcpy(sorted, series, (size_t)rows * sizeof(double));
    order_sort(sorted, (size_t)rows);
    call_part(call, 0, 0.25);
    double one = distance_of_rank(call, sorted, rows, (pairs + 1) / 2);
    call_part(call, 0.25, 0.5);
    double two = distance_of_rank(call, sorted, rows, pairs / 2 + 1);
    double median = (one * one + two * two) / 2;
    return median > 0 ? 1 / median : 1;
}

/* Two rows' kernel; the exponent is kept between 0.01 and 100, as ruptures does. */
static double kernel(const struct search *s, int64_t a, int64_t b)
{
    double apart = s->series[a] - s->series[b];

    return a == b ? 1 : exp(-fmin(fmax(apart * apart * s->gamma, 0.01), 100));
}

/* Row @now joins the segments that are open. */
static void extend(struct search *s, int64_t now)
{
    double with = 0;

    s->sums[now + 1] = s->sums[now] + s->series[now] - s->series[0];
    s->squares[now + 1] = s->squares[now] + (s->series[now] - s->series[0]) * (s->series[now] - s->series[0]);
    if (s->cost != SEGMENTS_KERNEL)
        return;
    for (int64_t from = now; from >= s->open[0]; from--) { /* starts are in ascending order */
        with += (from == now ? 1 : 2) * kernel(s, from, now);
        s->kernel[from] += with;
    }
}

/* Rows @from to @to - 1. */
static double cost_of(const struct search *s, int64_t from, int64_t to)
{
    double length = (double)(to - from), sum = s->sums[to] - s->sums[from];

    if (s->cost == SEGMENTS_KERNEL)
        return length - s->kernel[from] / length;
    return fmax(0, s->squares[to] - s->squares[from] - sum * sum / length);
}

/* The best last segment of the rows before @to, and the starts that can be part of a best one later. */
static void close_at(struct search *s, int64_t to, int64_t least, double penalty)
{
    int64_t kept = 0;

    s->total[to] = INFINITY;
    for (int64_t i = 0; i < s->open_count; i++) {
        int64_t from = s->open[i];
        double total = to - from >= least ? s->total[from] + cost_of(s, from, to) + penalty : INFINITY;
        if (total < s->total[to]) {
            s->total[to] = total;
            s->came[to] = from;
        }
    }
    for (int64_t i = 0; i < s->open_count; i++) {
        int64_t from = s->open[i];
        if (to - from < least || s->total[from] + cost_of(s, from, to) <= s->total[to])
            s->open[kept++] = from;
    }
    s->open_count = kept;
    if (isfinite(s->total[to]))
        s->open[s->open_count++] = to;
}

static struct search search_new(struct call *call, const double *series, int64_t rows, enum segments_cost cost)
{
    return (struct search){.call = call,
                           .series = series,
                           .rows = rows,
                           .cost = cost,
                           .sums = call_numbers(call, rows + 1),
                           .squares = call_numbers(call, rows + 1),
                           .total = call_numbers(call, rows + 1),
                           .kernel = call_numbers(call, rows + 1),
                           .came = call_memory(call, (size_t)rows + 1, sizeof(int64_t)),
                           .open = call_memory(call, (size_t)rows + 2, sizeof(int64_t)),
                           .open_count = 1};
}

int32_t segments_find(struct call *call, const double *series, int64_t rows, enum segments_cost cost, int64_t least,
                      double penalty, int64_t *segment)
{
    struct search s = search_new(call, series, rows, cost);
    int64_t work = 0, count = 0;

    if (!call->status && rows < 2 * least)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than two segments of %lld", (long long)rows,
                  (long long)least);
    if (!call->status && cost == SEGMENTS_KERNEL)
        s.gamma = gamma_of(call, series, rows);
    call_part(call, cost == SEGMENTS_KERNEL ? 0.5 : 0, 1);
    for (int64_t row = 0; row < rows && !call->status; row++) {
        extend(&s, row);
        close_at(&s, row + 1, least, penalty);
        work += row - s.open[0] + 64;
        if (work > 1000000) {
            work = 0;
            call_step(call, (double)row, (double)rows);
        }
    }
    if (call->status)
        return call->status;
    for (int64_t to = rows; to > 0; to = s.came[to]) {
        for (int64_t row = s.came[to]; row < to; row++)
            segment[row] = count;
        count++;
    }
    for (int64_t row = 0; row < rows; row++)
        segment[row] = count - 1 - segment[row];
    return call->status;
}

/* ---- change_points ---- */

static int32_t fill_points(struct call *call)
{
    static const char *const costs[] = {"l2", "rbf", NULL};
    size_t cost = call_choice(call, "model", costs);
    int64_t least = call_window(call, "min_size", 1);
    double penalty = call_number_within(call, "penalty", 0, 1e12), sum = 0;
    int64_t *segment = call_memory(call, (size_t)call->rows, sizeof(*segment)), start = 0;

    if (segments_find(call, call->in[0], call->rows, (enum segments_cost)cost, least, penalty, segment))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        int is_new = row > 0 && segment[row] != segment[row - 1];
        call->out[0][row] = (double)segment[row];
        call->out[1][row] = is_new;
        if (is_new) {
            start = row;
            sum = 0;
        }
        sum += call->in[0][row];
        if (row + 1 == call->rows || segment[row + 1] != segment[row])
            for (int64_t i = start; i <= row; i++)
                call->out[2][i] = sum / (double)(row - start + 1);
    }
    return call->status;
}

TABULAR(change_points, .inputs = {"@column"}, .outputs = {"segment", "is_change", "mean"}, .fill = fill_points);

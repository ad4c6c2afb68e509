/* SPDX-License-Identifier: Apache-2.0 */
/* ADWIN: a window over a stream that keeps growing while its mean holds, and loses its oldest part as soon as that
 * part's mean differs from the rest's by more than chance allows. It is kept as an exponential histogram: at most
 * BUCKETS + 1 buckets of each size 1, 2, 4 …, so memory and time are logarithmic in its width. After a change it starts
 * anew.
 * Source: Bifet and Gavalda (2007), "Learning from time-changing data with adaptive windowing", SDM; the details
 * (when it looks, the least widths) are those of the river library. */
#include "support/tabular.h"

#define BUCKETS 5
#define LEVELS 48
#define EACH 32 /* rows between two looks */
#define LEAST 5 /* rows on each side of a cut */

struct bucket {
    double total, variance; /* sum, and sum of squares about the mean */
};

struct window {
    struct bucket buckets[LEVELS][BUCKETS + 2]; /* oldest first; of size 2^level */
    size_t counts[LEVELS], levels;
    double width, total, variance;
};

static int32_t fill(struct call *call);

TABULAR(adwin, .inputs = {"@column"}, .outputs = {"drift", "mean", "width"}, .fill = fill);

static double square(double x)
{
    return x * x;
}

static struct bucket join(struct bucket a, struct bucket b, double count_a, double count_b)
{
    return (struct bucket){.total = a.total + b.total,
                           .variance = a.variance + b.variance + count_a * count_b *
                                                                     square(a.total / count_a - b.total / count_b) /
                                                                     (count_a + count_b)};
}

static void drop_first(struct window *w, size_t level, size_t count)
{
    w->counts[level] -= count;
    memmove(w->buckets[level], w->buckets[level] + count, w->counts[level] * sizeof(struct bucket));
}

/* Two buckets of a full level become one of the next. */
static void compress(struct window *w)
{
    for (size_t level = 0; level + 1 < LEVELS && w->counts[level] == BUCKETS + 1; level++) {
        double count = exp2((double)level);
        struct bucket joint = join(w->buckets[level][0], w->buckets[level][1], count, count);
        if (level + 1 == w->levels)
            w->levels++;
        w->buckets[level + 1][w->counts[level + 1]++] = joint;
        drop_first(w, level, 2);
    }
}

static void add(struct window *w, double value)
{
    w->width++;
    if (w->width > 1)
        w->variance += (w->width - 1) * square(value - w->total / (w->width - 1)) / w->width;
    w->total += value;
    w->buckets[0][w->counts[0]++] = (struct bucket){.total = value};
    w->levels = w->levels ? w->levels : 1;
    compress(w);
}

static void forget_oldest(struct window *w)
{
    size_t level = w->levels - 1;
    struct bucket oldest = w->buckets[level][0];
    double count = exp2((double)level);

    w->width -= count;
    w->total -= oldest.total;
    w->variance -= oldest.variance +
                   count * w->width * square(oldest.total / count - w->total / w->width) / (count + w->width);
    drop_first(w, level, 1);
    while (w->levels > 1 && w->counts[w->levels - 1] == 0)
        w->levels--;
}

static int differs(const struct window *w, double old, double recent, double apart, double delta)
{
    double share = log(2 * log(w->width) / delta), chance = 1 / (old - LEAST + 1) + 1 / (recent - LEAST + 1);

    return fabs(apart) > sqrt(2 * chance * w->variance / w->width * share) + 2.0 / 3 * share * chance;
}

/* Is there a cut whose sides differ? Oldest buckets first. */
static int has_changed(const struct window *w, double delta)
{
    double old = 0, old_total = 0;

    for (size_t level = w->levels; level-- > 0;)
        for (size_t i = 0; i < w->counts[level]; i++) {
            old += exp2((double)level);
            old_total += w->buckets[level][i].total;
            double recent = w->width - old;
            if (recent < LEAST)
                return 0;
            if (old >= LEAST && differs(w, old, recent, old_total / old - (w->total - old_total) / recent, delta))
                return 1;
        }
    return 0;
}

static int32_t fill(struct call *call)
{
    double delta = call_number_within(call, "delta", 1e-300, 1);
    double grace = (double)call_integer(call, "grace_period", 0, INT32_MAX);
    struct window *w = call_memory(call, 1, sizeof(*w));
    int64_t since = 0;

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        int is_drift = 0;
        add(w, call->in[0][row]);
        while (++since % EACH == 0 && w->width > grace && w->width > 1 && has_changed(w, delta)) {
            is_drift = 1;
            forget_oldest(w);
            since--;
        }
        call->out[0][row] = is_drift;
        call->out[1][row] = w->total / w->width;
        call->out[2][row] = w->width;
        if (is_drift) {
            memset(w, 0, sizeof(*w));
            since = 0;
        }
    }
    return call->status;
}

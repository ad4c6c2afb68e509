/* SPDX-License-Identifier: Apache-2.0 */
/* Random sample consensus: lines through few rows, drawn at random; the one that most rows agree with says which rows
 * belong together, and least squares on those is the model. Trial i draws from stream i.
 * Source: Fischler and Bolles (1981); the rules of ties and of the end are scikit-learn's RANSACRegressor's. */
#include <stdlib.h>

#include <lapacke.h>

#include "line.h"
#include "standardized.h"
#include "support/order.h"
#include "support/random.h"

struct consensus {
    struct call *call;
    struct standardized rows;
    double threshold;
    double *target;          /* less its median */
    double *missed, *agreed; /* a row; agreed: its weight where it agrees with the best so far, else 0 */
    int64_t count;           /* of those that agree with the best */
    double score;            /* its R2 on them */
    uint32_t *drawn;
    double *system, *b;
    int *pivots;
};

static double weight_of(const struct call *call, int64_t row)
{
    return call->weights ? call->weights[row] : 1;
}

/* @count different rows. */
static void draw(struct random *random, uint64_t rows, size_t count, uint32_t *drawn)
{
    for (size_t i = 0; i < count;) {
        uint32_t row = (uint32_t)random_below(random, rows);
        size_t before = 0;
        while (before < i && drawn[before] != row)
            before++;
        drawn[i] = row;
        i += before == i;
    }
}

/* The line through the drawn rows, into c->b; non-zero when they leave it open. */
static int go_through(struct consensus *c)
{
    size_t width = c->rows.width;

    for (size_t i = 0; i < width; i++) {
        for (size_t column = 0; column < width; column++)
            c->system[column * width + i] = c->rows.columns[column * c->rows.rows + c->drawn[i]];
        c->b[i] = c->target[c->drawn[i]];
    }
    for (size_t column = 0; column + 1 < width; column++)
        if (!(c->rows.deviations[column] > 0)) /* a constant: its slope is 0, and one row more to choose from */
            c->system[column * width + column] += 1;
    if (LAPACKE_dgesv(LAPACK_COL_MAJOR, (int)width, 1, c->system, (int)width, c->pivots, c->b, (int)width) != 0)
        return -1;
    standardized_times(&c->rows, c->b, c->missed);
    for (size_t row = 0; row < c->rows.rows; row++)
        c->missed[row] = fabs(c->missed[row] - c->target[row]);
    return 0;
}

static double score_of(const struct consensus *c)
{
    double weight = 0, mean = 0, left = 0, all = 0;

    for (int64_t row = 0; row < c->call->rows; row++)
        if (c->missed[row] <= c->threshold) {
            weight += weight_of(c->call, row);
            mean += weight_of(c->call, row) * c->target[row];
        }
    mean /= weight;
    for (int64_t row = 0; row < c->call->rows; row++)
        if (c->missed[row] <= c->threshold) {
            left += weight_of(c->call, row) * c->missed[row] * c->missed[row];
            all += weight_of(c->call, row) * (c->target[row] - mean) * (c->target[row] - mean);
        }
    return all > 0 ? 1 - left / all : left > 0 ? 0 : 1;
}

/* Keep what was drawn when it is better. */
static void judge(struct consensus *c)
{
    int64_t count = 0;

    for (int64_t row = 0; row < c->call->rows; row++)
        count += c->missed[row] <= c->threshold && weight_of(c->call, row) > 0;
    if (count == 0 || count < c->count)
        return;
    double score = score_of(c);
    if (count == c->count && score < c->score)
        return;
    c->count = count;
    c->score = score;
    for (int64_t row = 0; row < c->call->rows; row++)
        c->agreed[row] = c->missed[row] <= c->threshold ? weight_of(c->call, row) : 0;
}

/* How many trials make it likely that one has drawn only rows that belong together. */
static double trials_enough(const struct consensus *c, double probability)
{
    double share = (double)c->count / (double)c->call->rows;
    double all_good = pow(share, (double)c->rows.width);

    if (all_good >= 1 || probability >= 1)
        return all_good >= 1 ? 1 : INFINITY;
    return all_good > 1e-16 ? ceil(log1p(-probability) / log1p(-all_good)) : INFINITY;
}

static void search(struct consensus *c, int64_t trials, double probability)
{
    double enough = (double)trials;
    struct random random;
    int64_t trial = 0;

    for (; (double)trial < enough && !call_step(c->call, (double)trial, (double)trials); trial++) {
        random_start(&random, c->call->host, (uint64_t)trial);
        draw(&random, c->rows.rows, c->rows.width, c->drawn);
        if (go_through(c))
            continue;
        judge(c);
        enough = fmin(enough, trials_enough(c, probability));
    }
    c->call->host->metric(c->call->host, "trials", MLTRAINER_STEP_FINAL, (double)trial);
    c->call->host->metric(c->call->host, "agreeing_rows", MLTRAINER_STEP_FINAL, (double)c->count);
    if (c->count < (int64_t)c->rows.width)
        call_fail(c->call, MLTRAINER_NOT_CONVERGED, "residual_threshold",
                  "no line through %zu drawn rows agrees with as many", c->rows.width);
}

/* Median of distances from the median, scikit-learn's default; the target is made less its median. */
static double spread(struct consensus *c, double *median)
{
    struct call *call = c->call;
    double *sorted = call_numbers(call, call->rows);

    if (call->status)
        return 0;
    memcpy(sorted, call->target, (size_t)call->rows * sizeof(double));
    order_sort(sorted, (size_t)call->rows);
    *median = order_quantile(sorted, (size_t)call->rows, 0.5);
    for (int64_t row = 0; row < call->rows; row++) {
        c->target[row] = call->target[row] - *median;
        sorted[row] = fabs(c->target[row]);
    }
    order_sort(sorted, (size_t)call->rows);
    return order_quantile(sorted, (size_t)call->rows, 0.5);
}

static int32_t fit(struct call *call, void **state)
{
    size_t width = call->feature_count + 1;
    int64_t trials = call_integer(call, "max_trials", 1, 1000000);
    double probability = call_number_within(call, "stop_probability", 0, 1), median = 0;
    struct consensus c = {.call = call,
                          .threshold = call_number_within(call, "residual_threshold", 0, 1e300),
                          .target = call_numbers(call, call->rows),
                          .missed = call_numbers(call, call->rows),
                          .agreed = call_numbers(call, call->rows)};

    if (!call->status && (width > LINE_FEATURES_MAX || call->rows < (int64_t)width || call->rows > UINT32_MAX))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows with %zu features: a trial needs %zu rows",
                  (long long)call->rows, call->feature_count, width);
    if (standardized_take(call, 1, &c.rows))
        return call->status;
    c.drawn = call_memory(call, width, sizeof(*c.drawn));
    c.system = call_memory(call, width * width, sizeof(double));
    c.b = call_memory(call, width, sizeof(double));
    c.pivots = call_memory(call, width, sizeof(int));
    double usual = spread(&c, &median);
    if (c.threshold == 0)
        c.threshold = usual;
    if (!call->status)
        search(&c, trials, probability);
    if (call->status || standardized_least_squares(call, &c.rows, c.target, c.agreed, c.b))
        return call->status;
    struct line *line = line_new(call);
    if (!line)
        return call->status;
    for (size_t i = 0; i < line->features; i++)
        line->coefficients[i] = c.rows.deviations[i] > 0 ? c.b[i] / c.rows.deviations[i] : 0;
    return line_finish(call, line, c.rows.means, median + c.b[line->features], state);
}

LEARNER(ransac, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = line_apply, .save = line_save,
        .restore = line_restore, .release = free);

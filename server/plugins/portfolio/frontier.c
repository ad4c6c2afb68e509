/* SPDX-License-Identifier: Apache-2.0 */
#include "frontier.h"

#include "support/cholesky.h"
#include "support/parity.h"

#define NONE SIZE_MAX

int32_t frontier_start(struct frontier *f, struct call *call, const double *mean, const double *covariance,
                       size_t count, double low, double high)
{
    double left = 1 - low * (double)count;

    *f = (struct frontier){.call = call,
                           .count = count,
                           .mean = mean,
                           .covariance = covariance,
                           .low = low,
                           .high = high,
                           .part = call_numbers(call, (int64_t)count),
                           .bound = call_memory(call, count, 1),
                           .factor = call_memory(call, count * count, sizeof(double)),
                           .ones = call_numbers(call, (int64_t)count),
                           .pull = call_numbers(call, (int64_t)count),
                           .next = call_numbers(call, (int64_t)count),
                           .free = call_memory(call, count, sizeof(size_t))};
    if (!call->status && !(low < high && left >= -1e-12 && high * (double)count >= 1 - 1e-12))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weight_bounds", "no %zu parts between %g and %g sum to 1", count,
                  low, high);
    if (call->status)
        return call->status;
    for (size_t i = 0; i < count; i++)
        f->part[i] = low + left / (double)count; /* all alike: within the bounds */
    return call->status;
}

double frontier_return(const struct frontier *f)
{
    double sum = 0;

    for (size_t i = 0; i < f->count; i++)
        sum += f->mean[i] * f->part[i];
    return sum;
}

double frontier_variance(const struct frontier *f)
{
    return parity_variance(f->covariance, f->part, f->count);
}

static size_t gather(struct frontier *f)
{
    size_t free = 0;

    for (size_t i = 0; i < f->count; i++)
        if (f->bound[i] == 0)
            f->free[free++] = i;
    return free;
}

/* The best parts of the free assets, the others as they are, into f->next. Non-zero when they are singular. */
static int solve_free(struct frontier *f, size_t free, double appetite)
{
    double left = 1, ones = 0, pull = 0;
    size_t n = f->count;

    for (size_t i = 0; i < n; i++)
        left -= f->bound[i] ? f->part[i] : 0;
    for (size_t a = 0; a < free; a++) {
        const double *row = f->covariance + f->free[a] * n;
        f->ones[a] = 1;
        f->pull[a] = appetite * f->mean[f->free[a]];
        for (size_t i = 0; i < n; i++)
            f->pull[a] -= f->bound[i] ? row[i] * f->part[i] : 0;
        for (size_t b = 0; b < free; b++)
            f->factor[a * free + b] = row[f->free[b]];
    }
    if (cholesky_factor(f->factor, free))
        return 1;
    cholesky_solve(f->factor, free, f->ones);
    cholesky_solve(f->factor, free, f->pull);
    for (size_t a = 0; a < free; a++) {
        ones += f->ones[a];
        pull += f->pull[a];
    }
    for (size_t a = 0; a < free; a++)
        f->next[a] = f->pull[a] + f->ones[a] * (left - pull) / ones;
    return 0;
}

/* Towards f->next as far as the bounds let; non-zero when one of them stopped it. */
static int advance(struct frontier *f, size_t free)
{
    double share = 1;
    size_t stopped = NONE;
    int8_t side = 0;

    for (size_t a = 0; a < free; a++) {
        double from = f->part[f->free[a]], to = f->next[a], limit = to < from ? f->low : f->high;
        double most = to == from ? 1 : (limit - from) / (to - from);
        if (most < share) {
            share = fmax(most, 0);
            stopped = a;
            side = to < from ? -1 : 1;
        }
    }
    for (size_t a = 0; a < free; a++)
        f->part[f->free[a]] += share * (f->next[a] - f->part[f->free[a]]);
    if (stopped == NONE)
        return 0;
    f->bound[f->free[stopped]] = side;
    f->part[f->free[stopped]] = side < 0 ? f->low : f->high;
    return 1;
}

static double slope(const struct frontier *f, size_t asset, double appetite)
{
    double sum = -appetite * f->mean[asset];

    for (size_t i = 0; i < f->count; i++)
        sum += f->covariance[asset * f->count + i] * f->part[i];
    return sum;
}

/* Free the bound asset that gains most by leaving; non-zero when there was one. With none free it takes two. */
static int release(struct frontier *f, size_t free, double appetite)
{
    double price = 0, scale = 1e-300, best_up = INFINITY, best_down = -INFINITY;
    size_t up = NONE, down = NONE;

    for (size_t a = 0; a < free; a++)
        price += slope(f, f->free[a], appetite) / (double)free;
    for (size_t i = 0; i < f->count; i++) {
        double s = slope(f, i, appetite);
        scale = fmax(scale, fabs(s));
        if (f->bound[i] < 0 && s < best_up) {
            best_up = s;
            up = i;
        }
        if (f->bound[i] > 0 && s > best_down) {
            best_down = s;
            down = i;
        }
    }
    double least = 1e-11 * scale;
    if (free == 0) {
        if (up == NONE || down == NONE || !(best_down - best_up > least))
            return 0;
        f->bound[up] = f->bound[down] = 0;
        return 1;
    }
    double gain_up = price - best_up, gain_down = best_down - price;
    if (!(fmax(gain_up, gain_down) > least))
        return 0;
    f->bound[gain_up >= gain_down ? up : down] = 0;
    return 1;
}

int32_t frontier_find(struct frontier *f, double appetite)
{
    int64_t rounds = 100 * (int64_t)f->count + 1000;

    for (int64_t round = 0; round < rounds && !call_step(f->call, (double)round, (double)rounds); round++) {
        size_t free = gather(f);
        if (free > 0 && solve_free(f, free, appetite))
            return call_fail(f->call, MLTRAINER_INVALID_DATA, "", "the assets' covariances are singular");
        if (free > 0 && advance(f, free))
            continue;
        if (!release(f, free, appetite))
            return f->call->status;
    }
    return call_fail(f->call, MLTRAINER_NOT_CONVERGED, "", "the portfolio was not found in %lld rounds",
                     (long long)rounds);
}

/* A scale of appetites: variance over return. */
static double usual_appetite(const struct frontier *f)
{
    double variance = 0, most = 1e-300;

    for (size_t i = 0; i < f->count; i++) {
        variance += f->covariance[i * f->count + i] / (double)f->count;
        most = fmax(most, fabs(f->mean[i]));
    }
    return variance / most;
}

#define HALVINGS 200

/* Halve to where @is_beyond() begins to hold, the appetite between 0 and very much. */
static int32_t halve(struct frontier *f, int (*is_beyond)(const struct frontier *f, double appetite, double level),
                     double level)
{
    double scale = usual_appetite(f), low = 0, high = scale;

    while (!f->call->status && high < 1e9 * scale && !frontier_find(f, high) && !is_beyond(f, high, level)) {
        low = high;
        high *= 4;
    }
    for (int i = 0; i < HALVINGS && !f->call->status && high - low > 1e-15 * high; i++) {
        call_part(f->call, (double)i / HALVINGS, (double)(i + 1) / HALVINGS);
        double middle = low + (high - low) / 2;
        if (!frontier_find(f, middle) && is_beyond(f, middle, level))
            high = middle;
        else
            low = middle;
    }
    return f->call->status ? f->call->status : frontier_find(f, high);
}

static double largest_return(const struct frontier *f)
{
    double left = 1 - f->low * (double)f->count, sum = 0;
    uint8_t *taken = call_memory(f->call, f->count, 1);

    for (size_t i = 0; i < f->count; i++)
        sum += f->low * f->mean[i];
    while (taken && left > 1e-15) {
        size_t best = NONE;
        for (size_t i = 0; i < f->count; i++)
            if (!taken[i] && (best == NONE || f->mean[i] > f->mean[best]))
                best = i;
        if (best == NONE)
            break;
        double more = fmin(left, f->high - f->low);
        taken[best] = 1;
        sum += more * f->mean[best];
        left -= more;
    }
    return sum;
}

static int earns(const struct frontier *f, double appetite, double level)
{
    return frontier_return(f) >= level;
}

int32_t frontier_for_return(struct frontier *f, double target)
{
    double most = largest_return(f);

    if (!f->call->status && target > most + 1e-12 * fabs(most))
        return call_fail(f->call, MLTRAINER_INVALID_DATA, "target_return", "no portfolio earns that: at most %g a row",
                         most);
    if (frontier_find(f, 0) || frontier_return(f) >= target)
        return f->call->status;
    return halve(f, earns, target);
}

/* Along the frontier the ratio rises while the appetite is below variance over excess return, and then falls. */
static int is_past_the_sharpest(const struct frontier *f, double appetite, double level)
{
    double excess = frontier_return(f) - level;

    return excess > 0 && appetite * excess >= frontier_variance(f);
}

int32_t frontier_sharpest(struct frontier *f, double free)
{
    double most = largest_return(f);

    if (!f->call->status && !(most > free))
        return call_fail(f->call, MLTRAINER_INVALID_DATA, "risk_free_rate",
                         "no portfolio earns more than that: at most %g a row", most);
    return halve(f, is_past_the_sharpest, free);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "execution/feature/metrics.h"

/* Sums are compensated (Neumaier), so that a million small errors are not lost in a large sum. */
struct sum {
    double total;
    double rest;
};

static void add(struct sum *sum, double value)
{
    double total = sum->total + value;
    sum->rest += fabs(sum->total) >= fabs(value) ? (sum->total - total) + value : (value - total) + sum->total;
    sum->total = total;
}

static double result(const struct sum *sum)
{
    return sum->total + sum->rest;
}

double metric_mean(const double *values, size_t count)
{
    struct sum sum = {0, 0};
    for (size_t i = 0; i < count; i++)
        add(&sum, values[i]);
    return count ? result(&sum) / (double)count : NAN;
}

struct errors {
    struct sum squared;
    struct sum absolute;
};

static void add_error(struct errors *errors, double error)
{
    add(&errors->squared, error * error);
    add(&errors->absolute, fabs(error));
}

static void conclude(const struct errors *errors, const struct sum *deviation, size_t count,
                     struct metric_regression *out)
{
    if (!count) {
        *out = (struct metric_regression){NAN, NAN, NAN};
        return;
    }
    double squared = result(&errors->squared), varied = result(deviation);
    *out = (struct metric_regression){
        .rmse = sqrt(squared / (double)count),
        .mae = result(&errors->absolute) / (double)count,
        .r2 = varied > 0 ? 1 - squared / varied : NAN,
    };
}

static void finish(const struct errors *errors, const double *actual, size_t count, struct metric_regression *out)
{
    double mean = metric_mean(actual, count);
    struct sum deviation = {0, 0};
    for (size_t i = 0; i < count; i++)
        add(&deviation, (actual[i] - mean) * (actual[i] - mean));
    conclude(errors, &deviation, count, out);
}

void metric_regression(const double *actual, const double *predicted, size_t count, struct metric_regression *out)
{
    struct errors errors = {{0, 0}, {0, 0}};
    for (size_t i = 0; i < count; i++)
        add_error(&errors, actual[i] - predicted[i]);
    finish(&errors, actual, count, out);
}

void metric_constant(const double *actual, double constant, size_t count, struct metric_regression *out)
{
    struct errors errors = {{0, 0}, {0, 0}};
    for (size_t i = 0; i < count; i++)
        add_error(&errors, actual[i] - constant);
    finish(&errors, actual, count, out);
}

void metric_last_value(const double *all, const uint64_t *rows, size_t count, size_t horizon,
                       struct metric_regression *out)
{
    struct errors errors = {{0, 0}, {0, 0}};
    struct sum sum = {0, 0}, deviation = {0, 0};
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i] < horizon)
            continue;
        add_error(&errors, all[rows[i]] - all[rows[i] - horizon]);
        add(&sum, all[rows[i]]);
        used++;
    }
    double mean = used ? result(&sum) / (double)used : NAN;
    for (size_t i = 0; i < count; i++)
        if (rows[i] >= horizon)
            add(&deviation, (all[rows[i]] - mean) * (all[rows[i]] - mean));
    conclude(&errors, &deviation, used, out);
}

double metric_naive_step(const double *training, size_t count)
{
    struct sum steps = {0, 0};
    for (size_t i = 1; i < count; i++)
        add(&steps, fabs(training[i] - training[i - 1]));
    return count > 1 && result(&steps) > 0 ? result(&steps) / (double)(count - 1) : NAN;
}

double metric_coverage(const double *actual, const double *lower, const double *upper, size_t count)
{
    size_t inside = 0;
    for (size_t i = 0; i < count; i++)
        inside += actual[i] >= lower[i] && actual[i] <= upper[i];
    return count ? (double)inside / (double)count : NAN;
}

void metric_spread(const double *values, size_t count, double *mean, double *deviation)
{
    struct sum squares = {0, 0};
    *mean = metric_mean(values, count);
    for (size_t i = 0; i < count; i++)
        add(&squares, (values[i] - *mean) * (values[i] - *mean));
    *deviation = count > 1 ? sqrt(result(&squares) / (double)(count - 1)) : NAN;
}

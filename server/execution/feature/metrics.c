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

static void finish(const struct errors *errors, const double *actual, size_t count, struct metric_regression *out)
{
    if (!count) {
        *out = (struct metric_regression){NAN, NAN, NAN};
        return;
    }
    double mean = metric_mean(actual, count);
    struct sum deviation = {0, 0};
    for (size_t i = 0; i < count; i++)
        add(&deviation, (actual[i] - mean) * (actual[i] - mean));
    double squared = result(&errors->squared), varied = result(&deviation);
    *out = (struct metric_regression){
        .rmse = sqrt(squared / (double)count),
        .mae = result(&errors->absolute) / (double)count,
        .r2 = varied > 0 ? 1 - squared / varied : NAN,
    };
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

void metric_last_value(const double *all, size_t first, size_t count, size_t horizon, struct metric_regression *out)
{
    if (horizon > first)
        count = 0;
    else
        metric_regression(all + first, all + first - horizon, count, out);
    if (!count)
        *out = (struct metric_regression){NAN, NAN, NAN};
}

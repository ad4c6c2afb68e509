/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/feature/metric_classes.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t find(const double *classes, size_t count, double value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (classes[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int metric_collect_classes(const double *values, size_t value_count, double classes[METRIC_CLASSES_MAX], size_t *count)
{
    for (size_t i = 0; i < value_count; i++) {
        size_t at = find(classes, *count, values[i]);
        if (at < *count && classes[at] == values[i])
            continue;
        if (*count == METRIC_CLASSES_MAX || isnan(values[i]))
            return -1;
        memmove(classes + at + 1, classes + at, (*count - at) * sizeof *classes);
        classes[at] = values[i];
        ++*count;
    }
    return 0;
}

/* ---- Right and wrong ---- */

static double f1_of(const uint64_t *confusion, size_t classes)
{
    double sum = 0;
    size_t occurring = 0;
    for (size_t i = 0; i < classes; i++) {
        uint64_t was = 0, said = 0, right = confusion[i * classes + i];
        for (size_t j = 0; j < classes; j++) {
            was += confusion[i * classes + j];
            said += confusion[j * classes + i];
        }
        occurring += was + said > 0;
        sum += was + said ? 2 * (double)right / (double)(was + said) : 0;
    }
    return occurring ? sum / (double)occurring : NAN;
}

static double count_right(const struct metric_predicted_classes *given, uint64_t *confusion)
{
    size_t right = 0;
    for (size_t i = 0; i < given->count; i++) {
        size_t was = find(given->classes, given->class_count, given->actual[i]);
        size_t said = find(given->classes, given->class_count, given->predicted[i]);
        confusion[was * given->class_count + said]++;
        right += was == said;
    }
    return (double)right / (double)given->count;
}

/* ---- Probabilities ---- */

static double log_loss(const struct metric_predicted_classes *given)
{
    double sum = 0;
    for (size_t i = 0; i < given->count; i++) {
        double p = given->probabilities[find(given->classes, given->class_count, given->actual[i])][i];
        sum -= log(fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON));
    }
    return sum / (double)given->count;
}

struct scored {
    double score;
    int positive;
};

static int by_score(const void *a, const void *b)
{
    double one = ((const struct scored *)a)->score, other = ((const struct scored *)b)->score;
    return (one > other) - (one < other);
}

/* The area is the chance that a positive row scores higher than a negative one, ties counting half: Hanley, McNeil,
 * "The meaning and use of the area under a ROC curve", 1982. From the sum of ranks, equal scores sharing theirs. */
static double area(struct scored *rows, size_t count)
{
    double ranks = 0, positive = 0;
    qsort(rows, count, sizeof *rows, by_score);
    for (size_t first = 0, end; first < count; first = end) {
        double here = 0;
        for (end = first; end < count && rows[end].score == rows[first].score; end++)
            here += rows[end].positive;
        ranks += here * (double)(first + 1 + end) / 2;
        positive += here;
    }
    double negative = (double)count - positive;
    return positive > 0 && negative > 0 ? (ranks - positive * (positive + 1) / 2) / (positive * negative) : NAN;
}

static double area_of_class(const struct metric_predicted_classes *given, size_t which, struct scored *rows)
{
    for (size_t i = 0; i < given->count; i++)
        rows[i] = (struct scored){given->probabilities[which][i], given->actual[i] == given->classes[which]};
    return area(rows, given->count);
}

static int areas(const struct metric_predicted_classes *given, double *out)
{
    struct scored *rows = malloc(given->count * sizeof *rows);
    double sum = 0;
    if (!rows)
        return -1;
    for (size_t i = given->class_count == 2; i < given->class_count; i++)
        sum += area_of_class(given, i, rows);
    free(rows);
    *out = given->class_count < 2 ? NAN : given->class_count == 2 ? sum : sum / (double)given->class_count;
    return 0;
}

int metric_classification(const struct metric_predicted_classes *given, uint64_t *confusion,
                          struct metric_classification *out)
{
    struct metric_classification metrics = {NAN, NAN, NAN, NAN};
    size_t cells = given->class_count * given->class_count;
    uint64_t *counted = calloc(cells + 1, sizeof *counted);
    int failed = counted ? 0 : -1;
    if (counted && given->count) {
        metrics.accuracy = count_right(given, counted);
        metrics.f1 = f1_of(counted, given->class_count);
        if (given->probabilities) {
            metrics.log_loss = log_loss(given);
            failed = areas(given, &metrics.auc);
        }
    }
    for (size_t i = 0; counted && confusion && i < cells; i++)
        confusion[i] += counted[i];
    free(counted);
    if (!failed)
        *out = metrics;
    return failed;
}

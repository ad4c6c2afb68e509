/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_MULTINOMIAL_H
#define LINEAR_MULTINOMIAL_H

#include "support/artifact.h"
#include "support/call.h"

/* Logistic regression over two classes or more: the chance of class k is in proportion to exp(line k). With two classes
 * there is one line, the second's; the first's is 0. */
struct multinomial {
    size_t features, classes, lines;
    double *labels;       /* of classes, ascending */
    double *coefficients; /* line after line: slopes, constant */
};

struct multinomial_options {
    double cost;      /* of a row's loss beside the penalty */
    int is_absolute;  /* the penalty is of sizes, not of half the squares */
    int standardize;  /* it is of slopes for deviations 1 */
    int64_t rounds;
    double tolerance; /* share of the loss that a step must promise */
    double share;     /* of the call's progress that this is */
};

/** Least of cost x sum of weight x loss + penalty of slopes, by Newton's method, into *@out, which multinomial_free()
 *  frees. Returns call->status: INVALID_DATA for one class alone, for more classes times features than memory makes
 *  sense for. Metrics: rounds, converged. */
int32_t multinomial_fit(struct call *call, const struct multinomial_options *options, struct multinomial **out);
void multinomial_free(void *multinomial);
/** The chances of each class in @row of @features (columns), into @chances. */
void multinomial_says(const struct multinomial *multinomial, const double *const *features, int64_t row,
                      double *chances);

void multinomial_save(const struct multinomial *multinomial, struct artifact_writer *writer);
/** NULL when what is read makes no sense or memory is out. */
struct multinomial *multinomial_restore(struct artifact_reader *reader, size_t features);

/** Different values of the target, ascending, in memory of the call; *@count of them. */
double *multinomial_labels(struct call *call, size_t *count);

#endif

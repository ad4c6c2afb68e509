/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_METRIC_CLASSES_H
#define MLT_EXECUTION_METRIC_CLASSES_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* How good predicted classes are. Pure. Definitions are scikit-learn's (sklearn.metrics), which
 * tests/golden/validation holds them to. */

enum { METRIC_CLASSES_MAX = 64 };

/** What was predicted for @count rows. Classes are numbers. */
struct metric_predicted_classes {
    const double *actual, *predicted;
    size_t count;
    const double *classes; /* all that occur, ascending; METRIC_CLASSES_MAX at most */
    size_t class_count;
    const double *const *probabilities; /* a column of @count a class; or NULL when the model gives none */
};

struct metric_classification {
    double accuracy;
    double f1; /* mean over the classes that occur; a class that is never right counts 0 */
    double log_loss; /* NaN without probabilities */
    double auc; /* area under the ROC curve: of the greater of two classes, or the mean of each against the rest; NaN
                 * without probabilities, or when a class has no row or all */
};

/** The distinct values of @values, added to the @count that are in @classes already; ascending. Errors: -1 when there
 *  are more than METRIC_CLASSES_MAX. */
int metric_collect_classes(const double *values, size_t value_count, double classes[METRIC_CLASSES_MAX],
                           size_t *count) MRPC_MUST_USE;

/** @confusion (may be NULL): class_count x class_count, rows are what was, columns what was said; added to. Everything
 *  is NaN for 0 rows. Errors: -1 when out of memory. */
int metric_classification(const struct metric_predicted_classes *given, uint64_t *confusion,
                          struct metric_classification *out) MRPC_MUST_USE;

#endif

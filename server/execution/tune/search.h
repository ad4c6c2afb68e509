/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SEARCH_H
#define MLT_EXECUTION_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* Looking for a good point of a space by asking which one to try and telling what it cost; less is better. Pure: what
 * is asked is a function of the seed, the trial's number and what was told before, in its order. */

enum search_method {
    SEARCH_RANDOM, /* independent of what was told */
    /* tree-structured Parzen estimator: Bergstra et al., "Algorithms for hyper-parameter optimization", 2011 */
    SEARCH_TPE,
};

enum search_kind { SEARCH_NUMBER, SEARCH_INTEGER, SEARCH_CHOICE };

enum { SEARCH_DIMENSIONS_MAX = 64 };

struct search_dimension {
    enum search_kind kind;
    double low, high;    /* low <= high; of integers both are allowed themselves */
    bool log;            /* equal ratios rather than equal steps; low > 0 */
    size_t choice_count; /* of a choice: values are 0 to choice_count - 1 */
};

struct search_options {
    enum search_method method;
    const struct search_dimension *dimensions; /* copied */
    size_t dimension_count;                    /* 1 to SEARCH_DIMENSIONS_MAX */
    uint64_t seed;
    unsigned startup_trials; /* TPE: so many at random first; 0 means 10 */
    unsigned candidates;     /* TPE: the best of so many; 0 means 24 */
};

struct search;

/** NULL when out of memory. */
struct search *search_new(const struct search_options *options) MRPC_MUST_USE;
/** Takes NULL. */
void search_free(struct search *search);
/** The point of trial @number into @point, a value a dimension. */
void search_ask(const struct search *search, uint64_t number, double *point);
/** What @point cost; a trial that failed is not told. Errors: -1 when out of memory. */
int search_tell(struct search *search, const double *point, double loss) MRPC_MUST_USE;

#endif

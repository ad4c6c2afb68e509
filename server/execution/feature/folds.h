/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FOLDS_H
#define MLT_EXECUTION_FOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "fault/fault.h"

/* Which rows train and which test, fold by fold. Rows are in the order of time unless they are drawn at random:
 *
 *     hold out      ======== . ====                 the last ones test, behind a gap
 *     k-fold        ====.####.=====   (k times)     each row tests once; a gap on both sides of the part tested
 *     walk forward  ####.==           rolling       training windows of one length, each tested on what follows
 *                     ####.==
 *                   ####.==           expanding     or of growing length
 *                   ######.==
 *
 * Pure. The same seed draws the same rows. */

enum fold_method { FOLD_NONE, FOLD_HOLD_OUT, FOLD_K_FOLD, FOLD_WALK_FORWARD };

enum { FOLDS_MAX = 256 };

struct fold_spec {
    enum fold_method method;
    double test_fraction;           /* hold out: in (0, 0.9] */
    uint32_t folds;                 /* k-fold: 2 to FOLDS_MAX */
    uint64_t train_rows, test_rows; /* walk forward: both at least 1 */
    bool expanding;
    uint32_t embargo_rows; /* between training and test */
    bool shuffle;          /* hold out, k-fold: no order, no gap */
    uint64_t seed;
};

struct fold_plan {
    struct fold_spec spec;
    uint64_t rows;
    size_t count;    /* folds: at least 1 */
    uint64_t *order; /* shuffled rows, or NULL */
};

/** Plan the folds of @rows rows. Errors: INVALID_ARGUMENT when a part would be empty or there would be more than
 *  FOLDS_MAX folds, RESOURCE_EXHAUSTED. Ownership: fold_plan_fini(). */
int fold_plan_make(const struct fold_spec *spec, uint64_t rows, struct fold_plan *out,
                   struct fault *fault) MRPC_MUST_USE;
void fold_plan_fini(struct fold_plan *plan);

/** One fold: rows in ascending order. */
struct fold {
    uint64_t *train, *test;
    uint64_t train_rows, test_rows;
};

/** Cut fold @index (below plan->count). Errors: RESOURCE_EXHAUSTED, INVALID_ARGUMENT when gaps leave nothing to train
 *  on.
 *  Ownership: fold_fini(). */
int fold_cut(const struct fold_plan *plan, size_t index, struct fold *out, struct fault *fault) MRPC_MUST_USE;
void fold_fini(struct fold *fold);

#endif

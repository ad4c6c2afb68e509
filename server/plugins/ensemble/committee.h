/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_ENSEMBLE_COMMITTEE_H
#define PLUGIN_ENSEMBLE_COMMITTEE_H

#include "support/tree/exact.h"

/* Three learners of different kinds that see the same rows: a least-squares line, one tree, boosted trees. Memory by
 * malloc(): a committee is (part of) a model. */

enum { MEMBER_LINE, MEMBER_TREE, MEMBER_BOOSTED, MEMBERS };

struct committee {
    size_t features;
    double *line; /* constant, then a slope a feature */
    struct forest *trees[2];  /* the one, the boosted */
};

/** What all fits of a call share; a call's memory. */
struct committee_fits {
    struct call *call;
    struct exact exact;
    struct exact_options tree, boosted;
    size_t rounds, folds;
    double rate;
    double done, whole; /* progress, in rounds */
    double *predictions, *residuals;
};

/** Read cv, max_depth, min_samples_leaf, n_estimators and learning_rate, and sort. Returns call->status. */
int32_t committee_start(struct committee_fits *fits, struct call *call);
/** Fit all members to rows by @weights (some above 0) into @committee, which committee_clear() frees, also after a
 *  failure. Returns call->status. */
int32_t committee_fit(struct committee_fits *fits, const double *weights, struct committee *committee);
/** What each member says of each row when fitted without the row's fold, into @says, an array of call->rows a member.
 *  Folds are runs of rows as even as can be, the longer ones first. Returns call->status. */
int32_t committee_cross_fit(struct committee_fits *fits, double *const says[MEMBERS]);
void committee_says(const struct committee *committee, const double *const *features, int64_t row,
                    double says[MEMBERS]);
void committee_clear(struct committee *committee);

void committee_save(const struct committee *committee, struct artifact_writer *writer);
/** Non-zero when what is read makes no sense or memory is out; committee_clear() frees. */
int committee_restore(struct artifact_reader *reader, size_t features, struct committee *committee);

/** Weighted least squares of @target on @count columns, into @line: constant, then slopes. Columns that cannot be told
 *  apart share a slope. @weights: NULL for all 1. Returns call->status. */
int32_t line_fit(struct call *call, const double *const *columns, size_t count, const double *target,
                 const double *weights, double *line);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TREE_HISTOGRAM_H
#define PLUGIN_SUPPORT_TREE_HISTOGRAM_H

#include "support/tree/forest.h"

/* Trees for boosting under squared loss, that consider one cut between any two of at most 256 bins a feature.
 *
 * A node's histogram holds for each bin the sum of residuals and of weights of its rows; the best cut is found by one
 * walk through it. Of two children only the smaller one's histogram is counted from rows, the other's is what is left
 * of the parent's. With G and H those sums, a cut gains G_l^2/(H_l+p) + G_r^2/(H_r+p) - G^2/(H+p), and a leaf says
 * G/(H+p): the second-order objective of Chen and Guestrin (2016), whose second derivative is the weight here.
 *
 * A feature with no more values than bins has one bin a value and cuts in the middle between: the same trees as an
 * exact search. Else the cuts are quantiles at even shares of the rows (type 2 of Hyndman and Fan, 1996). */

#define BINS_MAX 256

/* Two sums, added in one step. */
typedef double histogram_pair __attribute__((vector_size(16))); /* residual, weight */

struct bins {
    size_t features;
    uint8_t *codes;   /* a row after the other; value <= edges[code], > edges[code - 1] */
    double **edges;   /* a feature, ascending; one less than bins */
    uint32_t *counts; /* bins of the feature */
    uint32_t *first;  /* cell of a feature's first bin in a histogram */
    uint32_t cells;   /* of a whole histogram */
};

struct histogram_options {
    size_t leaves_max; /* 0: none; else the leaf whose cut gains most is cut next */
    size_t depth_max;  /* 0: none */
    double penalty;    /* on the square of what leaves say */
    double weight_min; /* of the rows on each side of a cut */
};

struct histogram_leaf;
struct oblivious_level;

/** What all trees of a call share; a call's memory. */
struct histogram {
    struct call *call;
    double done, whole; /* the caller's progress */
    struct bins bins;
    histogram_pair *examples; /* a row: weight x residual, weight */
    uint32_t *rows;           /* each node has a piece of it */
    uint32_t *scratch;
    struct histogram_leaf *leaves;
    size_t leaf_room;
    histogram_pair **spare; /* histograms that nobody uses */
    size_t spare_count;
    struct oblivious_level *level; /* the same for oblivious trees */
    size_t work;
};

/** Sort values into at most @bins_max bins. Errors stick in call->status, which is returned. */
int32_t histogram_start(struct histogram *histogram, struct call *call, size_t bins_max);
/** Set residuals, target - prediction, and all rows in their order. */
void histogram_take_residuals(struct histogram *histogram, const double *predictions);
/** Grow a tree into @forest that predicts the residuals, times @rate, and add what it says to @predictions. Returns
 *  call->status. */
int32_t histogram_grow(struct histogram *histogram, struct forest *forest, double rate,
                       const struct histogram_options *options, double *predictions);
/** The same with one cut for all nodes of a level, options->depth_max levels: oblivious trees, which are balanced and
 *  cannot isolate few rows (Prokhorenkova et al., 2018). */
int32_t oblivious_grow(struct histogram *histogram, struct forest *forest, double rate,
                       const struct histogram_options *options, double *predictions);

/* ---- Between the files ---- */

/** Sums over @rows into @cells, which are cleared. */
void histogram_count(struct histogram *histogram, const uint32_t *rows, size_t count, histogram_pair *cells);
/** Rows whose code of @feature is at most @bin to the front, in their order; how many they are. */
size_t histogram_divide(struct histogram *histogram, uint32_t *rows, size_t count, uint32_t feature, uint32_t bin);
/** Has the host had enough? */
int histogram_is_stopped(struct histogram *histogram);

#endif

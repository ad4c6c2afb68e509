/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTOML_NETWORK_H
#define AUTOML_NETWORK_H

#include "scaling.h"
#include "support/artifact.h"
#include "support/normal_equations.h"

/* Networks whose layers are drawn and never trained, with a penalised linear model of their last layer: one layer of
 * cosines is kernel regression with a Gaussian kernel (Rahimi and Recht, 2007, "Random features for large-scale kernel
 * machines"); deeper ones are what an architecture search can judge by a factorisation each. Unit u of layer l takes
 * its numbers from stream 1000 l + u, so that narrower layers are parts of wider ones. */

#define NETWORK_LAYERS 3
#define NETWORK_UNITS 128
#define NETWORK_FOLDS 3

enum network_shape { NETWORK_COSINE, NETWORK_TANH, NETWORK_RELU };

struct network {
    size_t inputs, layers, widths[NETWORK_LAYERS];
    uint32_t shape;
    double scale;    /* of the first layer's weights: 1 / length */
    double *weights; /* unit after unit: bias, then one an input over the square root of their number */
};

size_t network_weight_count(const struct network *network);
/** Fill network->weights. */
void network_draw(const struct mltrainer_host *host, const struct network *network);
/** The last layer's values for a row of scaled features; @out and @scratch: NETWORK_UNITS numbers. */
void network_forward(const struct network *network, const double *x, double *out, double *scratch);

/** Judges networks on a call's rows: root mean square error of predictions out of fold, row r in fold r modulo 3. */
struct network_judge {
    struct call *call;
    struct scaling *scales;
    double base;                        /* the target's mean */
    struct normal folds[NETWORK_FOLDS]; /* of the network measured last */
    struct normal rest;
    double *x, *z, *b, *scratch;
};

void network_judge_start(struct network_judge *judge, struct call *call);
/** Walk over the rows; call->status tells whether it came to its end. */
void network_judge_measure(struct network_judge *judge, const struct network *network);
/** Of the network measured last; @penalty a row. */
double network_judge_error(struct network_judge *judge, double penalty);

/** A fitted network as a model; malloc(). */
struct network_model {
    struct network network;
    size_t features;
    double base;
    double *scales; /* mean and factor a feature */
    double *coefficients;
};

/** Of the network measured last, on all rows. NULL when memory is out. */
struct network_model *network_judge_fit(struct network_judge *judge, const struct network *network, double penalty);
void network_model_free(void *model);
int32_t network_model_apply(struct call *call, const void *model);
void network_model_save(const void *model, struct artifact_writer *writer);
void *network_model_restore(struct artifact_reader *reader, size_t features);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_NET_TRAINER_H
#define PLUGIN_NET_TRAINER_H

#include "net/adam.h"
#include "net/examples.h"
#include "support/call.h"

/* Epochs of batches, Adam after each, and when to stop. */

enum trainer_loss {
    TRAINER_SQUARED,       /* half the mean of squares over the outputs */
    TRAINER_CROSS_ENTROPY, /* of the softmax of the outputs; the target is a number of one of them */
    TRAINER_PINBALL,       /* outputs are the 0.5, 0.1 and 0.9 quantiles of the target: Koenker and Bassett (1978) */
};

/* Streams of random numbers, so that none depends on how many another took. */
enum { TRAINER_STREAM_WEIGHTS, TRAINER_STREAM_ORDER, TRAINER_STREAM_DROPOUT, TRAINER_STREAM_OTHER };

struct trainer {
    struct net *net; /* with its first weights; not attached */
    const struct examples *examples;
    enum trainer_loss loss;
    struct adam adam;
    double alpha;     /* weight of the squared weights, divided by the samples of a batch as scikit-learn does */
    int64_t epochs;   /* at most */
    int64_t batch;    /* samples; more than there are: all */
    int64_t patience; /* epochs without gain, after which training ends */
    double tolerance; /* least fall of the loss that is a gain */
    double validation; /* share of the last rows that are not learned but watched: their loss decides, and the weights
                          of the best epoch are kept. 0: the loss of training decides, and the last weights are */
    double adversary; /* above 0: half the loss is that of inputs moved so far against us (Goodfellow et al., 2015) */
    int shuffles;
};

/** Read the parameters of batches: max_iter, batch_size, shuffle, adam_epsilon. */
void trainer_read_batches(struct call *call, struct trainer *trainer);
/** Those, and learning_rate, alpha, tol, n_iter_no_change, validation_fraction. */
void trainer_read(struct call *call, struct trainer *trainer);
/** Train. Curve "loss" (and "validation_loss"), metrics "epochs" and "converged".
 *  Errors: MLTRAINER_INVALID_DATA when the loss is not finite any more, MLTRAINER_CANCELLED,
 *  MLTRAINER_OUT_OF_MEMORY. */
int32_t trainer_run(struct call *call, struct trainer *trainer);

/** The loss of @samples outputs that stand in @output, each weighted, their mean; its derivative into @gradient.
 *  @rows: whose targets they are. */
double trainer_loss(const struct trainer *trainer, const double *output, size_t width, const uint32_t *rows,
                    size_t samples, double *gradient);

#endif

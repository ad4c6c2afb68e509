/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_JOBS_TRAIN_H
#define MLTCTL_JOBS_TRAIN_H

#include "commands/jobs_submit.h"

/* What commands that train have in common. */

/** The entries of a command's option table for it. */
#define JOBS_TRAIN_OPTIONS \
    {"dataset", "NAME", "a dataset: NAME, NAME@VERSION or sha256:HEX"}, \
    {"target", "COLUMN", "what to predict"}, \
    {"feature", "COLUMN", "a feature; may be repeated [every other numeric column]"}, \
    {"lags", "COLUMN:TRANSFORM:LAGS", "features from the past of a series, close:log-return:1,2,5; may be repeated"}, \
    {"target-transform", "TRANSFORM", "with --lags: level, difference, simple-return or log-return [level]"}, \
    {"horizon", "N", "with --lags: rows ahead to predict [1]"}, \
    {"time", "COLUMN", "orders the rows; the test part then is the latest"}, \
    {"validation", "METHOD", \
     "hold-out, k-fold:K, walk-forward:TRAIN,TEST or expanding:TRAIN,TEST (rows), or none [hold-out]"}, \
    {"test-fraction", "X", "with hold-out: share of rows kept for testing [0.2]"}, \
    {"embargo", "ROWS", "left out between training and test [horizon - 1]"}, \
    {"shuffle", NULL, "draw the test rows at random"}, \
    {"refit", NULL, "train on all rows after validation"}, \
    {"impute", "HOW", "absent features become: mean, median or zero of the training part, or stay: none [none]"}, \
    {"scale", "HOW", "features by the training part: standard, min-max, robust or none [none]"}, \
    {"param", "NAME=VALUE", "a parameter of the model; may be repeated"}, \
    {"seed", "N", "of models that draw random numbers [0]"}, \
    {"artifact", "NAME", "name of what comes out"}

/** The training that those options describe. Exits when they make no sense. Ownership: static memory. */
Mltrainer__Execution__V1__TrainSpec *jobs_train_spec(const struct cli_arguments *arguments);

#endif

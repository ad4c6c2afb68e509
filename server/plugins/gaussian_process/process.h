/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GAUSSIAN_PROCESS_H
#define GAUSSIAN_PROCESS_H

#include "gram/gram.h"

/* The kernel's own numbers, as they are learnt: by their logarithms. */

#define HYPER_MAX 2
#define HYPER_LEAST 1e-5
#define HYPER_MOST 1e5

struct hyper {
    enum gram_shape shape;
    double length; /* scale of length */
    double mixture; /* GRAM_RATIONAL_QUADRATIC alone: 1 would be few scales, much is one */
};

struct gram_kernel hyper_kernel(const struct hyper *hyper);

struct evidence {
    struct call *call;
    const double *measures, *target; /* squared distances, lower triangle row after row; target by roots of weights */
    const double *roots;             /* of weights */
    double noise;
    size_t rows;
    double *square, *dual; /* receive the factor and K^-1 y */
};

/** The logarithm of the evidence for @hyper, leaving factor and dual behind; -INFINITY when K is not positive definite
 *  to rounding or the call is cancelled. Source: Rasmussen and Williams (2006), algorithm 2.1. */
double evidence_log(const struct evidence *evidence, const struct hyper *hyper);
/** Let @hyper be where the evidence is most, near where it is. */
void evidence_maximise(const struct evidence *evidence, struct hyper *hyper, int rounds);

#endif

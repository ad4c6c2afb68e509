/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTOML_GAUSSIAN_PROCESS_H
#define AUTOML_GAUSSIAN_PROCESS_H

#include "support/call.h"

/* What is believed of a function on the unit square from its values at some points: a Gaussian process with Matern's
 * kernel of 5/2, of the length among LENGTHS under which the values are likeliest. A point more costs a row of each
 * Cholesky factor. Source: Rasmussen and Williams (2006), sections 2.2, 4.2 and 5.4. */

#define GP_DIMENSIONS 2
#define GP_LENGTHS 4

struct gaussian_process {
    struct call *call;
    size_t count, room;
    double (*points)[GP_DIMENSIONS];
    double *factors[GP_LENGTHS]; /* lower, row i at i * room */
    double *whitened;            /* of the values, under the length chosen */
    double *values, *scratch;    /* standardised values; a row */
    size_t chosen;
};

void gaussian_process_start(struct gaussian_process *gp, struct call *call, size_t room);
void gaussian_process_add(struct gaussian_process *gp, const double *point);
/** Take the values at all points, standardised here, and choose the length. */
void gaussian_process_learn(struct gaussian_process *gp, const double *values);
/** Mean and deviation at @point, in standardised values. */
void gaussian_process_ask(const struct gaussian_process *gp, const double *point, double *mean, double *deviation);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_ARMA_H
#define PLUGIN_ARMA_H

#include "support/call.h"

#define ARMA_LAGS_MAX 64  /* of a polynomial with its season multiplied in */
#define ARMA_STATE_MAX (ARMA_LAGS_MAX + 1)
#define ARMA_ORDER_MAX 12 /* of one without */

/* z[t] = sum ar[i] z[t-1-i] + e[t] + sum ma[j] e[t-1-j], the innovations e having variance 1 times a scale. */
struct arma {
    size_t ar_count, ma_count;
    double ar[ARMA_LAGS_MAX], ma[ARMA_LAGS_MAX];
};

/** The state of the filter behind its last row: what it expects of the rows that come. */
struct arma_state {
    size_t count; /* max(ar, ma + 1) */
    double expected[ARMA_STATE_MAX];
};

/** What the filter works in. State i holds what later rows will receive of what has been; one row on, it is ar times
 *  the first, and the next of it. */
struct arma_room {
    size_t n;
    double ar[ARMA_STATE_MAX], r[ARMA_STATE_MAX]; /* r: 1, then ma */
    double a[ARMA_STATE_MAX];                     /* expected state */
    double p[ARMA_STATE_MAX][ARMA_STATE_MAX];     /* its covariance */
    double gain[ARMA_STATE_MAX], f;               /* f: variance of the next row */
    double power[ARMA_STATE_MAX][ARMA_STATE_MAX], b[ARMA_STATE_MAX][ARMA_STATE_MAX],
        c[ARMA_STATE_MAX][ARMA_STATE_MAX]; /* of the doubling */
};

/** Exact likelihood of @rows by Kalman's filter, started where the process settles, with the scale that maximises it.
 *  Gives the log of the likelihood over the rows; NaN when the process does not settle, or cancelled. @scale and @state
 *  may be NULL. Sources: Harvey (1989), 3.3; Gardner, Harvey and Phillips (1980), AS 154; Anderson and Moore (1979) for
 *  the doubling. */
double arma_likelihood(struct call *call, struct arma_room *room, const struct arma *arma, const double *z,
                       int64_t rows, double *scale, struct arma_state *state);

/** Coefficients of a process that settles from any numbers, by partial autocorrelations x / sqrt(1 + x^2).
 *  Source: Monahan (1984). */
void arma_settle(const double *x, size_t count, double *coefficients);

/** @out of 1 - sum a[i] B^(i+1) times 1 - sum s[j] B^(season (j+1)), as a list like @a; gives its length. */
size_t arma_multiply(const double *a, size_t a_count, const double *s, size_t s_count, size_t season, double *out);

#endif

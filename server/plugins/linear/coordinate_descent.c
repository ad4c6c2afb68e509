/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinate_descent.h"

#include <math.h>
#include <string.h>

#include <cblas.h>

#include <mltrainer/plugin_parameters.h>

#include "design.h"
#include "least_squares.h"

/* Lasso and elastic net:  minimise  1/(2n) |y - Xw|^2 + alpha l1_ratio |w|_1 + alpha (1 - l1_ratio)/2 |w|^2.
 *
 * Cyclic coordinate descent: with all others fixed, the best w_j is a soft threshold of its correlation with the
 * residual. It stops when the duality gap is below tol * |y|^2, scikit-learn's rule, so that the same tolerance means
 * the same. Multiplied by n the problem is  1/2 |y - Xw|^2 + l1 |w|_1 + l2/2 |w|^2.
 * Sources: Friedman, Hastie, Tibshirani (2010), "Regularization Paths for Generalized Linear Models via Coordinate
 * Descent"; Kim et al. (2007), "An Interior-Point Method for Large-Scale l1-Regularized Least Squares" (the gap). */

struct descent {
    const struct mltrainer_host *host;
    const struct design *design;
    double l1;
    double l2;
    double *w;
    double *residual; /* y - Xw */
    double *squares;  /* |x_j|^2 */
};

static double soft_threshold(double value, double threshold)
{
    if (value > threshold)
        return value - threshold;
    return value < -threshold ? value + threshold : 0;
}

/* One pass over the features. Returns the largest change of a coefficient as a share of the largest coefficient. */
static double sweep(struct descent *descent)
{
    int n = (int)descent->design->rows;
    double largest = 0, largest_change = 0;

    for (size_t j = 0; j < descent->design->features; j++) {
        const double *column = descent->design->x + j * descent->design->rows;
        double before = descent->w[j];
        if (descent->squares[j] == 0)
            continue;
        double correlation = cblas_ddot(n, column, 1, descent->residual, 1) + before * descent->squares[j];
        double after = soft_threshold(correlation, descent->l1) / (descent->squares[j] + descent->l2);
        if (after != before)
            cblas_daxpy(n, before - after, column, 1, descent->residual, 1);
        descent->w[j] = after;
        largest = fmax(largest, fabs(after));
        largest_change = fmax(largest_change, fabs(after - before));
    }
    return largest > 0 ? largest_change / largest : 0;
}

/* How far the objective is above its minimum at most: it less the dual at the residual scaled into the dual's
 * domain. */
static double duality_gap(const struct descent *descent)
{
    int n = (int)descent->design->rows;
    double steepest = 0, l1_norm = 0, l2_norm = 0;

    for (size_t j = 0; j < descent->design->features; j++) {
        double slope = cblas_ddot(n, descent->design->x + j * descent->design->rows, 1, descent->residual, 1);
        steepest = fmax(steepest, fabs(slope - descent->l2 * descent->w[j]));
        l1_norm += fabs(descent->w[j]);
        l2_norm += descent->w[j] * descent->w[j];
    }
    double residual_norm = cblas_ddot(n, descent->residual, 1, descent->residual, 1);
    double scale = steepest > descent->l1 ? descent->l1 / steepest : 1;
    return 0.5 * residual_norm * (1 + scale * scale) + descent->l1 * l1_norm -
           scale * cblas_ddot(n, descent->residual, 1, descent->design->y, 1) +
           0.5 * descent->l2 * (1 + scale * scale) * l2_norm;
}

static int32_t descend(struct descent *descent, int64_t most, double tolerance, struct mltrainer_error *error)
{
    int n = (int)descent->design->rows;
    double enough = tolerance * cblas_ddot(n, descent->design->y, 1, descent->design->y, 1);
    double gap = INFINITY;
    int64_t pass = 0;

    while (pass < most) {
        if (descent->host->cancelled(descent->host))
            return mltrainer_fail(error, MLTRAINER_CANCELLED, "", "cancelled after %lld passes", (long long)pass);
        double change = sweep(descent);
        pass++;
        descent->host->progress(descent->host, (double)pass / (double)most);
        if (change > tolerance && pass < most)
            continue;
        gap = duality_gap(descent);
        descent->host->metric(descent->host, "dual_gap", pass, gap);
        if (gap <= enough)
            break;
    }
    descent->host->metric(descent->host, "passes", MLTRAINER_STEP_FINAL, (double)pass);
    descent->host->metric(descent->host, "dual_gap", MLTRAINER_STEP_FINAL, gap);
    descent->host->metric(descent->host, "converged", MLTRAINER_STEP_FINAL, gap <= enough);
    if (gap > enough)
        descent->host->log(descent->host, MLTRAINER_LOG_WARN,
                           "the duality gap is above tol after max_iter passes: raise max_iter or alpha");
    return MLTRAINER_OK;
}

static int32_t start_descent(struct descent *descent, struct mltrainer_error *error)
{
    const struct design *design = descent->design;

    descent->residual = descent->host->alloc(descent->host, design->rows * sizeof(double));
    descent->squares = descent->host->alloc(descent->host, design->features * sizeof(double));
    if (!descent->residual || !descent->squares)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the residual");
    memcpy(descent->residual, design->y, design->rows * sizeof(double));
    for (size_t j = 0; j < design->features; j++) {
        const double *column = design->x + j * design->rows;
        descent->squares[j] = cblas_ddot((int)design->rows, column, 1, column, 1);
    }
    return MLTRAINER_OK;
}

struct penalty {
    double alpha;
    double l1_ratio;
    double tolerance;
    int64_t most_passes;
};

static int32_t read_penalty(const struct mltrainer_request *request, struct penalty *penalty, int has_ratio,
                            struct mltrainer_error *error)
{
    penalty->alpha = mltrainer_parameter_number(request, "alpha", 1.0);
    penalty->l1_ratio = has_ratio ? mltrainer_parameter_number(request, "l1_ratio", 0.5) : 1;
    penalty->tolerance = mltrainer_parameter_number(request, "tol", 1e-4);
    penalty->most_passes = mltrainer_parameter_integer(request, "max_iter", 1000);
    if (!(penalty->alpha >= 0) || isinf(penalty->alpha))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "alpha", "%g is not a finite number >= 0",
                              penalty->alpha);
    if (!(penalty->l1_ratio >= 0 && penalty->l1_ratio <= 1))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "l1_ratio", "%g is not in [0, 1]",
                              penalty->l1_ratio);
    if (!(penalty->tolerance > 0))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "tol", "%g is not above 0", penalty->tolerance);
    if (penalty->most_passes < 1)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "max_iter", "%lld is not above 0",
                              (long long)penalty->most_passes);
    return MLTRAINER_OK;
}

static int32_t train(const struct mltrainer_host *host, const struct mltrainer_request *request,
                     enum linear_method method, void **model, struct mltrainer_error *error)
{
    struct penalty penalty;
    struct design design;
    int32_t status;

    if ((status = read_penalty(request, &penalty, method == LINEAR_ELASTIC_NET, error)) ||
        (status = design_read(host, request, &design, error)))
        return status;
    design_prepare(&design, mltrainer_parameter_integer(request, "fit_intercept", 1) != 0,
                   mltrainer_parameter_integer(request, "standardize", 0) != 0, 1);

    struct descent descent = {.host = host,
                              .design = &design,
                              .l1 = penalty.alpha * penalty.l1_ratio * (double)design.rows,
                              .l2 = penalty.alpha * (1 - penalty.l1_ratio) * (double)design.rows,
                              .w = host->alloc(host, design.features * sizeof(double))};
    if (!descent.w)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the coefficients");
    /* without the absolute penalty the gap cannot close, and there is a closed form */
    if (descent.l1 == 0)
        status = least_squares_solve_ridge(host, &design, descent.l2, descent.w, error);
    else if (!(status = start_descent(&descent, error)))
        status = descend(&descent, penalty.most_passes, penalty.tolerance, error);
    if (status)
        return status;
    return design_finish(&design, method, descent.w, (struct linear_model **)model, error);
}

static int32_t train_lasso(const struct mltrainer_host *host, const struct mltrainer_request *request, void **model,
                           struct mltrainer_error *error)
{
    return train(host, request, LINEAR_LASSO, model, error);
}

static int32_t train_elastic_net(const struct mltrainer_host *host, const struct mltrainer_request *request,
                                 void **model, struct mltrainer_error *error)
{
    return train(host, request, LINEAR_ELASTIC_NET, model, error);
}

const struct mltrainer_trainable lasso_trainable = {.size = sizeof(lasso_trainable), .train = train_lasso};
const struct mltrainer_trainable elastic_net_trainable = {.size = sizeof(elastic_net_trainable),
                                                          .train = train_elastic_net};

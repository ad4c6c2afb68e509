/* SPDX-License-Identifier: Apache-2.0 */
#include "least_squares.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#include <mltrainer/plugin_parameters.h>

static int32_t no_memory(struct mltrainer_error *error)
{
    return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the factorisation");
}

int32_t least_squares_solve(const struct mltrainer_host *host, struct design *design, double *coefficients,
                            int64_t *rank, struct mltrainer_error *error)
{
    size_t most = design->rows > design->features ? design->rows : design->features;
    size_t least = design->rows > design->features ? design->features : design->rows;
    double *right = host->alloc(host, most * sizeof(double));
    double *singular = host->alloc(host, least * sizeof(double));
    lapack_int found = 0;

    if (!right || !singular)
        return no_memory(error);
    memcpy(right, design->y, design->rows * sizeof(double));
    lapack_int info = LAPACKE_dgelsd(LAPACK_COL_MAJOR, (lapack_int)design->rows, (lapack_int)design->features, 1,
                                     design->x, (lapack_int)design->rows, right, (lapack_int)most, singular,
                                     (double)most * DBL_EPSILON, &found);
    if (info == LAPACK_WORK_MEMORY_ERROR)
        return no_memory(error);
    if (info != 0)
        return mltrainer_fail(error, MLTRAINER_NOT_CONVERGED, "", "the singular values did not converge");
    memcpy(coefficients, right, design->features * sizeof(double));
    *rank = found;
    return MLTRAINER_OK;
}

/* (X'X + alpha I) w = X'y. Returns LAPACK's info, or -1 without memory. */
static lapack_int solve_primal(const struct mltrainer_host *host, const struct design *design, double alpha,
                               double *coefficients)
{
    int n = (int)design->rows, p = (int)design->features;
    double *gram = host->alloc(host, design->features * design->features * sizeof(double));

    if (!gram)
        return -1;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, p, n, 1, design->x, n, 0, gram, p);
    for (size_t i = 0; i < design->features; i++)
        gram[i * design->features + i] += alpha;
    cblas_dgemv(CblasColMajor, CblasTrans, n, p, 1, design->x, n, design->y, 1, 0, coefficients, 1);
    return LAPACKE_dposv(LAPACK_COL_MAJOR, 'L', p, 1, gram, p, coefficients, p);
}

/* w = X' (XX' + alpha I)^-1 y, the smaller system when there are fewer rows than features. */
static lapack_int solve_dual(const struct mltrainer_host *host, const struct design *design, double alpha,
                             double *coefficients)
{
    int n = (int)design->rows, p = (int)design->features;
    double *kernel = host->alloc(host, design->rows * design->rows * sizeof(double));
    double *dual = host->alloc(host, design->rows * sizeof(double));

    if (!kernel || !dual)
        return -1;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, p, 1, design->x, n, 0, kernel, n);
    for (size_t i = 0; i < design->rows; i++)
        kernel[i * design->rows + i] += alpha;
    memcpy(dual, design->y, design->rows * sizeof(double));
    lapack_int info = LAPACKE_dposv(LAPACK_COL_MAJOR, 'L', n, 1, kernel, n, dual, n);
    if (info == 0)
        cblas_dgemv(CblasColMajor, CblasTrans, n, p, 1, design->x, n, dual, 1, 0, coefficients, 1);
    return info;
}

/* The same minimum as ordinary least squares over p more rows, sqrt(alpha) I with target 0: slower, never
 * indefinite. */
static int32_t solve_augmented(const struct mltrainer_host *host, struct design *design, double alpha,
                               double *coefficients, struct mltrainer_error *error)
{
    struct design more = *design;
    int64_t rank;

    more.rows = design->rows + design->features;
    more.x = host->alloc(host, more.rows * more.features * sizeof(double));
    more.y = host->alloc(host, more.rows * sizeof(double));
    if (!more.x || !more.y)
        return no_memory(error);
    memcpy(more.y, design->y, design->rows * sizeof(double));
    for (size_t i = 0; i < design->features; i++) {
        memcpy(more.x + i * more.rows, design->x + i * design->rows, design->rows * sizeof(double));
        more.x[i * more.rows + design->rows + i] = sqrt(alpha);
    }
    return least_squares_solve(host, &more, coefficients, &rank, error);
}

int32_t least_squares_solve_ridge(const struct mltrainer_host *host, struct design *design, double alpha,
                                  double *coefficients, struct mltrainer_error *error)
{
    int64_t rank;

    if (alpha == 0)
        return least_squares_solve(host, design, coefficients, &rank, error);
    lapack_int info = design->features <= design->rows ? solve_primal(host, design, alpha, coefficients)
                                                       : solve_dual(host, design, alpha, coefficients);
    if (info < 0)
        return no_memory(error);
    return info == 0 ? MLTRAINER_OK : solve_augmented(host, design, alpha, coefficients, error);
}

static int32_t train_ols(const struct mltrainer_host *host, const struct mltrainer_request *request, void **model,
                         struct mltrainer_error *error)
{
    struct design design;
    int64_t rank;
    int32_t status = design_read(host, request, &design, error);

    if (status)
        return status;
    double *coefficients = host->alloc(host, design.features * sizeof(double));
    if (!coefficients)
        return no_memory(error);
    design_prepare(&design, mltrainer_parameter_integer(request, "fit_intercept", 1) != 0, 0, 0);
    host->progress(host, 0.2);
    if (host->cancelled(host))
        return MLTRAINER_CANCELLED;
    if ((status = least_squares_solve(host, &design, coefficients, &rank, error)))
        return status;
    host->metric(host, "rank", MLTRAINER_STEP_FINAL, (double)rank);
    return design_finish(&design, LINEAR_OLS, coefficients, (struct linear_model **)model, error);
}

static int32_t train_ridge(const struct mltrainer_host *host, const struct mltrainer_request *request, void **model,
                           struct mltrainer_error *error)
{
    double alpha = mltrainer_parameter_number(request, "alpha", 1.0);
    struct design design;
    int32_t status;

    if (!(alpha >= 0) || isinf(alpha))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "alpha", "%g is not a finite number >= 0", alpha);
    if ((status = design_read(host, request, &design, error)))
        return status;
    double *coefficients = host->alloc(host, design.features * sizeof(double));
    if (!coefficients)
        return no_memory(error);
    design_prepare(&design, mltrainer_parameter_integer(request, "fit_intercept", 1) != 0,
                   mltrainer_parameter_integer(request, "standardize", 0) != 0, 0);
    host->progress(host, 0.2);
    if (host->cancelled(host))
        return MLTRAINER_CANCELLED;
    if ((status = least_squares_solve_ridge(host, &design, alpha, coefficients, error)))
        return status;
    return design_finish(&design, LINEAR_RIDGE, coefficients, (struct linear_model **)model, error);
}

const struct mltrainer_trainable ols_trainable = {.size = sizeof(ols_trainable), .train = train_ols};
const struct mltrainer_trainable ridge_trainable = {.size = sizeof(ridge_trainable), .train = train_ridge};

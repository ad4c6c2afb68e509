/* SPDX-License-Identifier: Apache-2.0 */
/* Features one by one: each time that which goes best with what is left of the target, then least squares on all that
 * were taken. The factor of their products grows by a row a feature.
 * Sources: Pati, Rezaiifar and Krishnaprasad (1993); Rubinstein, Zibulevsky and Elad (2008) for the products alone. */
#include <math.h>
#include <stdlib.h>

#include "line.h"
#include "support/cholesky.h"

struct pursuit {
    const struct moments *moments;
    size_t features, taken;
    size_t *chosen;
    double *left;    /* products of each feature with what is left */
    double *system, *solution;
};

static size_t best_of(const struct pursuit *p)
{
    size_t best = 0;

    for (size_t i = 1; i < p->features; i++)
        if (fabs(p->left[i]) > fabs(p->left[best]))
            best = i;
    return best;
}

/* Least squares on the chosen; non-zero when they depend on each other. */
static int solve(struct pursuit *p)
{
    for (size_t i = 0; i < p->taken; i++) {
        p->solution[i] = p->moments->with_target[p->chosen[i]];
        for (size_t j = 0; j < p->taken; j++)
            p->system[i * p->taken + j] = p->moments->products[p->chosen[i] * p->features + p->chosen[j]];
    }
    if (cholesky_factor(p->system, p->taken))
        return 1;
    cholesky_solve(p->system, p->taken, p->solution);
    return 0;
}

static void look_what_is_left(struct pursuit *p)
{
    for (size_t i = 0; i < p->features; i++) {
        p->left[i] = p->moments->with_target[i];
        for (size_t j = 0; j < p->taken; j++)
            p->left[i] -= p->moments->products[i * p->features + p->chosen[j]] * p->solution[j];
    }
    for (size_t j = 0; j < p->taken; j++)
        p->left[p->chosen[j]] = 0;
}

static int32_t fit(struct call *call, void **state)
{
    size_t most = (size_t)call_integer(call, "n_nonzero_coefs", 1, 1024), features = call->feature_count;
    struct moments moments;

    most = most < features ? most : features;
    if (moments_take(call, &moments))
        return call->status;
    struct pursuit p = {.moments = &moments, .features = features,
                        .chosen = call_memory(call, most + 1, sizeof(size_t)),
                        .left = call_numbers(call, (int64_t)features + 1),
                        .system = call_numbers(call, (int64_t)(most * most + 1)),
                        .solution = call_numbers(call, (int64_t)most + 1)};
    struct line *line = call->status ? NULL : line_new(call);
    if (!line)
        return call->status;
    look_what_is_left(&p);
    while (p.taken < most && !call_step(call, (double)p.taken, (double)most)) {
        size_t best = best_of(&p);
        if (fabs(p.left[best]) <= 1e-13 * sqrt(moments.products[best * features + best] * moments.target_squares))
            break; /* nothing is left but rounding */
        p.chosen[p.taken++] = best;
        if (solve(&p)) {
            p.taken--;
            if (solve(&p))
                p.taken = 0;
            break;
        }
        look_what_is_left(&p);
    }
    for (size_t i = 0; i < p.taken; i++)
        line->coefficients[p.chosen[i]] = p.solution[i];
    if (call->status) {
        free(line);
        return call->status;
    }
    call->host->metric(call->host, "nonzero", MLTRAINER_STEP_FINAL, (double)p.taken);
    return line_finish(call, line, moments.means, moments.target_mean, state);
}

LEARNER(omp, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = line_apply, .save = line_save,
        .restore = line_restore, .release = free);

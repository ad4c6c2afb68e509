/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic regression with a penalty of squared or absolute slopes: the most likely class and its chance. */
#include "multinomial.h"
#include "support/learner.h"

static int32_t fit(struct call *call, void **state)
{
    static const char *const penalties[] = {"l2", "l1", NULL};
    struct multinomial *multinomial = NULL;
    const struct multinomial_options options = {.cost = call_number_within(call, "C", 1e-12, 1e12),
                                                .is_absolute = call_choice(call, "penalty", penalties) == 1,
                                                .standardize = call_flag(call, "standardize"),
                                                .rounds = call_integer(call, "max_iter", 1, 1000000),
                                                .tolerance = call_number_within(call, "tol", 0, 1),
                                                .share = 1};

    if (call->status || multinomial_fit(call, &options, &multinomial))
        return call->status;
    *state = multinomial;
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct multinomial *multinomial = state;
    double *chances = call_memory(call, multinomial->classes, sizeof(double));

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        size_t best = 0;
        multinomial_says(multinomial, call->features, row, chances);
        for (size_t k = 1; k < multinomial->classes; k++)
            best = chances[k] > chances[best] ? k : best;
        call->out[0][row] = multinomial->labels[best];
        call->out[1][row] = chances[best];
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    multinomial_save(state, writer);
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    return multinomial_restore(reader, features);
}

LEARNER(logistic, .task = LEARNER_CLASSES, .outputs = {"prediction", "probability"}, .fit = fit, .apply = apply,
        .save = save, .restore = restore, .release = multinomial_free);

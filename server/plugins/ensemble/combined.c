/* SPDX-License-Identifier: Apache-2.0 */
/* A committee's opinions made one: by votes that weigh more where a member was right about rows it had not seen, or by
 * a line fitted to such opinions (stacked generalisation: Wolpert, 1992; Breiman, 1996). */
#include "committee.h"
#include "support/learner.h"

#include <stdlib.h>

struct combined {
    struct committee committee;
    double shares[1 + MEMBERS]; /* constant, then one a member */
    double mean;                /* of the target: which side of it members are on */
    double threshold;           /* of confidence */
};

static void combined_free(void *state)
{
    struct combined *combined = state;

    if (combined)
        committee_clear(&combined->committee);
    free(combined);
}

static double weight_of(const struct call *call, int64_t row)
{
    return call->weights ? call->weights[row] : 1;
}

/* Fit to all rows, and finish or undo. */
static int32_t finish(struct committee_fits *fits, struct combined *combined, void **state)
{
    struct call *call = fits->call;
    double *weights = call_numbers(call, call->rows);

    for (int64_t row = 0; weights && row < call->rows; row++)
        weights[row] = weight_of(call, row);
    if (call->status || committee_fit(fits, weights, &combined->committee))
        combined_free(combined);
    else
        *state = combined;
    return call->status;
}

/* One over the mean square of what a member missed; a perfect one counts as one that misses a millionth of the
 * target's deviation. */
static void weigh(struct call *call, double *const says[MEMBERS], struct combined *combined)
{
    double total = 0, variance = 0, sum = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double off = call->target[row] - combined->mean;
        total += weight_of(call, row);
        variance += weight_of(call, row) * off * off;
    }
    for (size_t member = 0; member < MEMBERS; member++) {
        double squares = 0;
        for (int64_t row = 0; row < call->rows; row++) {
            double miss = call->target[row] - says[member][row];
            squares += weight_of(call, row) * miss * miss;
        }
        combined->shares[1 + member] = variance > 0 ? variance / fmax(squares, 1e-12 * variance) : 1;
        sum += combined->shares[1 + member];
    }
    for (size_t member = 0; member < MEMBERS; member++)
        combined->shares[1 + member] /= sum;
}

static struct combined *start(struct committee_fits *fits, struct call *call, double *says[MEMBERS])
{
    for (size_t member = 0; member < MEMBERS; member++)
        says[member] = call_numbers(call, call->rows);
    if (committee_start(fits, call))
        return NULL;
    struct combined *combined = calloc(1, sizeof(*combined));
    if (!combined) {
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
        return NULL;
    }
    double sum = 0, total = 0;
    for (int64_t row = 0; row < call->rows; row++) {
        sum += weight_of(call, row) * call->target[row];
        total += weight_of(call, row);
    }
    combined->mean = sum / total;
    return combined;
}

static int32_t fit_voting(struct call *call, void **state)
{
    static const char *const strategies[] = {"weighted", "equal", NULL};
    size_t strategy = call_choice(call, "voting_strategy", strategies);
    double threshold = call_number_within(call, "confidence_threshold", 0, 1);
    struct committee_fits fits;
    double *says[MEMBERS];
    struct combined *combined = start(&fits, call, says);

    if (!combined)
        return call->status;
    combined->threshold = threshold;
    for (size_t member = 0; member < MEMBERS; member++)
        combined->shares[1 + member] = 1.0 / MEMBERS;
    if (strategy == 0) {
        if (committee_cross_fit(&fits, says)) {
            combined_free(combined);
            return call->status;
        }
        weigh(call, says, combined);
    }
    return finish(&fits, combined, state);
}

static int32_t fit_stacking(struct call *call, void **state)
{
    struct committee_fits fits;
    double *says[MEMBERS];
    struct combined *combined = start(&fits, call, says);

    if (!combined)
        return call->status;
    if (committee_cross_fit(&fits, says) ||
        line_fit(call, (const double *const *)says, MEMBERS, call->target, call->weights, combined->shares)) {
        combined_free(combined);
        return call->status;
    }
    return finish(&fits, combined, state);
}

static double combine(const struct combined *combined, const double says[MEMBERS])
{
    double sum = combined->shares[0];

    for (size_t member = 0; member < MEMBERS; member++)
        sum += combined->shares[1 + member] * says[member];
    return sum;
}

static int32_t apply_stacking(struct call *call, const void *state)
{
    const struct combined *combined = state;
    double says[MEMBERS];

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        committee_says(&combined->committee, call->features, row, says);
        call->out[0][row] = combine(combined, says);
    }
    return call->status;
}

static int32_t apply_voting(struct call *call, const void *state)
{
    const struct combined *combined = state;
    double says[MEMBERS];

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        committee_says(&combined->committee, call->features, row, says);
        double prediction = combine(combined, says), agreeing = 0;
        for (size_t member = 0; member < MEMBERS; member++)
            if ((says[member] > combined->mean) == (prediction > combined->mean))
                agreeing += combined->shares[1 + member];
        call->out[0][row] = prediction;
        call->out[1][row] = fmin(agreeing, 1);
        call->out[2][row] = agreeing >= combined->threshold;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct combined *combined = state;

    artifact_put_doubles(writer, combined->shares, 1 + MEMBERS);
    artifact_put_double(writer, combined->mean);
    artifact_put_double(writer, combined->threshold);
    committee_save(&combined->committee, writer);
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    struct combined *combined = calloc(1, sizeof(*combined));

    if (!combined)
        return NULL;
    artifact_take_doubles(reader, combined->shares, 1 + MEMBERS);
    combined->mean = artifact_take_double(reader);
    combined->threshold = artifact_take_double(reader);
    if (!committee_restore(reader, features, &combined->committee) && combined->threshold >= 0 &&
        combined->threshold <= 1)
        return combined;
    combined_free(combined);
    return NULL;
}

LEARNER(voting, .task = LEARNER_NUMBERS, .outputs = {"prediction", "confidence", "confident"}, .fit = fit_voting,
        .apply = apply_voting, .save = save, .restore = restore, .release = combined_free);
LEARNER(stacking, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_stacking, .apply = apply_stacking,
        .save = save, .restore = restore, .release = combined_free);

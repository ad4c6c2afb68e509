/* SPDX-License-Identifier: Apache-2.0 */
/* A weighted mean of four models of other families: a random forest, boosted trees, a support vector machine and a
 * network. Each is trained on all rows, as it would be by itself with the same seed; the machine, which knows no
 * scales, in deviations from the mean. */
#include "shares.h"
#include "support/learner.h"

#include <stdlib.h>

extern const struct learner random_forest_learner, gradient_boosting_learner, svr_learner, mlp_learner;

#define MEMBERS 4
#define GIVEN_MAX 12

/* What the caller does not give; it comes before what he gives. */
#define GIVEN(of, label, ...)                                                                                          \
    &(const struct mltrainer_parameter)                                                                                \
    {                                                                                                                  \
        .size = sizeof(struct mltrainer_parameter), .kind = of, .name = label, __VA_ARGS__                             \
    }
#define WHOLE(name, is) GIVEN(MLTRAINER_INTEGER, name, .integer = is)
#define NUMBER(name, is) GIVEN(MLTRAINER_NUMBER, name, .number = is)
#define TEXT(name, is) GIVEN(MLTRAINER_TEXT, name, .text = is)
#define FLAG(name, is) GIVEN(MLTRAINER_BOOL, name, .integer = is)

static const struct member {
    const struct learner *learner;
    int is_scaled;   /* it learns deviations from means */
    double from, to; /* its part of the whole's progress */
    const struct mltrainer_parameter *given[GIVEN_MAX];
} members[MEMBERS] = {
    {.learner = &random_forest_learner,
     .to = 0.3,
     .given = {WHOLE("min_samples_split", 2), WHOLE("min_samples_leaf", 1), NUMBER("max_features", 1.0)}},
    {.learner = &gradient_boosting_learner,
     .from = 0.3,
     .to = 0.5,
     .given = {WHOLE("max_depth", 3), WHOLE("min_samples_leaf", 1)}},
    {.learner = &svr_learner,
     .is_scaled = 1,
     .from = 0.5,
     .to = 0.6,
     .given = {TEXT("kernel", "rbf"), NUMBER("gamma", 0.0), NUMBER("coef0", 0.0), WHOLE("degree", 3)}},
    {.learner = &mlp_learner,
     .from = 0.6,
     .to = 1,
     .given = {TEXT("activation", "relu"), WHOLE("batch_size", 200), NUMBER("learning_rate", 0.001),
               NUMBER("alpha", 1e-4), NUMBER("tol", 1e-4), WHOLE("n_iter_no_change", 10),
               NUMBER("validation_fraction", 0.0), FLAG("shuffle", 1), NUMBER("adam_epsilon", 1e-8),
               FLAG("standardize", 1)}},
};

struct scale {
    double mean, deviation;
};

struct blend {
    size_t features;
    double shares[MEMBERS];
    struct scale *scales; /* a feature each, then the target's */
    void *states[MEMBERS];
};

static void blend_free(void *state)
{
    struct blend *blend = state;

    if (!blend)
        return;
    for (size_t i = 0; i < MEMBERS; i++)
        members[i].learner->release(blend->states[i]);
    free(blend->scales);
    free(blend);
}

static struct blend *blend_new(size_t features)
{
    struct blend *blend = calloc(1, sizeof(*blend));

    if (!blend)
        return NULL;
    *blend = (struct blend){.features = features, .scales = calloc(features + 1, sizeof(*blend->scales))};
    if (blend->scales)
        return blend;
    free(blend);
    return NULL;
}

/* ---- Scales ---- */

static struct scale scale_of(const double *values, int64_t rows)
{
    double mean = 0, squares = 0;

    for (int64_t row = 0; row < rows; row++)
        mean += values[row] / (double)rows;
    for (int64_t row = 0; row < rows; row++)
        squares += (values[row] - mean) * (values[row] - mean) / (double)rows;
    double deviation = sqrt(squares);
    return (struct scale){mean, deviation > 1e-13 * fabs(mean) ? deviation : 1}; /* constant to rounding: left so */
}

static const double *scaled(struct call *call, const double *values, struct scale scale)
{
    double *out = call_numbers(call, call->rows);

    for (int64_t row = 0; out && row < call->rows; row++)
        out[row] = (values[row] - scale.mean) / scale.deviation;
    return out;
}

static void scale_features(struct call *call, const struct blend *blend)
{
    const double **features = call_memory(call, blend->features + 1, sizeof(*features));

    for (size_t i = 0; i < blend->features && !call->status; i++)
        features[i] = scaled(call, call->features[i], blend->scales[i]);
    call->features = features;
}

/* ---- Training ---- */

/* The member's own parameters, then the caller's: the first of a name is what is found. */
static int32_t give(struct call *call, const struct member *member, struct mltrainer_request *request)
{
    size_t most = GIVEN_MAX + request->parameter_count, count = 0;
    const struct mltrainer_parameter **all = call_memory(call, most, sizeof(*all));

    for (size_t i = 0; all && i < GIVEN_MAX && member->given[i]; i++)
        all[count++] = member->given[i];
    for (uint32_t i = 0; all && i < request->parameter_count; i++)
        all[count++] = request->parameters[i];
    request->parameters = all;
    request->parameter_count = (uint32_t)count;
    return call->status;
}

static int32_t fit_member(struct call *call, const struct member *member, struct blend *blend, void **state)
{
    struct mltrainer_request request = *call->request;
    struct call own = *call;

    own.request = &request;
    call_part(&own, member->from, member->to);
    if (give(&own, member, &request) == MLTRAINER_OK && member->is_scaled) {
        scale_features(&own, blend);
        own.target = scaled(&own, call->target, blend->scales[blend->features]);
    }
    call->status = own.status ? own.status : member->learner->fit(&own, state);
    call->told = own.told;
    return call->status;
}

static int32_t fit(struct call *call, void **state)
{
    struct blend *blend = blend_new(call->feature_count);

    if (!blend)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    for (size_t i = 0; i < blend->features; i++)
        blend->scales[i] = scale_of(call->features[i], call->rows);
    blend->scales[blend->features] = scale_of(call->target, call->rows);
    shares_read(call, blend->shares, MEMBERS);
    for (size_t i = 0; i < MEMBERS && !call->status; i++)
        fit_member(call, &members[i], blend, &blend->states[i]);
    if (call->status)
        blend_free(blend);
    else
        *state = blend;
    return call->status;
}

/* ---- Prediction ---- */

/* Add the member's share of what it says to the prediction; @says is scratch. */
static int32_t add_member(struct call *call, const struct blend *blend, size_t index, double *says)
{
    struct scale back = members[index].is_scaled ? blend->scales[blend->features] : (struct scale){0, 1};
    struct call own = *call;

    own.out[0] = says;
    call_part(&own, (double)index / MEMBERS, (double)(index + 1) / MEMBERS);
    if (members[index].is_scaled)
        scale_features(&own, blend);
    call->status = own.status ? own.status : members[index].learner->apply(&own, blend->states[index]);
    call->told = own.told;
    for (int64_t row = 0; row < call->rows && !call->status; row++)
        call->out[0][row] += blend->shares[index] * (back.mean + back.deviation * says[row]);
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct blend *blend = state;
    double *says = call_numbers(call, call->rows);

    for (int64_t row = 0; row < call->rows && !call->status; row++)
        call->out[0][row] = 0;
    for (size_t i = 0; i < MEMBERS && !call->status; i++)
        add_member(call, blend, i, says);
    return call->status;
}

/* ---- Artifact ---- */

static void save(const void *state, struct artifact_writer *writer)
{
    const struct blend *blend = state;

    artifact_put_doubles(writer, blend->shares, MEMBERS);
    for (size_t i = 0; i <= blend->features; i++) {
        artifact_put_double(writer, blend->scales[i].mean);
        artifact_put_double(writer, blend->scales[i].deviation);
    }
    for (size_t i = 0; i < MEMBERS; i++)
        members[i].learner->save(blend->states[i], writer);
}

static int restore_into(struct artifact_reader *reader, struct blend *blend)
{
    artifact_take_doubles(reader, blend->shares, MEMBERS);
    for (size_t i = 0; i <= blend->features; i++) {
        blend->scales[i].mean = artifact_take_double(reader);
        blend->scales[i].deviation = artifact_take_double(reader);
        if (!(blend->scales[i].deviation > 0))
            return -1;
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        blend->states[i] = members[i].learner->restore(reader, blend->features);
        if (!blend->states[i])
            return -1;
    }
    return reader->failed;
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    struct blend *blend = blend_new(features);

    if (!blend)
        return NULL;
    if (!restore_into(reader, blend))
        return blend;
    blend_free(blend);
    return NULL;
}

LEARNER(blend, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply, .save = save,
        .restore = restore, .release = blend_free);

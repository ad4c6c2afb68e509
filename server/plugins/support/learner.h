/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_LEARNER_H
#define PLUGIN_SUPPORT_LEARNER_H

#include "support/artifact.h"
#include "support/call.h"

/* Algorithms that learn from rows of numbers and are asked for one number a row afterwards. Here are the reading of
 * columns, the names of the features (the model asks for them by name when it predicts), prediction, evaluation and the
 * artifact around it; an algorithm is its functions:
 *
 *     LEARNER(kmeans, .task = LEARNER_GROUPS, .outputs = {"prediction", "distance"}, .fit = fit, .apply = apply,
 *             .evaluate = evaluate, .save = save, .restore = restore, .release = free);
 *
 * What fit() makes outlives the call, so it comes from malloc(). A learner may be part of another one, of whose call it
 * gets a copy with parameters and columns of its own: see ensemble/blend.c. */

enum learner_task {
    LEARNER_NUMBERS, /* regression: a target; r2, rmse, mae */
    LEARNER_CLASSES, /* classification: a target of whole numbers, the classes; accuracy */
    LEARNER_GROUPS,  /* clustering, anomalies: no target; evaluate() reports */
};

struct learner {
    const char *id; /* LEARNER() fills it in; it stands in the artifact */
    enum learner_task task;
    const char *inputs[CALL_INPUTS_MAX];   /* columns that are the features; none: those that the caller chooses */
    /* non-zero: the target's rows follow each other and there are no features; apply() gives the rows after */
    int is_series;
    const char *outputs[CALL_OUTPUTS_MAX]; /* the first is "prediction" */
    /** Learn from call->features, target, weights (call->rows of them, at least 1) into *@state. Returns
     *  call->status; on failure nothing is left. */
    int32_t (*fit)(struct call *call, void **state);
    /** Fill call->out from call->features, which are as many as in training, in the same order. */
    int32_t (*apply)(struct call *call, const void *state);
    /** Report metrics of what apply() made; NULL: those of the task, none for LEARNER_GROUPS. */
    void (*evaluate)(struct call *call, const void *state);
    void (*save)(const void *state, struct artifact_writer *writer);
    /** What save() wrote, every number of it held against the rest; NULL when it makes no sense or memory is out. */
    void *(*restore)(struct artifact_reader *reader, size_t feature_count);
    void (*release)(void *state); /* NULL is fine */
};

int32_t learner_train(const struct learner *learner, const struct mltrainer_host *host,
                      const struct mltrainer_request *request, void **model, struct mltrainer_error *error);
int32_t learner_restore(const struct learner *learner, const void *bytes, size_t byte_count, void **model,
                        struct mltrainer_error *error);
void learner_release(void *model);

extern const struct mltrainer_predictable learner_predictable;
extern const struct mltrainer_evaluable learner_evaluable;
/** Metrics r2, rmse and mae of a regression. @weights: NULL for all 1; their sum is above 0. */
void learner_report_numbers(const struct mltrainer_host *host, const double *prediction, const double *truth,
                            const double *weights, int64_t rows);
int32_t learner_save(const struct mltrainer_host *host, const void *model, const void **bytes, size_t *byte_count,
                     struct mltrainer_error *error);

#define LEARNER(name, ...)                                                                                             \
    const struct learner name##_learner = {.id = #name, __VA_ARGS__};                                                  \
    static int32_t name##_train(const struct mltrainer_host *host, const struct mltrainer_request *request,            \
                                void **model, struct mltrainer_error *error)                                           \
    {                                                                                                                  \
        return learner_train(&name##_learner, host, request, model, error);                                            \
    }                                                                                                                  \
    static int32_t name##_restore(const struct mltrainer_host *host, const void *bytes, size_t byte_count,             \
                                  void **model, struct mltrainer_error *error)                                         \
    {                                                                                                                  \
        return learner_restore(&name##_learner, bytes, byte_count, model, error);                                      \
    }                                                                                                                  \
    const struct mltrainer_trainable name##_trainable = {.size = sizeof(name##_trainable), .train = name##_train};     \
    const struct mltrainer_serializable name##_serializable = {.size = sizeof(name##_serializable),                    \
                                                               .format_version = 1,                                    \
                                                               .save = learner_save,                                   \
                                                               .restore = name##_restore}

/** For a family's list FAMILY(X) with X(name, description, flags beside MLTRAINER_DETERMINISTIC) a line. */
#define LEARNER_DECLARE(name, text, extra)                                                                             \
    extern const struct mltrainer_trainable name##_trainable;                                                          \
    extern const struct mltrainer_serializable name##_serializable;
#define LEARNER_ALGORITHM(name, text, extra)                                                                           \
    static const struct mltrainer_algorithm name##_algorithm = {.size = sizeof(name##_algorithm),                      \
                                                                .flags = MLTRAINER_DETERMINISTIC | (extra),            \
                                                                .id = #name,                                           \
                                                                .description = text,                                   \
                                                                .release = learner_release,                            \
                                                                .trainable = &name##_trainable,                        \
                                                                .predictable = &learner_predictable,                   \
                                                                .evaluable = &learner_evaluable,                       \
                                                                .serializable = &name##_serializable};
#define LEARNER_ENTRY(name, text, extra) &name##_algorithm,

#endif

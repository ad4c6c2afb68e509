/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SERVING_WARM_H
#define MLT_EXECUTION_SERVING_WARM_H

#include "events/snapshot.h"
#include "execution/artifact/container.h"
#include "execution/feature/features.h"
#include "execution/feature/scaler.h"

/* Models whose artifacts are open, by the references that were used for them. A table of them is an immutable snapshot:
 * any thread predicts from it without asking the execution loop, which alone publishes. A change of artifacts, aliases
 * or plugins makes the loop publish an empty one, so that a reference never means what it meant before. */

struct execution;
struct operation;
struct catalog;

struct warm_model {
    _Atomic unsigned references;
    struct mrpc_arena *arena;
    struct artifact_file artifact;
    struct catalog *catalog;     /* keeps the path */
    const char *plugin_path;
    uint32_t version;
    struct feature_spec spec;    /* of the artifact's, if features are made */
    bool makes_features;
    struct scaler_column *preparation; /* of the columns that the model sees */
    size_t preparation_count;
};

struct warm_models {
    struct snapshot_cell table;
    uint64_t forgotten; /* how often; the loop's */
};

int warm_models_init(struct warm_models *models) MRPC_MUST_USE;
void warm_models_fini(struct warm_models *models);

/** The model that @reference means now, NULL when it is not open: warm_model_unref(). Thread: any. */
struct warm_model *warm_models_find(struct warm_models *models, const char *reference);
void warm_model_unref(struct warm_model *model);

/** Keep what a prediction has opened; takes the artifact's bytes over. Nothing happens when it is large, memory is out,
 *  or references have changed since the operation was bound. Thread: the loop's. */
void warm_models_keep(struct warm_models *models, const char *reference, struct operation *operation);
/** No reference means anything any more. Thread: the loop's. */
void warm_models_forget(struct warm_models *models);

#endif

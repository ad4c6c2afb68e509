/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_NET_MODEL_H
#define PLUGIN_NET_MODEL_H

#include "net/trainer.h"
#include "support/learner.h"

/* A model that is a network: what it was built from, and the scales of its inputs and outputs. An architecture
 * is how parameters become a plan, a plan a network, and outputs a result; all else is the same for all. */

#define PLAN_SIZES_MAX 8
#define PLAN_WIDTH_MAX 65536
#define PLAN_STEPS_MAX 4096
#define PLAN_HEADS_MAX 256
#define PLAN_DEPTH_MAX 64
#define PLAN_OUTPUTS_MAX 1000

/* Numbers that a network is built from. They stand in the artifact; each architecture reads those that it needs. */
struct plan {
    uint64_t features, steps, outputs;
    uint64_t size_count, sizes[PLAN_SIZES_MAX]; /* widths of hidden layers */
    uint64_t units, heads, depth, inner, kernel;
    uint64_t shape; /* enum net_shape */
    double dropout, recurrent_dropout, tolerance;
};

struct net_model {
    const struct architecture *architecture;
    struct plan plan;
    double *centre, *scale; /* a feature each */
    double target_centre, target_scale;
    double *classes; /* plan.outputs of them, ascending; NULL: numbers are learned */
    struct net *net;
};

struct architecture {
    enum trainer_loss loss;
    int has_classes, reconstructs; /* reconstructs: the targets are the inputs */
    void (*read)(struct call *call, struct plan *plan, struct trainer *trainer);
    /** The last layer that it appends is the output, plan->outputs wide. */
    void (*build)(struct net *net, const struct plan *plan);
    /** Fill what is NET_GIVEN from the examples; NULL: nothing is. */
    void (*prepare)(struct call *call, struct net *net, const struct examples *examples);
    /** How it is trained, from the parameters of batches alone; NULL: trainer_run(). */
    int32_t (*train)(struct call *call, struct trainer *trainer);
    /** Put the results of @samples rows from @first into call->out. */
    void (*emit)(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                 size_t samples);
};

int32_t net_fit(struct call *call, const struct architecture *architecture, void **state);
int32_t net_apply(struct call *call, const void *state);
void net_save(const void *state, struct artifact_writer *writer);
void *net_restore(struct artifact_reader *reader, size_t feature_count, const struct architecture *architecture);
void net_release(void *state);

/** The first output in the target's scale. */
void net_emit_number(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                        size_t samples);
/** The class with the largest output, and its softmax. */
void net_emit_class(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                       size_t samples);
/** Three outputs, those after the first put in order around it. */
void net_emit_range(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                       size_t samples);

/** hidden_layer_sizes into plan->sizes, each a whole number. */
void net_read_sizes(struct call *call, struct plan *plan);

/** lookback into plan->steps. */
void net_read_window(struct call *call, struct plan *plan);
/** plan->units must be a multiple of plan->heads, which parameter @name holds. */
void net_check_heads(struct call *call, const struct plan *plan, const char *name);

/* NET_MODEL(mlp, .task = LEARNER_NUMBERS, .outputs = {"prediction"}) after `mlp_architecture`. */
#define NET_MODEL(name, ...)                                                                                           \
    static int32_t name##_fit(struct call *call, void **state)                                                         \
    {                                                                                                                  \
        return net_fit(call, &name##_architecture, state);                                                             \
    }                                                                                                                  \
    static void *name##_rebuild(struct artifact_reader *reader, size_t feature_count)                                  \
    {                                                                                                                  \
        return net_restore(reader, feature_count, &name##_architecture);                                               \
    }                                                                                                                  \
    LEARNER(name, .fit = name##_fit, .apply = net_apply, .save = net_save, .restore = name##_rebuild,                  \
            .release = net_release, __VA_ARGS__)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(mlp, "Dense layers, trained by Adam.", MLTRAINER_USES_SEED)                                                      \
    X(feedforward, "Dense layers with dropout.", MLTRAINER_USES_SEED)                                                  \
    X(adversarial, "Dense layers, trained also on inputs moved against them.", MLTRAINER_USES_SEED)                    \
    X(autoencoder, "Dense layers through a narrow one and back.", MLTRAINER_USES_SEED)                                 \
    X(lstm, "Long short-term memory over the last rows.", MLTRAINER_USES_SEED)                                         \
    X(gru, "Gated recurrent units over the last rows.", MLTRAINER_USES_SEED)                                           \
    X(bilstm, "Long short-term memory over the last rows, both ways.", MLTRAINER_USES_SEED)                            \
    X(cnn_lstm, "A convolution over the last rows, then long short-term memory.", MLTRAINER_USES_SEED)         \
    X(multi_head_attention, "One layer of attention over the last rows.", MLTRAINER_USES_SEED)                         \
    X(transformer, "Encoder of the transformer over the last rows.", MLTRAINER_USES_SEED)                              \
    X(temporal_fusion, "Temporal fusion transformer over the last rows.", MLTRAINER_USES_SEED)                         \
    X(vision_transformer, "Vision transformer over a chart of the last rows.", MLTRAINER_USES_SEED)                    \
    X(graph_convolution, "Graph convolution over the features.", MLTRAINER_USES_SEED)                                  \
    X(neural_ode, "A state that flows by a learned equation.", MLTRAINER_USES_SEED)                                    \
    X(rivals, "A network that predicts, against one that judges.", MLTRAINER_USES_SEED)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("neural", algorithms, .description = "Networks, trained by gradient.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "layers of this project on OpenBLAS");

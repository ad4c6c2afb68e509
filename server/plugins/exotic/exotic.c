/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"
#include "support/tabular.h"

#define LEARNERS(X)                                                                                                    \
    X(quantum_circuit, "A circuit of rotations on simulated qubits, read by a dense layer.", MLTRAINER_USES_SEED)
#define TABULARS(X) X(data_fusion, "Columns from elsewhere, standardised, lagged and fused.")

LEARNERS(LEARNER_DECLARE)
TABULARS(TABULAR_DECLARE)
LEARNERS(LEARNER_ALGORITHM)
TABULARS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY) TABULARS(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "exotic",
    .version = "1.0.0",
    .description = "Simulated qubits, and data from elsewhere.",
    .licence = "Apache-2.0",
    .engine = "C of this project, its networks on OpenBLAS",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};

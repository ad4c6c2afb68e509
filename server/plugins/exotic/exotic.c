/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
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

FAMILY("exotic", algorithms, .description = "Simulated qubits, and data from elsewhere.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "C of this project, its networks on OpenBLAS");

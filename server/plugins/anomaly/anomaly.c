/* SPDX-License-Identifier: Apache-2.0 */
#include "anomaly.h"
#include "support/family.h"

#define LEARNERS(X)                                                                                                    \
    X(isolation_forest, "How few random cuts set a row apart.", MLTRAINER_USES_SEED)                                   \
    X(zscore, "Farthest feature from its mean, in standard deviations.", 0)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("anomaly", algorithms, .description = "Rows that do not belong.", .licence = "Apache-2.0 AND Zlib",
       .engine = "C of this project");

void anomaly_report(struct call *call, const void *state)
{
    double strange = 0;

    for (int64_t row = 0; row < call->rows; row++)
        strange += call->out[0][row];
    call->host->metric(call->host, "anomaly_share", MLTRAINER_STEP_FINAL, strange / (double)call->rows);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_GOLDEN_TRAINING_H
#define MLT_EXECUTION_GOLDEN_TRAINING_H

#include "fixture.h"
#include "golden/validation/figures.h"

/* A training of ridge behind a scaler on the table of tests/golden/validation, which figures_open() has read. */

enum { GOLDEN_COLUMNS = 4 };

struct golden_training {
    API(JobSpec) spec;
    API(TrainSpec) train;
    API(ColumnSelection) selection;
    API(DataReference) data;
    API(Table) table;
    API(Column) columns[GOLDEN_COLUMNS], *column_pointers[GOLDEN_COLUMNS];
    API(DoubleValues) values[GOLDEN_COLUMNS];
    API(TrainSpec__ParametersEntry) entry, *entries[1];
    API(ParameterValue) alpha;
    API(Validation) validation;
    API(KFold) k_fold;
    API(WalkForward) walk_forward;
    API(Preprocessing) preprocessing;
};

/** Validated by five folds. */
void golden_training_k_fold(struct golden_training *work);
/** Validated by windows. */
void golden_training_walk_forward(struct golden_training *work);

#endif

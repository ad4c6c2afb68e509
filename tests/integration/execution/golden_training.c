/* SPDX-License-Identifier: Apache-2.0 */
#include "golden_training.h"

#include <stdint.h>
#include <stdio.h>

static void fill_table(struct golden_training *work)
{
    static const char *const names[GOLDEN_COLUMNS] = {"x0", "x1", "x2", "y"};
    INIT(table, &work->table);
    for (size_t i = 0; i < GOLDEN_COLUMNS; i++) {
        char figure_name[32];
        INIT(column, &work->columns[i]);
        INIT(double_values, &work->values[i]);
        snprintf(figure_name, sizeof figure_name, "table.%s", names[i]);
        work->values[i].values = (double *)(uintptr_t)figures(figure_name, &work->values[i].n_values);
        work->columns[i].name = (char *)names[i];
        work->columns[i].values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
        work->columns[i].doubles = &work->values[i];
        work->column_pointers[i] = &work->columns[i];
    }
    work->table.n_columns = GOLDEN_COLUMNS;
    work->table.columns = work->column_pointers;
    INIT(data_reference, &work->data);
    work->data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    work->data.table = &work->table;
}

static void fill(struct golden_training *work)
{
    fill_table(work);
    INIT(job_spec, &work->spec);
    INIT(train_spec, &work->train);
    INIT(column_selection, &work->selection);
    INIT(train_spec__parameters_entry, &work->entry);
    INIT(parameter_value, &work->alpha);
    INIT(validation, &work->validation);
    mltrainer__execution__v1__kfold__init(&work->k_fold);
    INIT(walk_forward, &work->walk_forward);
    INIT(preprocessing, &work->preprocessing);
    work->alpha.kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER;
    work->alpha.number = 5;
    work->entry.key = "alpha";
    work->entry.value = &work->alpha;
    work->entries[0] = &work->entry;
    work->selection.target_column = "y";
    work->preprocessing.scaling = MLTRAINER__EXECUTION__V1__SCALING__SCALING_STANDARD;
    work->train.model = "ridge";
    work->train.n_parameters = 1;
    work->train.parameters = work->entries;
    work->train.data = &work->data;
    work->train.columns_case = MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_SELECTION;
    work->train.selection = &work->selection;
    work->train.preprocessing = &work->preprocessing;
    work->train.validation = &work->validation;
    work->spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN;
    work->spec.train = &work->train;
}

void golden_training_k_fold(struct golden_training *work)
{
    fill(work);
    work->k_fold.folds = 5;
    work->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_K_FOLD;
    work->validation.k_fold = &work->k_fold;
}

void golden_training_walk_forward(struct golden_training *work)
{
    fill(work);
    work->walk_forward = (API(WalkForward)){
        .base = work->walk_forward.base, .train_rows = 24, .test_rows = 8, .embargo_rows = 2, .expanding = true};
    work->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_WALK_FORWARD;
    work->validation.walk_forward = &work->walk_forward;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/divider.h"

#include <math.h>

enum { FOLDS_DEFAULT = 5 };
static const double TEST_FRACTION_DEFAULT = 0.2;

static bool makes_features(const API(TrainSpec) * train)
{
    return train->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
}

/* A target that lies `horizon` rows ahead tells of the rows between: they must not lie on both sides of a border. */
static uint32_t at_least_horizon(const API(TrainSpec) * train, uint32_t embargo)
{
    uint32_t horizon = makes_features(train) && train->features->horizon ? train->features->horizon : 1;
    return embargo < horizon - 1 ? horizon - 1 : embargo;
}

static void take_method(const API(TrainSpec) * train, const API(Validation) * validation, struct fold_spec *spec)
{
    switch (validation->method_case) {
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_SKIP:
        spec->method = validation->skip ? FOLD_NONE : FOLD_HOLD_OUT;
        return;
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_K_FOLD:
        spec->method = FOLD_K_FOLD;
        spec->folds = validation->k_fold->folds ? validation->k_fold->folds : FOLDS_DEFAULT;
        spec->shuffle = validation->k_fold->shuffle;
        spec->embargo_rows = at_least_horizon(train, validation->k_fold->embargo_rows);
        return;
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_WALK_FORWARD:
        spec->method = FOLD_WALK_FORWARD;
        spec->train_rows = validation->walk_forward->train_rows;
        spec->test_rows = validation->walk_forward->test_rows;
        spec->expanding = validation->walk_forward->expanding;
        spec->embargo_rows = at_least_horizon(train, validation->walk_forward->embargo_rows);
        return;
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_HOLD_OUT:
        if (validation->hold_out->test_fraction > 0)
            spec->test_fraction = validation->hold_out->test_fraction;
        spec->shuffle = validation->hold_out->shuffle;
        spec->embargo_rows = at_least_horizon(train, validation->hold_out->embargo_rows);
        return;
    default:
        return;
    }
}

static struct fold_spec spec_of(const API(TrainSpec) * train)
{
    struct fold_spec spec = {.method = FOLD_HOLD_OUT,
                             .test_fraction = TEST_FRACTION_DEFAULT,
                             .embargo_rows = at_least_horizon(train, 0),
                             .seed = train->seed};
    if (train->validation)
        take_method(train, train->validation, &spec);
    return spec;
}

int divider_plan(struct operation *operation, struct fault *fault)
{
    struct fold_spec spec = spec_of(operation->train);
    return fold_plan_make(&spec, (uint64_t)table_rows(&operation->table->array), &operation->plan, fault);
}

/* ---- Making ready ---- */

static bool wants_preparation(const API(Preprocessing) * how)
{
    return how && (how->imputation > MLTRAINER__EXECUTION__V1__IMPUTATION__IMPUTATION_NONE ||
                   how->scaling > MLTRAINER__EXECUTION__V1__SCALING__SCALING_NONE);
}

static int learn(struct operation *operation, const struct table *from, struct fault *fault)
{
    const API(Preprocessing) *how = operation->train->preprocessing;
    operation->preparation_count = 0;
    if (!wants_preparation(how))
        return 0;
    if (!operation->preparation)
        operation->preparation =
            mrpc_arena_calloc(operation->arena, operation->feature_count + 1, sizeof *operation->preparation);
    if (!operation->preparation)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    operation->preparation_count = operation->feature_count;
    return scaler_fit(from, operation->feature_names, operation->feature_count, (enum scaler_fill)how->imputation,
                      (enum scaler_scale)how->scaling, operation->preparation, fault);
}

static int make_ready(struct operation *operation, struct table **part, struct fault *fault)
{
    struct table *ready;
    if (!*part || !operation->preparation_count)
        return 0;
    int code = scaler_apply(*part, operation->preparation, operation->preparation_count, &ready, fault);
    if (code)
        return code;
    table_free(*part);
    *part = ready;
    return 0;
}

int divider_cut(struct operation *operation, struct fault *fault)
{
    struct fold *fold = &operation->fold;
    int code = fold_cut(&operation->plan, operation->fold_index, fold, fault);
    if (!code)
        code = split_take(operation->table, fold->train, fold->train_rows, &operation->train_part, fault);
    if (!code && fold->test_rows)
        code = split_take(operation->table, fold->test, fold->test_rows, &operation->test_part, fault);
    if (!code)
        code = learn(operation, operation->train_part, fault);
    if (!code)
        code = make_ready(operation, &operation->train_part, fault);
    return code ? code : make_ready(operation, &operation->test_part, fault);
}

static void drop_table(struct table **table)
{
    table_free(*table);
    *table = NULL;
}

void divider_drop(struct operation *operation)
{
    drop_table(&operation->train_part);
    drop_table(&operation->test_part);
    drop_table(&operation->train_predictions);
    drop_table(&operation->test_predictions);
    fold_fini(&operation->fold);
}

int divider_take_all(struct operation *operation, struct fault *fault)
{
    int code = learn(operation, operation->table, fault);
    if (code || !operation->preparation_count)
        return code;
    return scaler_apply(operation->table, operation->preparation, operation->preparation_count, &operation->train_part,
                        fault);
}

int divider_read(API(PreparedColumn) *const *columns, size_t count, struct mrpc_arena *arena,
                 struct scaler_column **out, struct fault *fault)
{
    struct scaler_column *how = mrpc_arena_calloc(arena, count + 1, sizeof *how);
    if (!how)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (!(columns[i]->scale != 0) || !isfinite(columns[i]->scale) || !isfinite(columns[i]->offset))
            return fault_set(fault, MRPC_DATA_LOSS, "the artifact's scale of \"%.64s\" is no scale", columns[i]->name);
        how[i] = (struct scaler_column){.name = columns[i]->name,
                                        .fill = columns[i]->has_fill_case ? columns[i]->fill : NAN,
                                        .offset = columns[i]->offset,
                                        .scale = columns[i]->scale};
    }
    *out = how;
    return 0;
}

int divider_prepare(struct operation *operation, API(PreparedColumn) *const *columns, size_t count,
                    struct fault *fault)
{
    struct scaler_column *how;
    int code = divider_read(columns, count, operation->arena, &how, fault);
    if (code)
        return code;
    code = count ? scaler_apply(operation->table, how, count, &operation->train_part, fault) : 0;
    if (!code && count)
        operation->table = operation->train_part;
    return code;
}

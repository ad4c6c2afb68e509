/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "execution/feature/features.h"
#include "execution/feature/folds.h"
#include "execution/feature/metrics.h"
#include "execution/feature/split.h"
#include "test.h"

static struct table *make_series(const double *close, int64_t rows)
{
    struct fault fault = FAULT_INIT;
    struct table *table = table_new(rows);
    struct table_column column;
    assert_int_equal(table_add(table, "close", "g", 0, 0, &column, &fault), 0);
    memcpy(column.values, close, (size_t)rows * sizeof *close);
    assert_int_equal(table_add(table, "volume", "l", 0, 1, &column, &fault), 0);
    for (int64_t i = 0; i < rows; i++) {
        ((int64_t *)column.values)[i] = 10 * i;
        column.validity[i / 8] |= (uint8_t)((i != 4) << i % 8); /* row 4 has no volume */
    }
    table_set_null_count(table, 1, 1);
    return table;
}

static const double closes[] = {1, 2, 4, 8, 16, 32, 64, 128};
static const uint32_t two_lags[] = {0, 1};
static const uint32_t lag_two[] = {2};

static double value(const struct table *table, const char *name, size_t row)
{
    struct table_column column;
    int64_t index = table_find(&table->schema, name);
    assert_true(index >= 0);
    table_column_view(&table->schema, &table->array, (size_t)index, &column);
    return ((double *)column.values)[row];
}

static void features_look_back_and_the_target_looks_ahead(void **state)
{
    const struct feature_column columns[] = {{"close", FEATURE_SIMPLE_RETURN, two_lags, 2},
                                             {"volume", FEATURE_LEVEL, lag_two, 1}};
    const struct feature_spec spec = {"close", FEATURE_LEVEL, 2, columns, 2};
    struct fault fault = FAULT_INIT;
    struct table *source = make_series(closes, 8);
    struct feature_table made;
    assert_int_equal(feature_spec_check(&spec, "f", &fault), 0);
    assert_int_equal(feature_table_make(&spec, source, true, &made, &fault), 0);
    /* Row 2 is the first with two returns, row 5 the last with a target; volume of row 4 is wanted by row 6 only. */
    assert_int_equal(made.row_count, 4);
    assert_int_equal(made.rows[0], 2);
    assert_int_equal(made.feature_count, 3);
    assert_string_equal(made.names[1], "close_simple_return_lag1");
    assert_string_equal(made.names[2], "volume_lag2");
    assert_string_equal(made.target, "close_lead2");
    assert_true(value(made.table, "close_simple_return_lag0", 0) == 1.0);
    assert_true(value(made.table, "volume_lag2", 1) == 10);
    assert_true(value(made.table, "close_lead2", 0) == 16);
    feature_table_fini(&made);
    assert_int_equal(feature_table_make(&spec, source, false, &made, &fault), 0);
    assert_int_equal(made.row_count, 5); /* 2, 3, 4, 5 and 7: row 6 wants the missing volume */
    assert_int_equal(made.rows[4], 7);
    assert_int_equal(table_find(&made.table->schema, "close_lead2"), -1);
    feature_table_fini(&made);
    table_free(source);
}

static void log_returns_and_differences(void **state)
{
    const struct feature_column columns[] = {{"close", FEATURE_LOG_RETURN, two_lags, 1},
                                             {"close", FEATURE_DIFFERENCE, two_lags, 1}};
    const struct feature_spec spec = {"close", FEATURE_LOG_RETURN, 1, columns, 2};
    struct fault fault = FAULT_INIT;
    struct table *source = make_series(closes, 8);
    struct feature_table made;
    assert_int_equal(feature_table_make(&spec, source, true, &made, &fault), 0);
    assert_int_equal(made.row_count, 6);
    assert_true(fabs(value(made.table, "close_log_return_lag0", 0) - log(2)) < 1e-15);
    assert_true(value(made.table, "close_difference_lag0", 3) == 8);
    assert_string_equal(made.target, "close_log_return_lead1");
    feature_table_fini(&made);
    table_free(source);
}

static void says_what_the_data_lacks(void **state)
{
    static const double bad[] = {1, 2, -1, 4};
    struct fault fault = FAULT_INIT;
    struct table *source = make_series(bad, 4);
    struct feature_table made;
    struct feature_column column = {"close", FEATURE_LOG_RETURN, two_lags, 2};
    struct feature_spec spec = {"close", FEATURE_LEVEL, 1, &column, 1};
    assert_int_equal(feature_table_make(&spec, source, true, &made, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.text, "column \"close\", row 2: -1 is not positive, as a log return wants it");
    column.column = "open";
    assert_int_equal(feature_table_make(&spec, source, true, &made, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.text, "the data has no column \"open\"");
    table_free(source);
}

static void refuses_specifications_out_of_range(void **state)
{
    static const uint32_t twice[] = {1, 1}, far[] = {FEATURE_LAG_MAX + 1};
    static const struct feature_column fine = {"a", FEATURE_LEVEL, two_lags, 2},
                                       none = {"a", FEATURE_LEVEL, two_lags, 0},
                                       doubled = {"a", FEATURE_LEVEL, twice, 2}, too_far = {"a", FEATURE_LEVEL, far, 1},
                                       nameless = {"", FEATURE_LEVEL, two_lags, 2};
    static const struct {
        struct feature_spec spec;
        const char *field;
    } table[] = {
        {{"", FEATURE_LEVEL, 1, &fine, 1}, "f.target_column"},
        {{"y", FEATURE_LEVEL, 0, &fine, 1}, "f.horizon"},
        {{"y", FEATURE_LEVEL, 10001, &fine, 1}, "f.horizon"},
        {{"y", FEATURE_LEVEL, 1, &fine, 0}, "f.features"},
        {{"y", FEATURE_LEVEL, 1, &none, 1}, "f.features[0].lags"},
        {{"y", FEATURE_LEVEL, 1, &doubled, 1}, "f.features[0].lags"},
        {{"y", FEATURE_LEVEL, 1, &too_far, 1}, "f.features[0].lags"},
        {{"y", FEATURE_LEVEL, 1, &nameless, 1}, "f.features[0].column"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault fault = FAULT_INIT;
        assert_int_equal(feature_spec_check(&table[i].spec, "f", &fault), MRPC_INVALID_ARGUMENT);
        assert_string_equal(fault.field, table[i].field);
    }
}

static struct fold cut(const struct fold_spec *spec, uint64_t rows, size_t index)
{
    struct fault fault = FAULT_INIT;
    struct fold_plan plan;
    struct fold fold;
    assert_int_equal(fold_plan_make(spec, rows, &plan, &fault), 0);
    assert_int_equal(fold_cut(&plan, index, &fold, &fault), 0);
    fold_plan_fini(&plan);
    return fold;
}

static void the_test_part_comes_last_behind_a_gap(void **state)
{
    struct fold fold = cut(&(struct fold_spec){FOLD_HOLD_OUT, .test_fraction = 0.2, .embargo_rows = 3}, 100, 0);
    assert_int_equal(fold.train_rows, 77);
    assert_int_equal(fold.train[76], 76);
    assert_int_equal(fold.test_rows, 20);
    assert_int_equal(fold.test[0], 80);
    fold_fini(&fold);
    fold = cut(&(struct fold_spec){FOLD_HOLD_OUT, .test_fraction = 0.1}, 2, 0);
    assert_int_equal(fold.test_rows, 1);
    fold_fini(&fold);
}

static void a_fold_in_the_middle_has_a_gap_on_both_sides(void **state)
{
    struct fold fold = cut(&(struct fold_spec){FOLD_K_FOLD, .folds = 5, .embargo_rows = 2}, 20, 2);
    static const uint64_t train[] = {0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 18, 19}, test[] = {8, 9, 10, 11};
    assert_int_equal(fold.train_rows, 12);
    assert_memory_equal(fold.train, train, sizeof train);
    assert_int_equal(fold.test_rows, 4);
    assert_memory_equal(fold.test, test, sizeof test);
    fold_fini(&fold);
}

static void rows_drawn_by_a_seed_test_once_each(void **state)
{
    struct fold_spec spec = {FOLD_K_FOLD, .folds = 4, .shuffle = true, .seed = 7};
    unsigned seen[30] = {0};
    bool contiguous = true;
    for (size_t index = 0; index < 4; index++) {
        struct fold one = cut(&spec, 30, index), same = cut(&spec, 30, index);
        assert_int_equal(one.train_rows + one.test_rows, 30);
        assert_memory_equal(one.test, same.test, one.test_rows * sizeof *one.test);
        for (uint64_t i = 0; i < one.test_rows; i++)
            seen[one.test[i]]++;
        contiguous = contiguous && one.test[one.test_rows - 1] - one.test[0] + 1 == one.test_rows;
        fold_fini(&one);
        fold_fini(&same);
    }
    assert_false(contiguous);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(seen[i], 1);
}

static void too_few_rows_for_a_plan_are_refused(void **state)
{
    static const struct {
        struct fold_spec spec;
        uint64_t rows;
    } table[] = {
        {{FOLD_HOLD_OUT, .test_fraction = 0.5}, 1},
        {{FOLD_HOLD_OUT, .test_fraction = 0.5, .embargo_rows = 5}, 10},
        {{FOLD_K_FOLD, .folds = 5}, 4},
        {{FOLD_WALK_FORWARD, .train_rows = 10, .test_rows = 1}, 10},
        {{FOLD_WALK_FORWARD, .train_rows = 5, .test_rows = 4, .embargo_rows = 2}, 10},
        {{FOLD_WALK_FORWARD, .train_rows = 5, .test_rows = UINT64_MAX}, 10},
        {{FOLD_WALK_FORWARD, .train_rows = 5, .test_rows = 1}, 5 + FOLDS_MAX + 1},
        {{FOLD_NONE}, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault fault = FAULT_INIT;
        struct fold_plan plan;
        assert_int_equal(fold_plan_make(&table[i].spec, table[i].rows, &plan, &fault), MRPC_INVALID_ARGUMENT);
    }
    struct fault fault = FAULT_INIT;
    struct fold_plan plan;
    struct fold fold;
    struct fold_spec all_gap = {FOLD_K_FOLD, .folds = 3, .embargo_rows = 100};
    assert_int_equal(fold_plan_make(&all_gap, 30, &plan, &fault), 0);
    assert_int_equal(fold_cut(&plan, 1, &fold, &fault), MRPC_INVALID_ARGUMENT);
    fold_plan_fini(&plan);
}

static void a_part_holds_its_rows_of_every_kind_of_column(void **state)
{
    struct fault fault = FAULT_INIT;
    struct table *source = make_series(closes, 8), *part;
    struct table_column column;
    assert_int_equal(table_add(source, "text", "u", 8, 0, &column, &fault), 0);
    memcpy(column.values, "abcdefgh", 8);
    for (int32_t i = 0; i <= 8; i++)
        column.offsets[i] = i;
    assert_int_equal(split_rows(source, 3, 4, &part, &fault), 0);
    assert_int_equal(table_rows(&part->array), 4);
    assert_true(value(part, "close", 0) == 8);
    table_column_view(&part->schema, &part->array, 1, &column);
    assert_int_equal(column.validity[0] & 15, 13);
    assert_int_equal(column.null_count, 1);
    table_column_view(&part->schema, &part->array, 2, &column);
    assert_memory_equal(column.values, "defg", 4);
    assert_int_equal(column.offsets[4], 4);
    table_free(part);
    static const uint64_t apart[] = {0, 4, 7};
    assert_int_equal(split_take(source, apart, 3, &part, &fault), 0);
    assert_true(value(part, "close", 1) == 16 && value(part, "close", 2) == 128);
    table_column_view(&part->schema, &part->array, 1, &column);
    assert_int_equal(column.validity[0] & 7, 5);
    assert_int_equal(column.null_count, 1);
    table_column_view(&part->schema, &part->array, 2, &column);
    assert_memory_equal(column.values, "aeh", 3);
    assert_int_equal(column.offsets[3], 3);
    table_free(part);
    assert_int_equal(split_rows(source, 8, 0, &part, &fault), 0);
    table_free(part);
    table_free(source);
}

/* Values by scikit-learn 1.1: mean_squared_error(squared=False), mean_absolute_error, r2_score. */
static void metrics_agree_with_scikit_learn(void **state)
{
    static const double actual[] = {3, -0.5, 2, 7}, predicted[] = {2.5, 0.0, 2, 8};
    struct metric_regression metrics;
    metric_regression(actual, predicted, 4, &metrics);
    assert_true(fabs(metrics.rmse - 0.6123724356957945) < 1e-15);
    assert_true(metrics.mae == 0.5);
    assert_true(fabs(metrics.r2 - 0.9486081370449679) < 1e-15);
    metric_constant(actual, 2.875, 4, &metrics);
    assert_true(metrics.r2 == 0);
    static const uint64_t rows[] = {0, 1, 2, 3}; /* row 0 has none before */
    metric_last_value(actual, rows, 4, 1, &metrics);
    assert_true(fabs(metrics.mae - (3.5 + 2.5 + 5) / 3) < 1e-15);
    metric_last_value(actual, rows, 2, 2, &metrics);
    assert_true(isnan(metrics.rmse));
    metric_regression(actual, predicted, 0, &metrics);
    assert_true(isnan(metrics.rmse) && isnan(metrics.r2));
    metric_constant(predicted, 0, 1, &metrics);
    assert_true(isnan(metrics.r2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_look_back_and_the_target_looks_ahead),
        cmocka_unit_test(log_returns_and_differences),
        cmocka_unit_test(says_what_the_data_lacks),
        cmocka_unit_test(refuses_specifications_out_of_range),
        cmocka_unit_test(the_test_part_comes_last_behind_a_gap),
        cmocka_unit_test(a_fold_in_the_middle_has_a_gap_on_both_sides),
        cmocka_unit_test(rows_drawn_by_a_seed_test_once_each),
        cmocka_unit_test(too_few_rows_for_a_plan_are_refused),
        cmocka_unit_test(a_part_holds_its_rows_of_every_kind_of_column),
        cmocka_unit_test(metrics_agree_with_scikit_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

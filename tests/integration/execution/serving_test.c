/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* A model that has predicted once stays open: the next prediction looks at no file. But a reference means what it means
 * now. */

enum { ROWS = 7 };

struct answer {
    char artifact[80];
    double newest;
};

static void train(struct fixture *fixture, uint64_t seed)
{
    API(Preprocessing) scaled;
    API(JobSpec) *spec = sp500_training();
    INIT(preprocessing, &scaled);
    scaled.scaling = MLTRAINER__EXECUTION__V1__SCALING__SCALING_STANDARD;
    spec->train->preprocessing = &scaled;
    spec->train->seed = seed; /* another artifact */
    char *id = submit(fixture, spec, "");
    assert_non_null(id);
    assert_int_equal(watch(fixture, id, 0, NULL, NULL), MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED);
    free(id);
}

/* A week of closes in the request itself. @name: of the column. */
static API(DataReference) * week(const char *name)
{
    static double closes[ROWS] = {100, 101, 102, 101, 103, 104, 103};
    static int32_t days[ROWS] = {0, 1, 2, 3, 4, 5, 6};
    static API(DoubleValues) doubles;
    static API(DateValues) dates;
    static API(Column) close, date;
    static API(Column) * columns[] = {&close, &date};
    static API(Table) table;
    static API(DataReference) data;
    INIT(double_values, &doubles);
    INIT(date_values, &dates);
    INIT(column, &close);
    INIT(column, &date);
    INIT(table, &table);
    INIT(data_reference, &data);
    doubles.n_values = dates.n_days = ROWS;
    doubles.values = closes;
    dates.days = days;
    close.name = (char *)name;
    close.values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    close.doubles = &doubles;
    date.name = "date";
    date.values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES;
    date.dates = &dates;
    table.n_columns = 2;
    table.columns = columns;
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data.table = &table;
    return &data;
}

static int predict(struct fixture *fixture, const char *artifact, const char *column, bool last, struct answer *out)
{
    API(PredictRequest) request;
    INIT(predict_request, &request);
    request.artifact = (char *)artifact;
    request.data = week(column);
    request.last_row_only = last;
    const API(PredictResponse) *response = RPC(predict)(fixture->channel, NULL, &request, fresh(fixture));
    if (!response)
        return CODE(fixture);
    size_t rows = response->table->columns[0]->integers->n_values;
    assert_int_equal(rows, last ? 1 : 2); /* five returns need six closes */
    assert_int_equal(response->table->columns[0]->integers->values[rows - 1], ROWS - 1);
    assert_int_equal(response->table->columns[1]->dates->days[rows - 1], ROWS - 1);
    snprintf(out->artifact, sizeof out->artifact, "%s", response->artifact);
    out->newest = response->table->columns[2]->doubles->values[rows - 1];
    return 0;
}

static void remove_files(const struct fixture *fixture)
{
    char folder[120], path[400];
    snprintf(folder, sizeof folder, "%s/data/artifacts", fixture->root);
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *file = readdir(files); file; file = readdir(files)) {
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        if (strstr(file->d_name, ".mlta"))
            assert_int_equal(unlink(path), 0);
    }
    closedir(files);
}

static void set_alias(struct fixture *fixture, uint32_t version)
{
    API(SetAliasRequest) request;
    INIT(set_alias_request, &request);
    request.name = "sp500-ridge";
    request.alias = "champion";
    request.version = version;
    assert_non_null(RPC(set_alias)(fixture->channel, NULL, &request, fresh(fixture)));
}

static void warm_model_needs_no_file_and_answers_the_same(void **state)
{
    struct fixture fixture;
    struct answer cold, warm, last;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    train(&fixture, 1);
    assert_int_equal(predict(&fixture, "sp500-ridge", "close", false, &cold), 0);
    remove_files(&fixture);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(predict(&fixture, "sp500-ridge", "close", false, &warm), 0);
        assert_int_equal(predict(&fixture, "sp500-ridge", "close", true, &last), 0);
        assert_string_equal(warm.artifact, cold.artifact);
        assert_true(warm.newest == cold.newest && last.newest == cold.newest);
    }
    assert_int_equal(predict(&fixture, "sp500-ridge", "open", false, &warm), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(TEXT(&fixture), "data: the data has no column \"close\""));
    /* not asked for before */
    assert_int_equal(predict(&fixture, "sp500-ridge@1", "close", false, &warm), MRPC_DATA_LOSS);
    fixture_close(&fixture);
}

static void reference_means_what_it_means_now(void **state)
{
    struct fixture fixture;
    struct answer one, two;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    train(&fixture, 1);
    set_alias(&fixture, 1);
    assert_int_equal(predict(&fixture, "sp500-ridge", "close", false, &one), 0);
    assert_int_equal(predict(&fixture, "sp500-ridge:champion", "close", false, &one), 0);
    train(&fixture, 2);
    assert_int_equal(predict(&fixture, "sp500-ridge", "close", false, &two), 0);
    assert_string_not_equal(two.artifact, one.artifact);
    assert_int_equal(predict(&fixture, "sp500-ridge:champion", "close", false, &two), 0);
    assert_string_equal(two.artifact, one.artifact);
    set_alias(&fixture, 2);
    assert_int_equal(predict(&fixture, "sp500-ridge:champion", "close", false, &two), 0);
    assert_string_not_equal(two.artifact, one.artifact);
    API(DeleteArtifactRequest) request;
    INIT(delete_artifact_request, &request);
    request.artifact = "sp500-ridge@1";
    assert_int_equal(predict(&fixture, "sp500-ridge@1", "close", false, &two), 0);
    assert_non_null(RPC(delete_artifact)(fixture.channel, NULL, &request, fresh(&fixture)));
    assert_int_equal(predict(&fixture, "sp500-ridge@1", "close", false, &two), MRPC_NOT_FOUND);
    fixture_close(&fixture);
}

static void stream_goes_on_with_a_warm_model(void **state)
{
    struct fixture fixture;
    struct answer cold;
    struct mrpc_client_call *call;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    train(&fixture, 1);
    assert_int_equal(predict(&fixture, "sp500-ridge", "close", false, &cold), 0);
    remove_files(&fixture);
    assert_int_equal(RPC(predict_stream__start)(fixture.channel, NULL, NULL, NULL, &call), 0);
    for (uint64_t tag = 0; tag < 4; tag++) {
        API(PredictStreamRequest) message;
        INIT(predict_stream_request, &message);
        message.tag = tag;
        message.artifact = tag ? "" : "sp500-ridge";
        message.data = week(tag == 2 ? "open" : "close");
        assert_int_equal(RPC(predict_stream__send)(call, &message), 0);
        const API(PredictStreamResponse) *answer = RPC(predict_stream__recv)(call);
        assert_non_null(answer);
        assert_int_equal(answer->tag, tag);
        if (tag == 2)
            assert_int_equal(answer->error->code, MRPC_INVALID_ARGUMENT);
        else
            assert_true(answer->response->table->columns[2]->doubles->values[1] == cold.newest);
    }
    mrpc_client_call_half_close(call);
    assert_null(RPC(predict_stream__recv)(call));
    assert_int_equal(mrpc_client_call_finish(call, fresh(&fixture)), 0);
    mrpc_client_call_free(call);
    fixture_close(&fixture);
}

/* ---- A model that dies of what it is given ---- */

static API(DataReference) * numbers(double first)
{
    static double values[2], targets[2] = {0, 1};
    static API(DoubleValues) xs, ys;
    static API(Column) x, y;
    static API(Column) * columns[] = {&x, &y};
    static API(Table) table;
    static API(DataReference) data;
    INIT(double_values, &xs);
    INIT(double_values, &ys);
    INIT(column, &x);
    INIT(column, &y);
    INIT(table, &table);
    INIT(data_reference, &data);
    values[0] = first;
    values[1] = 1;
    xs.values = values;
    ys.values = targets;
    xs.n_values = ys.n_values = 2;
    x.name = "x";
    y.name = "y";
    x.values_case = y.values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    x.doubles = &xs;
    y.doubles = &ys;
    table.n_columns = 2;
    table.columns = columns;
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data.table = &table;
    return &data;
}

static int turn(struct fixture *fixture, double first)
{
    API(PredictRequest) request;
    INIT(predict_request, &request);
    request.artifact = "turns";
    request.data = numbers(first);
    return RPC(predict)(fixture->channel, NULL, &request, fresh(fixture)) ? 0 : CODE(fixture);
}

/* The first prediction opens the model; the next ones are made without an operation, and their crashes count all the
 * same. */
static void crashes_of_an_open_model_are_counted(void **state)
{
    static char *features[] = {"x"};
    struct fixture fixture;
    API(JobSpec) spec;
    API(TrainSpec) train;
    API(ColumnSelection) selection;
    INIT(job_spec, &spec);
    INIT(train_spec, &train);
    INIT(column_selection, &selection);
    selection.target_column = "y";
    selection.n_feature_columns = 1;
    selection.feature_columns = features;
    train.model = train.artifact_name = "turns";
    train.data = numbers(0);
    train.columns_case = MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_SELECTION;
    train.selection = &selection;
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN;
    spec.train = &train;
    fixture_open(&fixture, "--execution-quarantine=3");
    char *id = submit(&fixture, &spec, ""), why[256] = "";
    if (!id || watch(&fixture, id, 0, why, NULL) != MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED)
        fail_msg("%s %s", id ? why : TEXT(&fixture), "training");
    free(id);
    assert_int_equal(turn(&fixture, 0), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(turn(&fixture, -1), MRPC_INTERNAL);
        assert_true(i == 2 || turn(&fixture, 0) == 0);
    }
    int code;
    while ((code = turn(&fixture, 0)) == 0) /* the answer may be there before the loop has counted */
        continue;
    assert_int_equal(code, MRPC_FAILED_PRECONDITION);
    assert_non_null(strstr(TEXT(&fixture), "crashed 3 times in 60 s"));
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warm_model_needs_no_file_and_answers_the_same),
        cmocka_unit_test(reference_means_what_it_means_now),
        cmocka_unit_test(stream_goes_on_with_a_warm_model),
        cmocka_unit_test(crashes_of_an_open_model_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

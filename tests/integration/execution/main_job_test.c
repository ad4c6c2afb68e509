/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "reference.h"

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

static double metric(API(Metric) *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i]->name, name) == 0)
            return list[i]->value;
    fail_msg("no metric %s", name);
    return NAN;
}

static const API(Job) * get_job(struct fixture *fixture, const char *id)
{
    API(GetJobRequest) request;
    INIT(get_job_request, &request);
    request.id = (char *)id;
    const API(GetJobResponse) *response = RPC(get_job)(fixture->channel, NULL, &request, fresh(fixture));
    if (!response)
        fail_msg("%s", TEXT(fixture));
    return response->job;
}

/* The split and the metrics are those of scikit-learn's Ridge(alpha=1) on the same features: reference.py prints them.
 */
static void trains_ridge_on_the_sp500_in_time_order(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *id = submit(&fixture, sp500_training(), "");
    assert_non_null(id);
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), STATE(SUCCEEDED));
    const API(JobResult) *result = get_job(&fixture, id)->result;
    assert_int_equal(result->split->train_rows, REFERENCE_TRAIN_ROWS);
    assert_int_equal(result->split->test_rows, REFERENCE_TEST_ROWS);
    assert_string_equal(result->split->train_begin, "1999-01-11");
    assert_string_equal(result->split->test_end, "2018-12-28");
    assert_true(strcmp(result->split->train_end, result->split->test_begin) < 0);
    assert_true(fabs(metric(result->test_metrics, result->n_test_metrics, "rmse") - REFERENCE_TEST_RMSE) < 1e-12);
    assert_true(fabs(metric(result->train_metrics, result->n_train_metrics, "rmse") - REFERENCE_TRAIN_RMSE) < 1e-12);
    assert_true(fabs(metric(result->baseline_metrics, result->n_baseline_metrics, "mean.rmse") -
                     REFERENCE_BASELINE_RMSE) < 1e-12);
    free(id);
    fixture_close(&fixture);
}

static void the_same_seed_gives_the_same_artifact(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *ids[2], artifacts[2][80];
    for (int i = 0; i < 2; i++) {
        ids[i] = submit(&fixture, sp500_training(), "");
        assert_int_equal(watch(&fixture, ids[i], 0, NULL, NULL), STATE(SUCCEEDED));
        snprintf(artifacts[i], sizeof artifacts[i], "%s", get_job(&fixture, ids[i])->result->artifact);
        free(ids[i]);
    }
    assert_string_equal(artifacts[0], artifacts[1]);
    API(GetArtifactRequest) request;
    INIT(get_artifact_request, &request);
    request.artifact = "sp500-ridge@2";
    const API(GetArtifactResponse) *response = RPC(get_artifact)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_string_equal(response->artifact->lineage->dataset, "sp500@1");
    assert_int_equal(response->artifact->n_features, 5);
    fixture_close(&fixture);
}

static API(DataReference) sp500(void)
{
    API(DataReference) data;
    INIT(data_reference, &data);
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    data.dataset = "sp500";
    return data;
}

static void predicts_with_the_artifact_unary_and_as_a_stream(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *id = submit(&fixture, sp500_training(), "");
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), STATE(SUCCEEDED));
    free(id);
    API(DataReference) data = sp500();
    API(PredictRequest) request;
    INIT(predict_request, &request);
    request.artifact = "sp500-ridge";
    request.data = &data;
    const API(PredictResponse) *response = RPC(predict)(fixture.channel, NULL, &request, fresh(&fixture));
    if (!response)
        fail_msg("%s", TEXT(&fixture));
    /* One prediction a row with five returns behind it, the last day included. */
    assert_int_equal(response->table->n_columns, 3);
    assert_int_equal(response->table->columns[0]->integers->n_values, 5031 - 5);
    assert_int_equal(response->table->columns[0]->integers->values[5025], 5030);
    assert_string_equal(response->table->columns[1]->name, "date");
    double newest = response->table->columns[2]->doubles->values[5025];

    struct mrpc_client_call *call;
    assert_int_equal(RPC(predict_stream__start)(fixture.channel, NULL, NULL, NULL, &call), 0);
    for (uint64_t tag = 0; tag < 3; tag++) {
        API(PredictStreamRequest) message;
        INIT(predict_stream_request, &message);
        message.tag = tag;
        message.artifact = tag == 0 ? "sp500-ridge" : tag == 1 ? "" : "nobody";
        message.data = &data;
        message.last_row_only = true;
        assert_int_equal(RPC(predict_stream__send)(call, &message), 0);
    }
    mrpc_client_call_half_close(call);
    for (uint64_t tag = 0; tag < 3; tag++) {
        const API(PredictStreamResponse) *answer = RPC(predict_stream__recv)(call);
        assert_non_null(answer);
        assert_int_equal(answer->tag, tag);
        if (tag == 2) {
            assert_int_equal(answer->outcome_case, MLTRAINER__EXECUTION__V1__PREDICT_STREAM_RESPONSE__OUTCOME_ERROR);
            assert_int_equal(answer->error->code, MRPC_NOT_FOUND);
            continue;
        }
        assert_int_equal(answer->response->table->columns[0]->integers->n_values, 1);
        assert_true(answer->response->table->columns[2]->doubles->values[0] == newest);
    }
    assert_int_equal(mrpc_client_call_finish(call, fresh(&fixture)), 0);
    mrpc_client_call_free(call);
    fixture_close(&fixture);
}

static void computes_an_indicator_of_a_dataset(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    API(DataReference) data = sp500();
    API(ComputeRequest) request;
    INIT(compute_request, &request);
    request.model = "rsi";
    request.data = &data;
    const API(ComputeResponse) *response = RPC(compute)(fixture.channel, NULL, &request, fresh(&fixture));
    if (!response)
        fail_msg("%s", TEXT(&fixture));
    const API(DoubleValues) *rsi = response->table->columns[0]->doubles;
    assert_int_equal(rsi->n_values, 5031);
    for (size_t i = 100; i < rsi->n_values; i++)
        assert_true(rsi->values[i] > 0 && rsi->values[i] < 100);
    API(ComputeRequest__ParametersEntry) entry;
    API(ComputeRequest__ParametersEntry) * entries[] = {&entry};
    API(ParameterValue) value;
    mltrainer__execution__v1__compute_request__parameters_entry__init(&entry);
    INIT(parameter_value, &value);
    value.kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT;
    value.text = "clothes";
    entry.key = "column";
    entry.value = &value;
    request.n_parameters = 1;
    request.parameters = entries;
    assert_null(RPC(compute)(fixture.channel, NULL, &request, fresh(&fixture)));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    assert_string_equal(TEXT(&fixture), "data: the data has no column \"clothes\"");
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_ridge_on_the_sp500_in_time_order),
        cmocka_unit_test(the_same_seed_gives_the_same_artifact),
        cmocka_unit_test(predicts_with_the_artifact_unary_and_as_a_stream),
        cmocka_unit_test(computes_an_indicator_of_a_dataset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

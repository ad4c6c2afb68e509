/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* Runs: written with the end of their job, never changed, there after a crash. */

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

/* Ridge with @alpha on sp500. Returns the job's id, to be freed. */
static char *train(struct fixture *fixture, double alpha, const char *team)
{
    static API(TrainSpec__ParametersEntry) entry, *entries[] = {&entry};
    static API(ParameterValue) value;
    static API(JobSpec__LabelsEntry) label, *labels[] = {&label};
    API(JobSpec) *spec = sp500_training();
    INIT(train_spec__parameters_entry, &entry);
    INIT(parameter_value, &value);
    INIT(job_spec__labels_entry, &label);
    value.kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER;
    value.number = alpha;
    entry.key = "alpha";
    entry.value = &value;
    spec->train->n_parameters = 1;
    spec->train->parameters = entries;
    label.key = "team";
    label.value = (char *)team;
    spec->n_labels = 1;
    spec->labels = labels;
    char *id = submit(fixture, spec, "");
    if (!id)
        fail_msg("%s", TEXT(fixture));
    assert_int_equal(watch(fixture, id, 0, NULL, NULL), STATE(SUCCEEDED));
    return id;
}

static const API(Run) * get_run(struct fixture *fixture, const char *id)
{
    API(GetRunRequest) request;
    INIT(get_run_request, &request);
    request.id = (char *)id;
    const API(GetRunResponse) *response = RPC(get_run)(fixture->channel, NULL, &request, fresh(fixture));
    return response ? response->run : NULL;
}

/* Ids of a list, page by page, each with a blank behind it. */
static void list(struct fixture *fixture, API(ListRunsRequest) request, char *out)
{
    char token[200] = "";
    *out = 0;
    do {
        request.page_token = token;
        const API(ListRunsResponse) *response = RPC(list_runs)(fixture->channel, NULL, &request, fresh(fixture));
        if (!response)
            fail_msg("%s", TEXT(fixture));
        for (size_t i = 0; i < response->n_runs; i++)
            sprintf(out + strlen(out), "%s ", response->runs[i]->id);
        snprintf(token, sizeof token, "%s", response->next_page_token);
    } while (*token);
}

static void a_run_tells_what_was_done_and_survives_a_crash(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *id = train(&fixture, 2.5, "red");
    fixture_crash(&fixture);
    const API(Run) *run = get_run(&fixture, id);
    assert_non_null(run);
    assert_string_equal(run->model, "ridge");
    assert_string_equal(run->dataset, "sp500@1");
    assert_int_equal(strlen(run->dataset_sha256), 64);
    assert_string_equal(run->engine_version, MRPC_VERSION);
    assert_true(*run->plugin_version && *run->libraries);
    assert_string_equal(run->labels[0]->value, "red");
    bool alpha = false;
    for (size_t i = 0; i < run->n_parameters; i++)
        alpha |= strcmp(run->parameters[i]->key, "alpha") == 0 && run->parameters[i]->value->number == 2.5;
    assert_true(alpha && run->n_parameters > 1); /* defaults are there as well */
    assert_true(run->result->n_test_metrics > 0 && run->result->n_baseline_metrics > 0);
    assert_int_equal(strncmp(run->result->artifact, "sha256:", 7), 0);
    assert_null(get_run(&fixture, "j999999999999"));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    free(id);
    fixture_close(&fixture);
}

static void runs_are_listed_in_order_and_by_what_they_are(void **state)
{
    struct fixture fixture;
    char *ids[4], order[200], expected[200];
    API(ListRunsRequest) request;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    for (int i = 0; i < 4; i++)
        ids[i] = train(&fixture, i == 0 ? 1e-6 : i == 1 ? 1e6 : i == 2 ? 1 : 1e3, i % 2 ? "blue" : "red");
    for (int size = 1; size <= 5; size++) {
        INIT(list_runs_request, &request);
        request.page_size = size;
        snprintf(expected, sizeof expected, "%s %s %s %s ", ids[3], ids[2], ids[1], ids[0]);
        list(&fixture, request, order);
        assert_string_equal(order, expected);
    }
    /* By a metric, in both directions: one is the other turned round, and it is the metric's order. */
    INIT(list_runs_request, &request);
    request.page_size = 2;
    request.order_by = "rmse";
    list(&fixture, request, order);
    double last = 0;
    for (char *at = order; *at; at += 14) {
        char id[14];
        snprintf(id, sizeof id, "%.13s", at);
        const API(Run) *run = get_run(&fixture, id);
        for (size_t i = 0; i < run->result->n_test_metrics; i++)
            if (strcmp(run->result->test_metrics[i]->name, "rmse") == 0) {
                assert_true(run->result->test_metrics[i]->value >= last);
                last = run->result->test_metrics[i]->value;
            }
    }
    assert_true(last > 0);
    API(ListRunsRequest__LabelsEntry) label, *labels[] = {&label};
    INIT(list_runs_request, &request);
    INIT(list_runs_request__labels_entry, &label);
    label.key = "team";
    label.value = "blue";
    request.n_labels = 1;
    request.labels = labels;
    request.dataset = "sp500";
    request.model = "ridge";
    snprintf(expected, sizeof expected, "%s %s ", ids[3], ids[1]);
    list(&fixture, request, order);
    assert_string_equal(order, expected);
    request.dataset = "sp50";
    list(&fixture, request, order);
    assert_string_equal(order, "");
    request.page_token = "nonsense";
    RPC(list_runs)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    for (int i = 0; i < 4; i++)
        free(ids[i]);
    fixture_close(&fixture);
}

static const API(RunDifference) * difference(const API(CompareRunsResponse) * response, const char *name)
{
    for (size_t i = 0; i < response->n_differences; i++)
        if (strcmp(response->differences[i]->name, name) == 0)
            return response->differences[i];
    fail_msg("nothing is said of %s", name);
    return NULL;
}

static void runs_are_compared_thing_by_thing(void **state)
{
    struct fixture fixture;
    API(CompareRunsRequest) request;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *ids[] = {train(&fixture, 1, "red"), train(&fixture, 2, "red")};
    INIT(compare_runs_request, &request);
    request.n_ids = 2;
    request.ids = ids;
    const API(CompareRunsResponse) *response = RPC(compare_runs)(fixture.channel, NULL, &request, fresh(&fixture));
    if (!response)
        fail_msg("%s", TEXT(&fixture));
    assert_int_equal(response->n_runs, 2);
    const API(RunDifference) *alpha = difference(response, "parameter.alpha"),
                             *rmse = difference(response, "test.rmse"), *team = difference(response, "label.team"),
                             *data = difference(response, "dataset");
    assert_true(alpha->differs && rmse->differs && !team->differs && !data->differs);
    assert_string_equal(alpha->values[0], "1");
    assert_string_equal(alpha->values[1], "2");
    for (size_t i = 1; i < response->n_differences; i++)
        assert_true(strcmp(response->differences[i - 1]->name, response->differences[i]->name) < 0);
    request.n_ids = 1;
    RPC(compare_runs)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    free(ids[0]);
    free(ids[1]);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_tells_what_was_done_and_survives_a_crash),
        cmocka_unit_test(runs_are_listed_in_order_and_by_what_they_are),
        cmocka_unit_test(runs_are_compared_thing_by_thing),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

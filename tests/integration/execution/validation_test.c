/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_training.h"

/* Validation by several folds, and preprocessing that learns from the training part alone: the figures are those of
 * scikit-learn's cross_validate() over a pipeline of scaler and ridge (tests/golden/validation/make.py). */

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

static double metric(API(Metric) * *metrics, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(metrics[i]->name, name) == 0)
            return metrics[i]->value;
    fail_msg("there is no metric %s", name);
    return NAN;
}

static void is_near(double value, double wanted)
{
    if (!(fabs(value - wanted) < 1e-9))
        fail_msg("%.17g is not %.17g", value, wanted);
}

static const API(JobResult) * result_of(struct fixture *fixture, const char *id)
{
    API(GetJobRequest) request;
    INIT(get_job_request, &request);
    request.id = (char *)id;
    const API(GetJobResponse) *response = RPC(get_job)(fixture->channel, NULL, &request, fresh(fixture));
    if (!response)
        fail_msg("%s", TEXT(fixture));
    return response->job->result;
}

static char *train(struct fixture *fixture, struct golden_training *work)
{
    char why[256] = "";
    char *id = submit(fixture, &work->spec, "");
    if (!id)
        fail_msg("%s", TEXT(fixture));
    if (watch(fixture, id, 0, why, NULL) != STATE(SUCCEEDED))
        fail_msg("%s", why);
    return id;
}

static void check_against(struct fixture *fixture, const char *id, const char *name, size_t folds)
{
    char figure_name[64];
    size_t count;
    const API(JobResult) *result = result_of(fixture, id);
#define NAMED(suffix) (snprintf(figure_name, sizeof figure_name, "table.%s.%s", name, suffix), figure_name)
    const double *each = figures(NAMED("rmse"), &count);
    assert_int_equal(count, folds);
    assert_int_equal(result->n_folds, folds);
    for (size_t i = 0; i < folds; i++) {
        is_near(metric(result->folds[i]->test_metrics, result->folds[i]->n_test_metrics, "rmse"), each[i]);
        assert_true(metric(result->folds[i]->baseline_metrics, result->folds[i]->n_baseline_metrics, "mean.rmse") > 0);
        assert_int_equal(result->folds[i]->split->test_rows, name[0] == 'k' ? 10 : 8);
    }
    is_near(metric(result->test_metrics, result->n_test_metrics, "rmse"), figure(NAMED("rmse.mean")));
    is_near(metric(result->test_metrics, result->n_test_metrics, "rmse.deviation"), figure(NAMED("rmse.deviation")));
    is_near(metric(result->test_metrics, result->n_test_metrics, "r2"), figure(NAMED("r2.mean")));
#undef NAMED
}

/* How many events say that a fold's "test.rmse" is known, and what step the last of them has. */
static size_t fold_events(struct fixture *fixture, const char *id, int64_t *last_step)
{
    struct mrpc_client_call *call;
    API(WatchJobRequest) request;
    const API(WatchJobResponse) * response;
    double progress = 0;
    size_t count = 0;
    INIT(watch_job_request, &request);
    request.id = (char *)id;
    assert_int_equal(RPC(watch_job__start)(fixture->channel, NULL, &request, NULL, NULL, &call), 0);
    while ((response = RPC(watch_job__recv)(call))) {
        const API(JobEvent) *event = response->event;
        if (event->event_case == MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_PROGRESS) {
            assert_true(event->progress->fraction >= progress);
            progress = event->progress->fraction;
        }
        if (event->event_case == MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_METRIC &&
            strcmp(event->metric->name, "test.rmse") == 0) {
            count++;
            *last_step = event->metric->step;
        }
    }
    assert_int_equal(mrpc_client_call_finish(call, fresh(fixture)), 0);
    mrpc_client_call_free(call);
    return count;
}

static void folds_agree_with_scikit_learn(void **state)
{
    static struct golden_training work;
    struct fixture fixture;
    int64_t step = -1;
    fixture_open(&fixture, NULL);
    golden_training_k_fold(&work);
    char *id = train(&fixture, &work);
    check_against(&fixture, id, "k_fold", 5);
    assert_int_equal(fold_events(&fixture, id, &step), 5);
    assert_int_equal(step, 4);
    free(id);
    golden_training_walk_forward(&work);
    id = train(&fixture, &work);
    check_against(&fixture, id, "walk", 3);
    free(id);
    fixture_close(&fixture);
}

/* What the artifact predicts, for the table's own rows. */
static void predict(struct fixture *fixture, struct golden_training *work, const char *artifact, double *out)
{
    API(PredictRequest) request;
    INIT(predict_request, &request);
    request.artifact = (char *)artifact;
    request.data = &work->data;
    const API(PredictResponse) *response = RPC(predict)(fixture->channel, NULL, &request, fresh(fixture));
    if (!response)
        fail_msg("%s", TEXT(fixture));
    for (size_t i = 0; i < response->table->n_columns; i++)
        if (strcmp(response->table->columns[i]->name, "prediction") == 0)
            memcpy(out, response->table->columns[i]->doubles->values, work->values[0].n_values * sizeof *out);
}

/* The artifact after k-fold is that of all rows, and its scale comes with it: a copy of the column x1 in another unit
 * gives the same predictions from a scale of its own, and equal work gives an equal artifact. */
static void the_artifact_keeps_its_scale(void **state)
{
    static struct golden_training work;
    static double metres[64], first[64], second[64];
    struct fixture fixture;
    char artifact[80];
    fixture_open(&fixture, NULL);
    golden_training_k_fold(&work);
    char *id = train(&fixture, &work);
    snprintf(artifact, sizeof artifact, "%s", result_of(&fixture, id)->artifact);
    free(id);
    predict(&fixture, &work, artifact, first);
    id = train(&fixture, &work);
    assert_string_equal(result_of(&fixture, id)->artifact, artifact);
    free(id);
    size_t rows = work.values[1].n_values;
    for (size_t i = 0; i < rows; i++)
        metres[i] = 1000 * work.values[1].values[i];
    work.values[1].values = metres;
    id = train(&fixture, &work);
    snprintf(artifact, sizeof artifact, "%s", result_of(&fixture, id)->artifact);
    free(id);
    predict(&fixture, &work, artifact, second);
    for (size_t i = 0; i < rows; i++)
        is_near(second[i], first[i]);
    fixture_close(&fixture);
}

static void is_refused(struct fixture *fixture, struct golden_training *work, const char *field)
{
    char *id = submit(fixture, &work->spec, "");
    assert_null(id);
    assert_int_equal(CODE(fixture), MRPC_INVALID_ARGUMENT);
    if (!strstr(TEXT(fixture), field))
        fail_msg("\"%s\" does not name %s", TEXT(fixture), field);
}

static void validations_that_make_no_sense_are_refused(void **state)
{
    static struct golden_training work;
    struct fixture fixture;
    char why[256] = "";
    fixture_open(&fixture, NULL);
    golden_training_k_fold(&work);
    work.k_fold.folds = 1;
    is_refused(&fixture, &work, "k_fold.folds");
    golden_training_k_fold(&work);
    work.k_fold.shuffle = true;
    work.train.time_column = "x0";
    is_refused(&fixture, &work, "k_fold.shuffle");
    golden_training_walk_forward(&work);
    work.walk_forward.test_rows = 0;
    is_refused(&fixture, &work, "walk_forward.test_rows");
    golden_training_walk_forward(&work);
    work.walk_forward.embargo_rows = 100001;
    is_refused(&fixture, &work, "walk_forward.embargo_rows");
    golden_training_k_fold(&work);
    work.preprocessing.scaling = 9;
    is_refused(&fixture, &work, "preprocessing.scaling");
    /* How many rows there are is known when they are read. */
    golden_training_walk_forward(&work);
    work.walk_forward.train_rows = 1000;
    char *id = submit(&fixture, &work.spec, "");
    assert_int_equal(watch(&fixture, id, 0, why, NULL), STATE(FAILED));
    assert_non_null(strstr(why, "too few"));
    free(id);
    fixture_close(&fixture);
}

static int open_figures(void **state)
{
    figures_open(FIGURES);
    return 0;
}

static int close_figures(void **state)
{
    figures_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_agree_with_scikit_learn),
        cmocka_unit_test(the_artifact_keeps_its_scale),
        cmocka_unit_test(validations_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests_name("validation", tests, open_figures, close_figures);
}

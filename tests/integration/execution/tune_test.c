/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_training.h"

/* Tuning: trials that are trainings without an artifact, and one training with the best of them. */

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

/* ridge's alpha between 1e-4 and 1e4, by five folds. */
struct search {
    struct golden_training base;
    API(JobSpec) spec;
    API(TuneSpec) tune;
    API(SearchDimension) dimension, *dimensions[1];
};

static void fill(struct search *search, const char *searcher, uint32_t trials, uint32_t parallel)
{
    golden_training_k_fold(&search->base);
    search->base.train.seed = 4;
    INIT(job_spec, &search->spec);
    INIT(tune_spec, &search->tune);
    INIT(search_dimension, &search->dimension);
    search->dimension.parameter = "alpha";
    search->dimension.minimum = 1e-4;
    search->dimension.maximum = 1e4;
    search->dimension.scale = MLTRAINER__EXECUTION__V1__SCALE__SCALE_LOG;
    search->dimensions[0] = &search->dimension;
    search->tune.train = &search->base.train;
    search->tune.searcher = (char *)searcher;
    search->tune.n_dimensions = 1;
    search->tune.dimensions = search->dimensions;
    search->tune.trials = trials;
    search->tune.parallel = parallel;
    search->tune.objective = "rmse";
    search->spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE;
    search->spec.tune = &search->tune;
}

static const API(Job) * job_of(struct fixture *fixture, const char *id)
{
    API(GetJobRequest) request;
    INIT(get_job_request, &request);
    request.id = (char *)id;
    const API(GetJobResponse) *response = RPC(get_job)(fixture->channel, NULL, &request, fresh(fixture));
    if (!response)
        fail_msg("%s", TEXT(fixture));
    return response->job;
}

static char *run(struct fixture *fixture, struct search *search)
{
    char why[256] = "";
    char *id = submit(fixture, &search->spec, "");
    if (!id)
        fail_msg("%s", TEXT(fixture));
    if (watch(fixture, id, 0, why, NULL) != STATE(SUCCEEDED))
        fail_msg("%s", why);
    return id;
}

static double rmse_of(const API(JobResult) * result)
{
    for (size_t i = 0; i < result->n_test_metrics; i++)
        if (strcmp(result->test_metrics[i]->name, "rmse") == 0)
            return result->test_metrics[i]->value;
    fail_msg("there is no rmse");
    return NAN;
}

static size_t artifact_count(struct fixture *fixture)
{
    API(ListArtifactsRequest) request;
    INIT(list_artifacts_request, &request);
    const API(ListArtifactsResponse) *response = RPC(list_artifacts)(fixture->channel, NULL, &request, fresh(fixture));
    assert_non_null(response);
    return response->n_artifacts;
}

/* The best trial is what the job brings: its figures, its parameter, and one artifact, whatever the number of trials
 * and of those at once. */
static void the_best_trial_is_trained_and_kept(void **state)
{
    static struct search search;
    struct fixture fixture;
    double objectives[2][12], alpha = 0;
    fixture_open(&fixture, NULL);
    for (int pass = 0; pass < 2; pass++) {
        fill(&search, "random_search", 12, pass ? 3 : 1);
        char *id = run(&fixture, &search);
        const API(JobResult) *result = job_of(&fixture, id)->result;
        assert_int_equal(result->tune->succeeded, 12);
        assert_int_equal(result->n_trials, 12);
        for (size_t i = 0; i < 12; i++) {
            objectives[pass][i] = result->trials[i]->objective;
            assert_true(i == 0 || objectives[pass][i] >= objectives[pass][i - 1]);
        }
        assert_true(objectives[pass][0] < objectives[pass][11]);
        assert_true(rmse_of(result) == objectives[pass][0]);
        assert_int_equal(result->trials[0]->n_parameters, 1);
        alpha = result->trials[0]->parameters[0]->value->number;
        assert_true(alpha >= 1e-4 && alpha <= 1e4);
        assert_int_equal(strncmp(result->artifact, "sha256:", 7), 0);
        assert_true(job_of(&fixture, id)->progress == 1);
        free(id);
    }
    assert_memory_equal(objectives[0], objectives[1], sizeof objectives[0]);
    assert_int_equal(artifact_count(&fixture), 2); /* two versions: one a job */
    /* The same parameter by hand brings the same figure. */
    golden_training_k_fold(&search.base);
    search.base.train.seed = 4;
    search.base.alpha.number = alpha;
    char *id = submit(&fixture, &search.base.spec, "");
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), STATE(SUCCEEDED));
    assert_true(rmse_of(job_of(&fixture, id)->result) == objectives[0][0]);
    free(id);
    fixture_close(&fixture);
}

static void hopeless_trials_are_given_up(void **state)
{
    static struct search search;
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    fill(&search, "tpe", 25, 1);
    search.tune.prune = true;
    char *id = run(&fixture, &search);
    const API(JobResult) *result = job_of(&fixture, id)->result;
    assert_true(result->tune->pruned > 0 && result->tune->succeeded > 0);
    assert_int_equal(result->tune->pruned + result->tune->succeeded, 25);
    free(id);
    fixture_close(&fixture);
}

static void a_tuning_is_cancelled_with_its_trials(void **state)
{
    static struct search search;
    struct fixture fixture;
    API(CancelJobRequest) cancel;
    fixture_open(&fixture, NULL);
    fill(&search, "", 10000, 4);
    char *id = submit(&fixture, &search.spec, "");
    assert_non_null(id);
    INIT(cancel_job_request, &cancel);
    cancel.id = id;
    while (job_of(&fixture, id)->progress == 0) /* until trials have come back */
        continue;
    assert_non_null(RPC(cancel_job)(fixture.channel, NULL, &cancel, fresh(&fixture)));
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), STATE(CANCELLED));
    free(id);
    /* The workers are free again. */
    fill(&search, "", 1, 1);
    free(run(&fixture, &search));
    fixture_close(&fixture);
}

static void a_budget_ends_the_search_and_keeps_the_best(void **state)
{
    static struct search search;
    struct fixture fixture;
    Google__Protobuf__Duration budget = GOOGLE__PROTOBUF__DURATION__INIT;
    budget.nanos = 300000000;
    fixture_open(&fixture, NULL);
    fill(&search, "", 10000, 2);
    search.tune.budget = &budget;
    char *id = run(&fixture, &search);
    const API(JobResult) *result = job_of(&fixture, id)->result;
    assert_true(result->tune->succeeded > 0 && result->tune->succeeded < 10000);
    free(id);
    fixture_close(&fixture);
}

static void is_refused(struct fixture *fixture, struct search *search, const char *field)
{
    char *id = submit(fixture, &search->spec, "");
    assert_null(id);
    assert_int_equal(CODE(fixture), MRPC_INVALID_ARGUMENT);
    if (!strstr(TEXT(fixture), field))
        fail_msg("\"%s\" does not name %s", TEXT(fixture), field);
}

static void tunings_that_make_no_sense_are_refused(void **state)
{
    static struct search search;
    struct fixture fixture;
    char why[256] = "";
    fixture_open(&fixture, NULL);
    fill(&search, "oracle", 5, 1);
    is_refused(&fixture, &search, "searcher");
    fill(&search, "", 0, 1);
    is_refused(&fixture, &search, "trials");
    fill(&search, "", 5, 257);
    is_refused(&fixture, &search, "parallel");
    fill(&search, "", 5, 1);
    search.dimension.parameter = "beta";
    is_refused(&fixture, &search, "dimensions[0]");
    fill(&search, "", 5, 1);
    search.dimension.minimum = -1;
    is_refused(&fixture, &search, "dimensions[0]");
    fill(&search, "", 5, 1);
    search.tune.n_dimensions = 0;
    is_refused(&fixture, &search, "dimensions");
    fill(&search, "", 5, 1);
    search.tune.objective = "-";
    is_refused(&fixture, &search, "objective");
    fill(&search, "", 5, 1);
    search.base.validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_SKIP;
    search.base.validation.skip = true;
    is_refused(&fixture, &search, "validation");
    /* Which metrics there are is known when there are some. */
    fill(&search, "", 2, 1);
    search.tune.objective = "happiness";
    char *id = submit(&fixture, &search.spec, "");
    assert_int_equal(watch(&fixture, id, 0, why, NULL), STATE(FAILED));
    assert_non_null(strstr(why, "happiness"));
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
        cmocka_unit_test(the_best_trial_is_trained_and_kept),
        cmocka_unit_test(hopeless_trials_are_given_up),
        cmocka_unit_test(a_tuning_is_cancelled_with_its_trials),
        cmocka_unit_test(a_budget_ends_the_search_and_keeps_the_best),
        cmocka_unit_test(tunings_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests_name("tune", tests, open_figures, close_figures);
}

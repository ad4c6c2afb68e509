/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mltrainer/diagram/v1/diagram.mrpc.h>

#include "fixture.h"

/* Pipelines: submitted whole, run in the order of their dependencies, ended exactly once, also across kill -9. */

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name
#define PIPELINE(name) MLTRAINER__EXECUTION__V1__PIPELINE_STATE__PIPELINE_STATE_##name

enum { TASKS_MAX = 60 };

struct plan {
    API(PipelineSpec) spec;
    API(PipelineTask) tasks[TASKS_MAX], *list[TASKS_MAX];
    API(JobSpec) jobs[TASKS_MAX];
    API(ComputeSpec) computations[TASKS_MAX];
    char keys[TASKS_MAX][16];
    char *after[TASKS_MAX][3];
};

/* A task that does what @job says, after those with the keys of @after (NULL-terminated). */
static void add(struct plan *plan, const char *key, const API(JobSpec) * job, const char *first, const char *second)
{
    size_t at = plan->spec.n_tasks++;
    API(PipelineTask) *task = plan->list[at] = &plan->tasks[at];
    INIT(pipeline_task, task);
    snprintf(plan->keys[at], sizeof plan->keys[at], "%s", key);
    plan->jobs[at] = *job;
    /* the next one will be in the same memory */
    if (job->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE) {
        plan->computations[at] = *job->compute;
        plan->jobs[at].compute = &plan->computations[at];
    }
    plan->after[at][0] = (char *)first;
    plan->after[at][1] = (char *)second;
    task->key = plan->keys[at];
    task->spec = &plan->jobs[at];
    task->n_depends_on = second ? 2 : first ? 1 : 0;
    task->depends_on = plan->after[at];
    plan->spec.tasks = plan->list;
}

static struct plan *plan_new(void)
{
    struct plan *plan = calloc(1, sizeof *plan);
    INIT(pipeline_spec, &plan->spec);
    return plan;
}

static const API(Pipeline) * run(struct fixture *fixture, struct plan *plan, const char *request_id, bool *existed)
{
    API(SubmitPipelineRequest) request;
    INIT(submit_pipeline_request, &request);
    request.spec = &plan->spec;
    request.request_id = (char *)request_id;
    const API(SubmitPipelineResponse) *response =
        RPC(submit_pipeline)(fixture->channel, NULL, &request, fresh(fixture));
    if (existed && response)
        *existed = response->already_existed;
    return response ? response->pipeline : NULL;
}

static const API(Pipeline) * get(struct fixture *fixture, const char *id)
{
    API(GetPipelineRequest) request;
    INIT(get_pipeline_request, &request);
    request.id = (char *)id;
    const API(GetPipelineResponse) *response = RPC(get_pipeline)(fixture->channel, NULL, &request, fresh(fixture));
    return response ? response->pipeline : NULL;
}

/* Watch to the end; states of the tasks in the last message as letters, in the order of the specification. */
static API(PipelineState) follow(struct fixture *fixture, const char *id, char *letters)
{
    static const char names[] = "?WQRCrSFXTIK";
    API(WatchPipelineRequest) request;
    struct mrpc_client_call *call;
    API(PipelineState) state = 0;
    const API(WatchPipelineResponse) * message;
    INIT(watch_pipeline_request, &request);
    request.id = (char *)id;
    assert_int_equal(RPC(watch_pipeline__start)(fixture->channel, NULL, &request, NULL, NULL, &call), 0);
    while ((message = RPC(watch_pipeline__recv)(call))) {
        state = message->pipeline->state;
        for (size_t i = 0; i < message->pipeline->n_tasks; i++)
            letters[i] = names[message->pipeline->tasks[i]->state];
        letters[message->pipeline->n_tasks] = 0;
    }
    mrpc_client_call_finish(call, fresh(fixture));
    mrpc_client_call_free(call);
    assert_int_equal(CODE(fixture), 0);
    return state;
}

/* Who knows its id may look at it, however little time has passed. */
static void assert_drawn(struct fixture *fixture, const char *id)
{
    char view[48];
    Mltrainer__Diagram__V1__Drawing drawing;
    Mltrainer__Diagram__V1__RenderRequest request;
    mltrainer__diagram__v1__drawing__init(&drawing);
    mltrainer__diagram__v1__render_request__init(&request);
    snprintf(view, sizeof view, "pipeline:%s", id);
    drawing.source_case = MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_VIEW;
    drawing.view = view;
    drawing.format = MLTRAINER__DIAGRAM__V1__FORMAT__FORMAT_MERMAID;
    request.drawing = &drawing;
    if (!mltrainer__diagram__v1__diagram_service__render(fixture->channel, NULL, &request, fresh(fixture)))
        fail_msg("%s: %s", view, TEXT(fixture));
}

static void a_model_is_trained_and_used_in_one_pipeline(void **state)
{
    struct fixture fixture;
    char letters[TASKS_MAX + 1], id[32];
    struct plan *plan = plan_new();
    bool existed;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    /* The order of the list is not that of the dependencies. */
    add(plan, "use", prediction_of("${fit.artifact}"), "fit", NULL);
    add(plan, "fit", sp500_training(), NULL, NULL);
    const API(Pipeline) *pipeline = run(&fixture, plan, "daily", &existed);
    if (!pipeline)
        fail_msg("%s", TEXT(&fixture));
    assert_false(existed);
    assert_string_equal(pipeline->tasks[0]->key, "use");
    assert_true(*pipeline->tasks[0]->job && *pipeline->tasks[1]->job);
    snprintf(id, sizeof id, "%s", pipeline->id);
    assert_drawn(&fixture, id);
    assert_int_equal(follow(&fixture, id, letters), PIPELINE(SUCCEEDED));
    assert_string_equal(letters, "SS");
    /* The same request is the same pipeline; another one under its key is refused. */
    pipeline = run(&fixture, plan, "daily", &existed);
    assert_non_null(pipeline);
    assert_true(existed);
    assert_string_equal(pipeline->id, id);
    add(plan, "more", zoo_job("echoes"), NULL, NULL);
    assert_null(run(&fixture, plan, "daily", NULL));
    assert_int_equal(CODE(&fixture), MRPC_ALREADY_EXISTS);
    fixture_crash(&fixture);
    assert_int_equal(get(&fixture, id)->state, PIPELINE(SUCCEEDED));
    assert_non_null(get(&fixture, id)->end_time);
    free(plan);
    fixture_close(&fixture);
}

static void what_depends_on_a_failure_is_skipped_and_nothing_else(void **state)
{
    struct fixture fixture;
    char letters[TASKS_MAX + 1];
    struct plan *plan = plan_new();
    fixture_open(&fixture, NULL);
    add(plan, "good", zoo_job("echoes"), NULL, NULL);
    add(plan, "bad", zoo_job("aborts"), NULL, NULL);
    add(plan, "after-good", zoo_job("echoes"), "good", NULL);
    add(plan, "after-both", zoo_job("echoes"), "good", "bad");
    add(plan, "last", zoo_job("echoes"), "after-both", NULL);
    const API(Pipeline) *pipeline = run(&fixture, plan, "", NULL);
    if (!pipeline)
        fail_msg("%s", TEXT(&fixture));
    assert_int_equal(follow(&fixture, pipeline->id, letters), PIPELINE(FAILED));
    assert_string_equal(letters, "SFSKK");
    free(plan);
    fixture_close(&fixture);
}

static void a_cycle_is_told_with_its_path_and_nothing_is_submitted(void **state)
{
    struct fixture fixture;
    struct plan *plan = plan_new();
    fixture_open(&fixture, NULL);
    add(plan, "a", zoo_job("echoes"), "c", NULL);
    add(plan, "b", zoo_job("echoes"), "a", NULL);
    add(plan, "c", zoo_job("echoes"), "b", NULL);
    assert_null(run(&fixture, plan, "", NULL));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(TEXT(&fixture), "a cycle: a -> c -> b -> a"));
    plan->spec.n_tasks = 0;
    add(plan, "a", zoo_job("echoes"), "nobody", NULL);
    assert_null(run(&fixture, plan, "", NULL));
    assert_non_null(strstr(TEXT(&fixture), "tasks[0].depends_on[0]"));
    plan->spec.n_tasks = 0;
    add(plan, "a", zoo_job("echoes"), NULL, NULL);
    add(plan, "a", zoo_job("echoes"), NULL, NULL);
    assert_null(run(&fixture, plan, "", NULL));
    assert_non_null(strstr(TEXT(&fixture), "is there twice"));
    plan->spec.n_tasks = 0;
    add(plan, "a", zoo_job("no-such-model"), NULL, NULL);
    assert_null(run(&fixture, plan, "", NULL));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    plan->spec.n_tasks = 0;
    add(plan, "use", prediction_of("${fit.artifact}"), NULL, NULL);
    assert_null(run(&fixture, plan, "", NULL)); /* it does not depend on what it takes */
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    plan->spec.n_tasks = 0;
    assert_null(run(&fixture, plan, "", NULL));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    Google__Protobuf__Duration month;
    google__protobuf__duration__init(&month);
    month.seconds = 31 * 24 * 3600; /* more than its jobs may take */
    plan->spec.timeout = &month;
    add(plan, "a", zoo_job("echoes"), NULL, NULL);
    assert_null(run(&fixture, plan, "", NULL));
    assert_non_null(strstr(TEXT(&fixture), "spec.timeout: 2678400000 ms are not in 10 ms to 30 days"));
    API(ListJobsRequest) request;
    INIT(list_jobs_request, &request);
    const API(ListJobsResponse) *jobs = RPC(list_jobs)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(jobs->n_jobs, 0);
    free(plan);
    fixture_close(&fixture);
}

static void a_cancelled_pipeline_stops_every_job(void **state)
{
    struct fixture fixture;
    char letters[TASKS_MAX + 1], id[32];
    struct plan *plan = plan_new();
    API(CancelPipelineRequest) request;
    fixture_open(&fixture, NULL);
    add(plan, "runs", zoo_job("listens"), NULL, NULL);
    add(plan, "waits", zoo_job("echoes"), "runs", NULL);
    const API(Pipeline) *pipeline = run(&fixture, plan, "", NULL);
    assert_non_null(pipeline);
    snprintf(id, sizeof id, "%s", pipeline->id);
    INIT(cancel_pipeline_request, &request);
    request.id = id;
    const API(CancelPipelineResponse) *response =
        RPC(cancel_pipeline)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->pipeline->state, PIPELINE(CANCELLED));
    assert_int_equal(follow(&fixture, id, letters), PIPELINE(CANCELLED));
    assert_true(strcmp(letters, "XX") == 0 || strcmp(letters, "XK") == 0);
    fixture_crash(&fixture);
    assert_int_equal(get(&fixture, id)->state, PIPELINE(CANCELLED));
    assert_null(get(&fixture, "p000000000999"));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    free(plan);
    fixture_close(&fixture);
}

/* A chain with a fan in the middle, and the server killed again and again while it runs: in the end every task has one
 * job, and every job has ended with success. */
static void a_pipeline_goes_on_after_every_crash(void **state)
{
    struct fixture fixture;
    char letters[TASKS_MAX + 1], id[32], key[16], before[TASKS_MAX][16];
    struct plan *plan = plan_new();
    fixture_open(&fixture, NULL);
    add(plan, "t00", zoo_job("echoes"), NULL, NULL);
    snprintf(before[0], sizeof before[0], "t00");
    for (int i = 1; i < 40; i++) {
        snprintf(key, sizeof key, "t%02d", i);
        add(plan, key, zoo_job("echoes"), before[i / 2], i % 3 ? NULL : before[i - 1]);
        snprintf(before[i], sizeof before[i], "%s", key);
    }
    API(RetryPolicy) patient; /* an attempt that a crash ends counts */
    INIT(retry_policy, &patient);
    patient.max_attempts = 10;
    for (int i = 0; i < 40; i++)
        plan->jobs[i].retry = &patient;
    const API(Pipeline) *pipeline = run(&fixture, plan, "again", NULL);
    if (!pipeline)
        fail_msg("%s", TEXT(&fixture));
    snprintf(id, sizeof id, "%s", pipeline->id);
    for (int round = 0; round < 5; round++)
        fixture_crash(&fixture);
    assert_int_equal(follow(&fixture, id, letters), PIPELINE(SUCCEEDED));
    assert_int_equal(strspn(letters, "S"), 40);
    API(ListJobsRequest) request;
    INIT(list_jobs_request, &request);
    request.pipeline = id;
    request.page_size = 1000;
    const API(ListJobsResponse) *jobs = RPC(list_jobs)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(jobs->n_jobs, 40);
    for (size_t i = 0; i < jobs->n_jobs; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(jobs->jobs[i]->pipeline_key, jobs->jobs[j]->pipeline_key);
    free(plan);
    fixture_close(&fixture);
}

static void pipelines_are_listed_newest_first(void **state)
{
    struct fixture fixture;
    char letters[TASKS_MAX + 1], last[32] = "z", token[40] = "";
    struct plan *plan = plan_new();
    API(ListPipelinesRequest) request;
    size_t seen = 0;
    fixture_open(&fixture, NULL);
    add(plan, "a", zoo_job("echoes"), NULL, NULL);
    for (int i = 0; i < 5; i++)
        follow(&fixture, run(&fixture, plan, "", NULL)->id, letters);
    INIT(list_pipelines_request, &request);
    request.page_size = 2;
    request.state = PIPELINE(SUCCEEDED);
    do {
        request.page_token = token;
        const API(ListPipelinesResponse) *response =
            RPC(list_pipelines)(fixture.channel, NULL, &request, fresh(&fixture));
        assert_non_null(response);
        for (size_t i = 0; i < response->n_pipelines; i++, seen++) {
            assert_true(strcmp(response->pipelines[i]->id, last) < 0);
            snprintf(last, sizeof last, "%s", response->pipelines[i]->id);
        }
        snprintf(token, sizeof token, "%s", response->next_page_token);
    } while (*token);
    assert_int_equal(seen, 5);
    free(plan);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_trained_and_used_in_one_pipeline),
        cmocka_unit_test(what_depends_on_a_failure_is_skipped_and_nothing_else),
        cmocka_unit_test(a_cycle_is_told_with_its_path_and_nothing_is_submitted),
        cmocka_unit_test(a_cancelled_pipeline_stops_every_job),
        cmocka_unit_test(a_pipeline_goes_on_after_every_crash),
        cmocka_unit_test(pipelines_are_listed_newest_first),
    };
    return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}

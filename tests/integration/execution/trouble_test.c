/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fixture.h"

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void cancel(struct fixture *fixture, const char *id)
{
    API(CancelJobRequest) request;
    INIT(cancel_job_request, &request);
    request.id = (char *)id;
    request.reason = "enough";
    assert_non_null(RPC(cancel_job)(fixture->channel, NULL, &request, fresh(fixture)));
}

static API(JobState) state_of(struct fixture *fixture, const char *id)
{
    API(GetJobRequest) request;
    INIT(get_job_request, &request);
    request.id = (char *)id;
    const API(GetJobResponse) *response = RPC(get_job)(fixture->channel, NULL, &request, fresh(fixture));
    assert_non_null(response);
    return response->job->state;
}

static void wait_for_state(struct fixture *fixture, const char *id, API(JobState) state)
{
    static const struct timespec pause = {0, 2 * 1000000};
    for (int64_t until = now_ms() + 120000; state_of(fixture, id) != state; nanosleep(&pause, NULL))
        assert_true(now_ms() < until);
}

/* Rows of X01, X13: the worker dies, the job says how, everybody else goes on. (abort, not a bad pointer: sanitizers
 * turn the latter into an exit.) */
static void a_crash_fails_its_job_after_two_attempts_and_no_other(void **state)
{
    struct fixture fixture;
    char why[256] = "";
    fixture_open(&fixture, NULL);
    char *victim = submit(&fixture, zoo_job("aborts"), "");
    char *bystander = submit(&fixture, zoo_job("echoes"), "");
    assert_int_equal(watch(&fixture, bystander, 0, NULL, NULL), STATE(SUCCEEDED));
    assert_int_equal(watch(&fixture, victim, 0, why, NULL), STATE(FAILED));
    assert_true(strncmp(why, "13 SIGABRT ", 11) == 0);
    API(GetJobRequest) request;
    INIT(get_job_request, &request);
    request.id = victim;
    const API(GetJobResponse) *response = RPC(get_job)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(response->job->attempt, 2);
    const API(JobFailure) *failure = response->job->failure;
    assert_true(failure->dead_letter);
    assert_int_equal(failure->cause, MLTRAINER__EXECUTION__V1__FAILURE_CAUSE__FAILURE_CAUSE_CRASH);
    assert_true(failure->n_backtrace > 3);
    bool named = false;
    for (size_t i = 0; i < failure->n_backtrace; i++)
        named |= strstr(failure->backtrace[i], "/libmltrainer_zoo.so(") != NULL;
    assert_true(named);
    free(victim);
    free(bystander);
    fixture_close(&fixture);
}

static void cancel_stops_a_plugin_that_does_not_listen(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    char *id = submit(&fixture, zoo_job("loops"), "");
    wait_for_state(&fixture, id, STATE(RUNNING));
    int64_t began = now_ms();
    cancel(&fixture, id);
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), STATE(CANCELLED));
    assert_true(now_ms() - began < 120000);
    cancel(&fixture, id);
    assert_int_equal(state_of(&fixture, id), STATE(CANCELLED));
    free(id);
    fixture_close(&fixture);
}

static void a_deadline_ends_a_job_as_timed_out(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    Google__Protobuf__Duration timeout;
    google__protobuf__duration__init(&timeout);
    timeout.nanos = 300 * 1000000;
    API(JobSpec) *spec = zoo_job("loops");
    spec->timeout = &timeout;
    char *id = submit(&fixture, spec, "");
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), STATE(TIMED_OUT));
    free(id);
    fixture_close(&fixture);
}

/* X16: at once, later, and after a crash. */
static void one_request_id_is_one_job(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    char *first = submit(&fixture, zoo_job("echoes"), "key-1");
    char *again = submit(&fixture, zoo_job("echoes"), "key-1");
    assert_string_equal(first, again);
    assert_null(submit(&fixture, zoo_job("nothing"), "key-1"));
    assert_int_equal(CODE(&fixture), MRPC_ALREADY_EXISTS);
    assert_int_equal(watch(&fixture, first, 0, NULL, NULL), STATE(SUCCEEDED));
    fixture_crash(&fixture);
    char *later = submit(&fixture, zoo_job("echoes"), "key-1");
    assert_string_equal(first, later);
    free(first);
    free(again);
    free(later);
    fixture_close(&fixture);
}

/* X12: the queue is bounded and says when to come again. */
static void a_full_queue_refuses_at_once(void **state)
{
    struct fixture fixture;
    char *ids[16] = {NULL};
    size_t count = 0;
    fixture_open(&fixture, "--execution-queue=3");
    while (count < 16 && (ids[count] = submit(&fixture, zoo_job("listens"), "")))
        count++;
    assert_true(count >= 3 && count < 16);
    assert_int_equal(CODE(&fixture), MRPC_RESOURCE_EXHAUSTED);
    assert_non_null(fixture.reply.status.details);
    for (size_t i = 0; i < count; i++) {
        cancel(&fixture, ids[i]);
        assert_int_equal(watch(&fixture, ids[i], 0, NULL, NULL), STATE(CANCELLED));
        free(ids[i]);
    }
    fixture_close(&fixture);
}

/* X14, S01: a job in each state, the server killed; what was acknowledged is there, and ends. */
static void a_killed_server_loses_nothing_acknowledged(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *done = submit(&fixture, sp500_training(), "");
    uint64_t events;
    assert_int_equal(watch(&fixture, done, 0, NULL, &events), STATE(SUCCEEDED));
    char *running = submit(&fixture, zoo_job("listens"), "");
    API(JobSpec) *fragile = zoo_job("listens");
    API(RetryPolicy) policy;
    INIT(retry_policy, &policy);
    policy.interrupt_on_restart = true;
    fragile->retry = &policy;
    char *interrupted = submit(&fixture, fragile, "");
    wait_for_state(&fixture, running, STATE(RUNNING));
    wait_for_state(&fixture, interrupted, STATE(RUNNING));
    char *queued[8];
    for (int i = 0; i < 8; i++)
        assert_non_null(queued[i] = submit(&fixture, zoo_job("echoes"), ""));
    cancel(&fixture, queued[7]);
    fixture_crash(&fixture);

    uint64_t replayed;
    assert_int_equal(watch(&fixture, done, 0, NULL, &replayed), STATE(SUCCEEDED));
    assert_int_equal(events, replayed);
    assert_int_equal(watch(&fixture, interrupted, 0, NULL, NULL), STATE(INTERRUPTED));
    for (int i = 0; i < 7; i++)
        assert_int_equal(watch(&fixture, queued[i], 0, NULL, NULL), STATE(SUCCEEDED));
    assert_int_equal(state_of(&fixture, queued[7]), STATE(CANCELLED));
    wait_for_state(&fixture, running, STATE(RUNNING));
    cancel(&fixture, running);
    assert_int_equal(watch(&fixture, running, 0, NULL, NULL), STATE(CANCELLED));
    API(PredictRequest) predict;
    API(DataReference) data;
    INIT(predict_request, &predict);
    INIT(data_reference, &data);
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    data.dataset = "sp500@1";
    predict.artifact = "sp500-ridge@1";
    predict.data = &data;
    predict.last_row_only = true;
    if (!RPC(predict)(fixture.channel, NULL, &predict, fresh(&fixture)))
        fail_msg("%s", TEXT(&fixture));
    for (int i = 0; i < 8; i++)
        free(queued[i]);
    free(done);
    free(running);
    free(interrupted);
    fixture_close(&fixture);
}

static void a_watch_goes_on_where_the_client_was(void **state)
{
    struct fixture fixture;
    uint64_t last;
    fixture_open(&fixture, NULL);
    char *id = submit(&fixture, zoo_job("echoes"), "");
    assert_int_equal(watch(&fixture, id, 0, NULL, &last), STATE(SUCCEEDED));
    assert_true(last >= 3);
    assert_int_equal(watch(&fixture, id, last - 1, NULL, NULL), STATE(SUCCEEDED));
    assert_int_equal(watch(&fixture, id, last, NULL, NULL), STATE(UNSPECIFIED));
    free(id);
    fixture_close(&fixture);
}

static int watch_after(struct fixture *fixture, const char *id, uint64_t after)
{
    struct mrpc_client_call *call;
    API(WatchJobRequest) request;
    INIT(watch_job_request, &request);
    request.id = (char *)id;
    request.after_sequence = after;
    assert_int_equal(RPC(watch_job__start)(fixture->channel, NULL, &request, NULL, NULL, &call), 0);
    assert_null(RPC(watch_job__recv)(call));
    int code = mrpc_client_call_finish(call, fresh(fixture));
    mrpc_client_call_free(call);
    return code;
}

/* Of a job that runs, whose events are in memory, and of one that has ended. UINT64_MAX + 1 is 0. */
static void nobody_has_events_that_are_not_there(void **state)
{
    struct fixture fixture;
    uint64_t last;
    fixture_open(&fixture, NULL);
    char *runs = submit(&fixture, zoo_job("loops"), ""), *ended = submit(&fixture, zoo_job("echoes"), "");
    assert_int_equal(watch(&fixture, ended, 0, NULL, &last), STATE(SUCCEEDED));
    assert_int_equal(watch_after(&fixture, runs, UINT64_MAX), MRPC_OUT_OF_RANGE);
    assert_int_equal(watch_after(&fixture, runs, 1000), MRPC_OUT_OF_RANGE);
    assert_int_equal(watch_after(&fixture, ended, UINT64_MAX), MRPC_OUT_OF_RANGE);
    assert_int_equal(watch_after(&fixture, ended, last + 1), MRPC_OUT_OF_RANGE);
    assert_non_null(strstr(TEXT(&fixture), "after_sequence: "));
    free(runs);
    free(ended);
    fixture_close(&fixture);
}

static void bad_requests_name_what_is_wrong(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    API(JobSpec) *spec = sp500_training();
    spec->train->model = "rigde";
    assert_null(submit(&fixture, spec, ""));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    assert_string_equal(TEXT(&fixture), "spec.train.model: no model \"rigde\"; is \"ridge\" meant?");
    spec = sp500_training();
    spec->train->features->target_column = "date";
    assert_null(submit(&fixture, spec, ""));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    assert_string_equal(TEXT(&fixture), "spec.train.features.target_column: column \"date\" holds dates, not numbers");
    spec = sp500_training();
    spec->priority = 101;
    assert_null(submit(&fixture, spec, ""));
    assert_string_equal(TEXT(&fixture), "spec.priority: 101 is not in -100 to 100");
    spec = sp500_training();
    spec->train->data->dataset = "sp500@2";
    assert_null(submit(&fixture, spec, ""));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    assert_null(submit(&fixture, sp500_training(), "no spaces"));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    fixture_close(&fixture);
}

static API(PluginState) plugin_state(struct fixture *fixture, const char *family, char *why)
{
    API(ListPluginsRequest) request;
    INIT(list_plugins_request, &request);
    request.page_size = 1000;
    const API(ListPluginsResponse) *response = RPC(list_plugins)(fixture->channel, NULL, &request, fresh(fixture));
    assert_non_null(response);
    for (size_t i = 0; i < response->n_plugins; i++)
        if (strcmp(response->plugins[i]->family, family) == 0) {
            strncat(strcpy(why, ""), response->plugins[i]->state_reason, 255);
            return response->plugins[i]->state;
        }
    fail_msg("there is no plugin %s", family);
    return 0;
}

static void assert_doctor_says(const struct fixture *fixture, const char *text)
{
    char command[sizeof MLTCTL + sizeof fixture->address + 32], said[8192];
    snprintf(command, sizeof command, MLTCTL " --server %s doctor", fixture->address);
    FILE *doctor = popen(command, "r");
    assert_non_null(doctor);
    size_t size = fread(said, 1, sizeof said - 1, doctor);
    said[size] = '\0';
    assert_true(pclose(doctor) != -1);
    assert_non_null(strstr(said, text));
}

/* Three crashes; the fourth attempt finds the door closed, and so does everybody until the plugins are looked at
 * anew. */
static void a_plugin_that_crashes_again_and_again_is_kept_away(void **state)
{
    static const struct timespec pause = {0, 2 * 1000000};
    struct fixture fixture;
    char why[256] = "";
    fixture_open(&fixture, "--execution-quarantine=3");
    char *first = submit(&fixture, zoo_job("aborts"), "");
    assert_int_equal(watch(&fixture, first, 0, NULL, NULL), STATE(FAILED));
    assert_int_equal(plugin_state(&fixture, "zoo", why), MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_READY);
    char *second = submit(&fixture, zoo_job("aborts"), "");
    assert_int_equal(watch(&fixture, second, 0, why, NULL), STATE(FAILED));
    assert_int_equal(atoi(why), MRPC_FAILED_PRECONDITION);
    assert_int_equal(plugin_state(&fixture, "zoo", why),
                     MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_QUARANTINED);
    assert_non_null(strstr(why, "crashed 3 times in 60 s"));
    assert_doctor_says(&fixture, "zoo is quarantined: crashed 3 times in 60 s");
    assert_null(submit(&fixture, zoo_job("echoes"), ""));
    assert_int_equal(CODE(&fixture), MRPC_FAILED_PRECONDITION);
    assert_int_equal(plugin_state(&fixture, "linear", why), MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_READY);
    API(ReloadPluginsRequest) reload;
    INIT(reload_plugins_request, &reload);
    assert_non_null(RPC(reload_plugins)(fixture.channel, NULL, &reload, fresh(&fixture)));
    for (int64_t until = now_ms() + 60000;
         plugin_state(&fixture, "zoo", why) != MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_READY;
         nanosleep(&pause, NULL))
        assert_true(now_ms() < until);
    char *third = submit(&fixture, zoo_job("echoes"), "");
    assert_int_equal(watch(&fixture, third, 0, NULL, NULL), STATE(SUCCEEDED));
    free(first);
    free(second);
    free(third);
    fixture_close(&fixture);
}

/* A family whose file ends every process that loads it, with a model beside it. */
static void add_family_that_cannot_be_loaded(const struct fixture *fixture)
{
    char path[sizeof ZOO_FOLDER + 256];
    snprintf(path, sizeof path, "cp " ZOO_FOLDER "/constructor.so %s/plugins/libmltrainer_unborn.so", fixture->root);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "%s/models/unborn", fixture->root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/models/unborn/never.yaml", fixture->root);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("id: never\nfamily: unborn\nalgorithm: never\ntask: indicator\ndescription: Is told of.\nengine: none\n"
          "deterministic: true\ninputs: {target: none, features: any}\nparameters:\n"
          "  - {name: window, type: integer, default: 3, minimum: 1, maximum: 9, doc: Rows.}\n",
          file);
    fclose(file);
}

/* What the catalog says of a model comes from its configuration alone. */
static void models_are_listed_without_running_a_plugin(void **state)
{
    static const struct timespec pause = {0, 2 * 1000000};
    struct fixture fixture;
    char why[256] = "";
    fixture_open(&fixture, NULL);
    add_family_that_cannot_be_loaded(&fixture);
    API(ReloadPluginsRequest) reload;
    INIT(reload_plugins_request, &reload);
    assert_non_null(RPC(reload_plugins)(fixture.channel, NULL, &reload, fresh(&fixture)));
    for (int64_t until = now_ms() + 60000;
         plugin_state(&fixture, "unborn", why) != MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_REFUSED;
         nanosleep(&pause, NULL))
        assert_true(now_ms() < until);
    assert_non_null(strstr(why, "SIGABRT"));
    API(GetModelRequest) request;
    INIT(get_model_request, &request);
    request.id = (char *)"never";
    const API(GetModelResponse) *response = RPC(get_model)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_string_equal(response->model->description, "Is told of.");
    assert_int_equal(response->model->n_parameters, 1);
    assert_true(response->model->unavailable);
    assert_non_null(strstr(response->model->unavailable_reason, "SIGABRT"));
    assert_null(submit(&fixture, zoo_job("never"), ""));
    assert_int_equal(CODE(&fixture), MRPC_FAILED_PRECONDITION);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_fails_its_job_after_two_attempts_and_no_other),
        cmocka_unit_test(cancel_stops_a_plugin_that_does_not_listen),
        cmocka_unit_test(a_deadline_ends_a_job_as_timed_out),
        cmocka_unit_test(one_request_id_is_one_job),
        cmocka_unit_test(a_full_queue_refuses_at_once),
        cmocka_unit_test(a_killed_server_loses_nothing_acknowledged),
        cmocka_unit_test(a_watch_goes_on_where_the_client_was),
        cmocka_unit_test(nobody_has_events_that_are_not_there),
        cmocka_unit_test(bad_requests_name_what_is_wrong),
        cmocka_unit_test(a_plugin_that_crashes_again_and_again_is_kept_away),
        cmocka_unit_test(models_are_listed_without_running_a_plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

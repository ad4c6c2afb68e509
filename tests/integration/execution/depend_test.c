/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* Jobs that wait for others. */

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

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

static char *submit_after(struct fixture *fixture, API(JobSpec) * spec, char **after, size_t count)
{
    spec->n_depends_on = count;
    spec->depends_on = after;
    char *id = submit(fixture, spec, "");
    spec->n_depends_on = 0;
    return id;
}

static char *submitted(char *id, const struct fixture *fixture)
{
    if (!id)
        fail_msg("%s", TEXT(fixture));
    return id;
}

static void cancel(struct fixture *fixture, const char *id)
{
    API(CancelJobRequest) request;
    INIT(cancel_job_request, &request);
    request.id = (char *)id;
    assert_non_null(RPC(cancel_job)(fixture->channel, NULL, &request, fresh(fixture)));
}

static void a_job_waits_and_takes_what_the_other_brought(void **state)
{
    struct fixture fixture;
    char reference[60];
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *gate = submitted(submit(&fixture, zoo_job("listens"), ""), &fixture); /* runs until it is cancelled */
    char *training = submitted(submit(&fixture, sp500_training(), ""), &fixture);
    snprintf(reference, sizeof reference, "${%s.artifact}", training);
    char *prediction = submitted(submit_after(&fixture, prediction_of(reference), &training, 1), &fixture);
    assert_int_equal(watch(&fixture, prediction, 0, NULL, NULL), STATE(SUCCEEDED));
    assert_int_equal(get_job(&fixture, training)->state, STATE(SUCCEEDED));
    assert_true(get_job(&fixture, prediction)->result->row_count > 5000 ||
                get_job(&fixture, prediction)->result->table->n_columns == 3);
    /* Of what has succeeded already nobody waits. */
    char *late = submitted(submit_after(&fixture, prediction_of(reference), &training, 1), &fixture);
    assert_int_equal(watch(&fixture, late, 0, NULL, NULL), STATE(SUCCEEDED));
    char *blocked = submitted(submit_after(&fixture, zoo_job("echoes"), &gate, 1), &fixture);
    assert_int_equal(get_job(&fixture, blocked)->state, STATE(WAITING));
    cancel(&fixture, gate);
    assert_int_equal(watch(&fixture, blocked, 0, NULL, NULL), STATE(SKIPPED));
    free(gate), free(training), free(prediction), free(late), free(blocked);
    fixture_close(&fixture);
}

static void what_comes_after_a_failure_is_skipped_to_the_last(void **state)
{
    struct fixture fixture;
    char *ids[6], why[256];
    fixture_open(&fixture, NULL);
    char *good = submitted(submit(&fixture, zoo_job("echoes"), ""), &fixture);
    ids[0] = submitted(submit(&fixture, zoo_job("aborts"), ""), &fixture);
    for (int i = 1; i < 6; i++) {
        char *after[] = {ids[i - 1], good};
        ids[i] = submitted(submit_after(&fixture, zoo_job("echoes"), after, 2), &fixture);
    }
    assert_int_equal(watch(&fixture, ids[5], 0, why, NULL), STATE(SKIPPED));
    assert_int_equal(get_job(&fixture, ids[0])->state, STATE(FAILED));
    for (int i = 1; i < 6; i++)
        assert_int_equal(get_job(&fixture, ids[i])->state, STATE(SKIPPED));
    /* A job that is submitted afterwards fares no better. */
    char *late = submitted(submit_after(&fixture, zoo_job("echoes"), &ids[0], 1), &fixture);
    assert_int_equal(watch(&fixture, late, 0, NULL, NULL), STATE(SKIPPED));
    fixture_crash(&fixture);
    assert_int_equal(get_job(&fixture, ids[5])->state, STATE(SKIPPED));
    for (int i = 0; i < 6; i++)
        free(ids[i]);
    free(good), free(late);
    fixture_close(&fixture);
}

static void waiting_survives_a_crash(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    char *gate = submitted(submit(&fixture, zoo_job("listens"), ""), &fixture);
    char *middle = submitted(submit_after(&fixture, zoo_job("echoes"), &gate, 1), &fixture);
    char *end = submitted(submit_after(&fixture, zoo_job("echoes"), &middle, 1), &fixture);
    char *training = submitted(submit(&fixture, zoo_job("echoes"), ""), &fixture);
    char *both[] = {training, middle};
    char *joined = submitted(submit_after(&fixture, zoo_job("echoes"), both, 2), &fixture);
    assert_int_equal(watch(&fixture, training, 0, NULL, NULL), STATE(SUCCEEDED));
    fixture_crash(&fixture);
    assert_int_equal(get_job(&fixture, middle)->state, STATE(WAITING));
    assert_int_equal(get_job(&fixture, joined)->state, STATE(WAITING));
    cancel(&fixture, end); /* who waits for nobody's sake does not hold up the others */
    assert_int_equal(watch(&fixture, end, 0, NULL, NULL), STATE(CANCELLED));
    cancel(&fixture, gate);
    assert_int_equal(watch(&fixture, middle, 0, NULL, NULL), STATE(SKIPPED));
    assert_int_equal(watch(&fixture, joined, 0, NULL, NULL), STATE(SKIPPED));
    free(gate), free(middle), free(end), free(training), free(joined);
    fixture_close(&fixture);
}

/* Retention takes every job that has ended, but not one that somebody still waits behind. */
static void what_is_waited_for_outlives_retention(void **state)
{
    struct fixture fixture;
    API(ListJobsRequest) request;
    setenv("MLTRAINER_RETENTION_JOBS", "1", 1);
    setenv("MLTRAINER_RETENTION_INTERVAL", "100ms", 1);
    fixture_open(&fixture, NULL);
    char *done = submitted(submit(&fixture, zoo_job("echoes"), ""), &fixture);
    assert_int_equal(watch(&fixture, done, 0, NULL, NULL), STATE(SUCCEEDED));
    char *gate = submitted(submit(&fixture, zoo_job("listens"), ""), &fixture), *both[] = {done, gate};
    char *waits = submitted(submit_after(&fixture, zoo_job("echoes"), both, 2), &fixture);
    char *other = submitted(submit(&fixture, zoo_job("echoes"), ""), &fixture);
    assert_int_equal(watch(&fixture, other, 0, NULL, NULL), STATE(SUCCEEDED));
    char *last = submitted(submit(&fixture, zoo_job("echoes"), ""), &fixture);
    assert_int_equal(watch(&fixture, last, 0, NULL, NULL), STATE(SUCCEEDED));
    const API(ListJobsResponse) * list;
    INIT(list_jobs_request, &request);
    do { /* until retention has been there: of those that ended one is left beside the one that is waited for */
        list = RPC(list_jobs)(fixture.channel, NULL, &request, fresh(&fixture));
        assert_non_null(list);
    } while (list->n_jobs > 4);
    assert_int_equal(get_job(&fixture, done)->state, STATE(SUCCEEDED));
    unsetenv("MLTRAINER_RETENTION_JOBS");
    unsetenv("MLTRAINER_RETENTION_INTERVAL");
    fixture_crash(&fixture); /* and what ends now stays, so that it can be looked at */
    assert_int_equal(get_job(&fixture, waits)->state, STATE(WAITING));
    cancel(&fixture, gate);
    assert_int_equal(watch(&fixture, waits, 0, NULL, NULL), STATE(SKIPPED));
    free(done), free(gate), free(waits), free(other), free(last);
    fixture_close(&fixture);
}

static void a_deadline_counts_while_waiting(void **state)
{
    struct fixture fixture;
    Google__Protobuf__Duration soon = GOOGLE__PROTOBUF__DURATION__INIT;
    soon.nanos = 300000000;
    fixture_open(&fixture, NULL);
    char *gate = submitted(submit(&fixture, zoo_job("listens"), ""), &fixture);
    API(JobSpec) *spec = zoo_job("echoes");
    spec->timeout = &soon;
    char *late = submitted(submit_after(&fixture, spec, &gate, 1), &fixture);
    assert_int_equal(watch(&fixture, late, 0, NULL, NULL), STATE(TIMED_OUT));
    assert_int_equal(get_job(&fixture, gate)->state, STATE(RUNNING));
    cancel(&fixture, gate);
    free(gate), free(late);
    fixture_close(&fixture);
}

static void what_cannot_be_waited_for_is_refused_by_name(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    char *one = submitted(submit(&fixture, zoo_job("echoes"), ""), &fixture), *nobody = "j000000009999";
    char *twice[] = {one, one};
    assert_null(submit_after(&fixture, zoo_job("echoes"), &nobody, 1));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    assert_non_null(strstr(TEXT(&fixture), "depends_on[0]"));
    API(SubmitJobRequest) check; /* validation alone says the same */
    INIT(submit_job_request, &check);
    check.spec = zoo_job("echoes");
    check.spec->n_depends_on = 1;
    check.spec->depends_on = &nobody;
    check.validate_only = true;
    assert_null(RPC(submit_job)(fixture.channel, NULL, &check, fresh(&fixture)));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    assert_null(submit_after(&fixture, zoo_job("echoes"), twice, 2));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    assert_null(submit_after(&fixture, prediction_of("${j000000009999.artifact}"), &one, 1));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(TEXT(&fixture), "spec.predict.artifact"));
    assert_null(submit_after(&fixture, prediction_of("${artifact}"), &one, 1));
    assert_int_equal(CODE(&fixture), MRPC_INVALID_ARGUMENT);
    /* It waits, and then there is nothing for it to take. */
    char reference[60], why[256];
    snprintf(reference, sizeof reference, "${%s.artifact}", one);
    char *vain = submitted(submit_after(&fixture, prediction_of(reference), &one, 1), &fixture);
    assert_int_equal(watch(&fixture, vain, 0, why, NULL), STATE(FAILED));
    assert_non_null(strstr(get_job(&fixture, vain)->failure->message, "brought no artifact"));
    free(one), free(vain);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_waits_and_takes_what_the_other_brought),
        cmocka_unit_test(what_comes_after_a_failure_is_skipped_to_the_last),
        cmocka_unit_test(waiting_survives_a_crash),
        cmocka_unit_test(what_is_waited_for_outlives_retention),
        cmocka_unit_test(a_deadline_counts_while_waiting),
        cmocka_unit_test(what_cannot_be_waited_for_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("depend", tests, NULL, NULL);
}

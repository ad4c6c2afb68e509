/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include <mltrainer/mltrainer.h>

#include "server_process.h"
#include "test.h"

/* Upload, train, wait and predict through libmltrainer, on the S&P 500 series of tests/data. */

static struct server_process server;
static struct mlt_client *client;
static const char *const FEATURES[] = {"open", "high", "low"};

static int set_up(void **state)
{
    (void)state;
    server_process_begin(&server);
    return mlt_client_new(server.target, NULL, &client, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    mlt_client_free(client);
    server_process_end(&server);
    return 0;
}

static void upload(struct mlt_dataset *dataset)
{
    struct mlt_error error;
    if (mlt_dataset_upload(client, "sp500", DATA "/sp500.csv", dataset, &error) != 0)
        fail_msg("%s", error.message);
}

static struct mlt_training describe(void)
{
    static const struct mlt_parameter alpha = {.name = "alpha", .number = 0.5};
    return (struct mlt_training){.struct_bytes = sizeof(struct mlt_training),
                                 .model = "ridge",
                                 .dataset = "sp500",
                                 .target = "close",
                                 .features = FEATURES,
                                 .feature_count = 3,
                                 .time_column = "date",
                                 .test_fraction = 0.25,
                                 .parameters = &alpha,
                                 .parameter_count = 1,
                                 .artifact = "close"};
}

static void the_same_file_is_the_same_version(void **state)
{
    (void)state;
    struct mlt_dataset first = {.version = 0}, second = {.version = 0};
    struct mlt_error error;
    upload(&first);
    upload(&second);
    assert_string_equal(first.name, "sp500");
    assert_int_equal(first.row_count, 5031);
    assert_int_equal(strlen(first.sha256), 64);
    assert_int_equal(first.version, second.version);
    assert_string_equal(first.sha256, second.sha256);
    assert_int_equal(mlt_dataset_upload(client, "x", "/nonexistent.csv", NULL, &error), 5);
    assert_non_null(strstr(error.message, "/nonexistent.csv"));
    assert_int_equal(mlt_dataset_upload(client, "no good name", DATA "/sp500.csv", NULL, &error), 3);
}

struct seen {
    int calls;
    double last;
};

static void on_progress(void *arg, double fraction, const char *stage)
{
    struct seen *seen = arg;
    assert_true(fraction >= 0 && fraction <= 1);
    assert_non_null(stage);
    seen->calls++;
    seen->last = fraction;
}

static void a_model_is_trained_and_predicts(void **state)
{
    (void)state;
    const struct mlt_training training = describe();
    const double bar[] = {2498.94, 2509.24, 2482.82}; /* the last day of the series; its close was 2506.85 */
    char id[MLT_JOB_ID_BYTES];
    struct seen seen = {0};
    struct mlt_dataset dataset;
    struct mlt_job job;
    struct mlt_error error;
    double close = NAN;
    upload(&dataset);
    if (mlt_train(client, &training, id, &error) != 0 ||
        mlt_job_wait(client, id, on_progress, &seen, &job, &error) != 0)
        fail_msg("%s (%s)", error.message, error.field);
    assert_string_equal(job.id, id);
    assert_int_equal(strncmp(job.artifact, "sha256:", 7), 0);
    assert_true(seen.calls > 0);
    assert_true(job.metric_count > 0);
    for (size_t i = 0; i < job.metric_count; i++) {
        assert_true(isfinite(job.metrics[i].train));
        assert_true(isfinite(job.metrics[i].test));
        assert_true(isfinite(job.metrics[i].baseline));
    }
    for (int i = 0; i < 2; i++) {
        const char *artifact = i ? job.artifact : "close@1";
        if (mlt_predict(client, artifact, FEATURES, bar, 3, &close, &error) != 0)
            fail_msg("%s", error.message);
        assert_true(fabs(close - 2506.85) < 15);
    }
    assert_int_equal(mlt_job_wait(client, id, NULL, NULL, NULL, &error), 0); /* it has ended: at once, and again */
}

static void what_cannot_be_trained_or_predicted_says_why(void **state)
{
    (void)state;
    struct mlt_training training = describe();
    struct mlt_dataset dataset;
    struct mlt_error error;
    char id[MLT_JOB_ID_BYTES] = "untouched";
    double out = 7;
    upload(&dataset);
    training.model = "rigde";
    assert_int_equal(mlt_train(client, &training, id, &error), 5);
    assert_non_null(strstr(error.message, "rigde"));
    training = describe();
    training.target = "clsoe";
    assert_int_equal(mlt_train(client, &training, id, &error), 3);
    assert_non_null(strstr(error.field, "target_column"));
    assert_string_equal(id, "untouched");
    assert_int_equal(mlt_job_wait(client, "nosuch", NULL, NULL, NULL, &error), 5);
    assert_int_equal(mlt_predict(client, "nosuch", FEATURES, (double[]){1, 2, 3}, 3, &out, &error), 5);
    assert_true(out == 7);
}

static void the_same_request_is_the_same_job(void **state)
{
    (void)state;
    struct mlt_training training = describe();
    struct mlt_dataset dataset;
    struct mlt_error error;
    char first[MLT_JOB_ID_BYTES], second[MLT_JOB_ID_BYTES], other[MLT_JOB_ID_BYTES];
    upload(&dataset);
    training.request_id = "once";
    assert_int_equal(mlt_train(client, &training, first, &error), 0);
    assert_int_equal(mlt_train(client, &training, second, &error), 0);
    assert_string_equal(first, second);
    training.seed = 7;
    assert_int_equal(mlt_train(client, &training, second, &error), 6);
    training.request_id = NULL;
    assert_int_equal(mlt_train(client, &training, second, &error), 0);
    assert_int_equal(mlt_train(client, &training, other, &error), 0);
    assert_string_not_equal(second, other);
    training.request_id = "no good id";
    assert_int_equal(mlt_train(client, &training, other, &error), 3);
}

static void *start_again(void *arg)
{
    server_process_start(arg);
    return NULL;
}

static void a_server_that_comes_back_in_time_is_waited_for(void **state)
{
    (void)state;
    struct mlt_training training = describe();
    struct mlt_dataset dataset;
    struct mlt_error error;
    char id[MLT_JOB_ID_BYTES];
    pthread_t starter;
    upload(&dataset);
    server_process_kill(&server);
    assert_int_equal(pthread_create(&starter, NULL, start_again, &server), 0);
    if (mlt_train(client, &training, id, &error) != 0)
        fail_msg("%d %s", error.code, error.message);
    pthread_join(starter, NULL);
    assert_int_equal(mlt_job_wait(client, id, NULL, NULL, NULL, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_file_is_the_same_version),
        cmocka_unit_test(a_model_is_trained_and_predicts),
        cmocka_unit_test(what_cannot_be_trained_or_predicted_says_why),
        cmocka_unit_test(the_same_request_is_the_same_job),
        cmocka_unit_test(a_server_that_comes_back_in_time_is_waited_for),
    };
    return cmocka_run_group_tests_name("client_library/execution", tests, set_up, tear_down);
}

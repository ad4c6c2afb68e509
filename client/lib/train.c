/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include <mltrainer/execution/v1/execution.mrpc.h>

#include "client.h"
#include "keeper.h"

enum { PARAMETERS_MAX = 64, PAUSE_FIRST_MS = 50, PAUSE_MOST_MS = 1000, KEY_BYTES = 40 };

/* The request and everything that it points at. */
struct request {
    Mltrainer__Execution__V1__SubmitJobRequest message;
    Mltrainer__Execution__V1__JobSpec job;
    Mltrainer__Execution__V1__TrainSpec train;
    Mltrainer__Execution__V1__DataReference data;
    Mltrainer__Execution__V1__ColumnSelection selection;
    Mltrainer__Execution__V1__Validation validation;
    Mltrainer__Execution__V1__HoldOut hold_out;
    Mltrainer__Execution__V1__ParameterValue values[PARAMETERS_MAX];
    Mltrainer__Execution__V1__TrainSpec__ParametersEntry entries[PARAMETERS_MAX], *pointers[PARAMETERS_MAX];
};

static void describe_parameters(const struct mlt_training *training, struct request *r)
{
    for (size_t i = 0; i < training->parameter_count; i++) {
        const struct mlt_parameter *parameter = &training->parameters[i];
        mltrainer__execution__v1__parameter_value__init(&r->values[i]);
        mltrainer__execution__v1__train_spec__parameters_entry__init(&r->entries[i]);
        if (parameter->text) {
            r->values[i].kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT;
            r->values[i].text = (char *)parameter->text;
        } else {
            r->values[i].kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER;
            r->values[i].number = parameter->number;
        }
        r->entries[i].key = (char *)parameter->name;
        r->entries[i].value = &r->values[i];
        r->pointers[i] = &r->entries[i];
    }
    r->train.parameters = r->pointers;
    r->train.n_parameters = training->parameter_count;
}

static void describe(const struct mlt_training *training, struct request *r)
{
    mltrainer__execution__v1__submit_job_request__init(&r->message);
    mltrainer__execution__v1__job_spec__init(&r->job);
    mltrainer__execution__v1__train_spec__init(&r->train);
    mltrainer__execution__v1__data_reference__init(&r->data);
    mltrainer__execution__v1__column_selection__init(&r->selection);
    mltrainer__execution__v1__validation__init(&r->validation);
    mltrainer__execution__v1__hold_out__init(&r->hold_out);
    r->data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    r->data.dataset = (char *)training->dataset;
    r->selection.target_column = (char *)(training->target ? training->target : "");
    r->selection.feature_columns = (char **)training->features;
    r->selection.n_feature_columns = training->feature_count;
    r->hold_out.test_fraction = training->test_fraction;
    r->validation.method_case = MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_HOLD_OUT;
    r->validation.hold_out = &r->hold_out;
    r->train.model = (char *)training->model;
    r->train.data = &r->data;
    r->train.columns_case = MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_SELECTION;
    r->train.selection = &r->selection;
    r->train.time_column = (char *)(training->time_column ? training->time_column : "");
    r->train.validation = &r->validation;
    r->train.seed = training->seed;
    r->train.artifact_name = (char *)(training->artifact ? training->artifact : "");
    describe_parameters(training, r);
    r->job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN;
    r->job.train = &r->train;
    r->message.spec = &r->job;
}

/* Without entropy there is no key, and no second try: NULL would be none to the server either. */
static const char *make_key(char key[KEY_BYTES])
{
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return "";
    snprintf(key, KEY_BYTES, "mlt-%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    return key;
}

static int try_once(struct mlt_client *client, struct request *request, int64_t timeout_ms, char id[MLT_JOB_ID_BYTES],
                    struct mlt_error *error)
{
    struct mrpc_call_options options = client_call_options(client);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    options.timeout_ms = timeout_ms;
    const Mltrainer__Execution__V1__SubmitJobResponse *response =
        mltrainer__execution__v1__execution_service__submit_job(client->channel, &options, &request->message, &reply);
    int code = response ? 0 : client_fail(error, &reply.status);
    if (!response && !code)
        code = client_fail_text(error, MRPC_INTERNAL, "the server gave no answer");
    if (response && response->job)
        snprintf(id, MLT_JOB_ID_BYTES, "%s", response->job->id);
    mrpc_reply_fini(&reply);
    return code;
}

/* A connection that broke leaves it open whether the job was accepted: the key makes asking again harmless. */
static int submit(struct mlt_client *client, struct request *request, char id[MLT_JOB_ID_BYTES],
                  struct mlt_error *error)
{
    int64_t end_ms = keeper_after_ms(client->timeout_ms);
    for (int64_t pause_ms = PAUSE_FIRST_MS;; pause_ms = pause_ms < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS) {
        int64_t left_ms = end_ms - keeper_now_ms();
        int code = try_once(client, request, left_ms > 1 ? left_ms : 1, id, error);
        if (code != MRPC_UNAVAILABLE || !*request->message.request_id || keeper_now_ms() + pause_ms >= end_ms)
            return code;
        nanosleep(&(struct timespec){pause_ms / 1000, pause_ms % 1000 * 1000000}, NULL);
    }
}

int mlt_train(struct mlt_client *client, const struct mlt_training *training, char id[MLT_JOB_ID_BYTES],
              struct mlt_error *error)
{
    struct mlt_training known;
    struct request request;
    char key[KEY_BYTES];
    client_copy_options(&known, sizeof known, training, training->struct_bytes);
    if (!known.model || !known.dataset)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "model and dataset are required");
    if (known.parameter_count > PARAMETERS_MAX)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "more than %d parameters", PARAMETERS_MAX);
    describe(&known, &request);
    request.message.request_id = (char *)(known.request_id ? known.request_id : make_key(key));
    return submit(client, &request, id, error);
}

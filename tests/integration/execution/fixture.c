/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_MS = 30 * 1000 };

MRPC_PRINTF(1, 2) static void shell(const char *format, ...)
{
    char command[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

/* Each animal of the zoo is a model too. */
static void write_models(const struct fixture *fixture)
{
    static const char *const animals[] = {"nothing", "listens", "segv", "aborts", "loops", "echoes"};
    for (size_t i = 0; i < sizeof animals / sizeof *animals; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/models/zoo/%s.yaml", fixture->root, animals[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file,
                "id: %s\nfamily: zoo\nalgorithm: %s\ntask: indicator\ndescription: Misbehaves.\n"
                "engine: none\ndeterministic: false\ninputs: {target: none, features: any}\n",
                animals[i], animals[i]);
        fclose(file);
    }
    char path[160];
    snprintf(path, sizeof path, "%s/models/zoo/turns.yaml", fixture->root);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("id: turns\nfamily: zoo\nalgorithm: turns\ntask: regression\ndescription: Says 0, or dies.\nengine: none\n"
          "deterministic: true\ninputs: {target: required, features: any}\noutputs: [{name: prediction, type: number, "
          "doc: Nothing.}]\n",
          file);
    fclose(file);
}

static void run_server(struct fixture *fixture, int out)
{
    char data[96], plugins[96], models[96];
    snprintf(data, sizeof data, "%s/data", fixture->root);
    snprintf(plugins, sizeof plugins, "%s/plugins", fixture->root);
    snprintf(models, sizeof models, "%s/models", fixture->root);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    dup2(out, STDOUT_FILENO);
    execl(MLTRAINERD, MLTRAINERD, "--listen", "127.0.0.1:0", "--data-dir", data, "--execution-plugins-dir", plugins,
          "--execution-models-dir", models, "--execution-workers", "2", "--log-level", "error",
          fixture->extra ? fixture->extra : "--execution-quarantine=0", /* the zoo crashes on purpose */
          (char *)NULL);
    _exit(127);
}

static void wait_ready(struct fixture *fixture)
{
    char line[128] = "";
    size_t size = 0;
    struct pollfd ready = {.fd = fixture->out, .events = POLLIN};
    while (!strchr(line, '\n') && size < sizeof line - 1) {
        assert_int_equal(poll(&ready, 1, READY_MS), 1);
        ssize_t got = read(fixture->out, line + size, sizeof line - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
    assert_int_equal(sscanf(line, "ready %63s", fixture->address), 1);
}

static void start(struct fixture *fixture)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    fixture->server = fork();
    if (fixture->server == 0)
        run_server(fixture, pipes[1]);
    close(pipes[1]);
    fixture->out = pipes[0];
    wait_ready(fixture);
    struct mrpc_channel_options options = {.struct_bytes = sizeof options, .receive_message_bytes = 32 << 20};
    assert_int_equal(mrpc_channel_new(fixture->address, &options, &fixture->channel), 0);
}

void fixture_open(struct fixture *fixture, const char *extra)
{
    *fixture = (struct fixture){.root = "/tmp/mlt-execution.XXXXXX", .extra = extra};
    assert_non_null(mkdtemp(fixture->root));
    shell("mkdir -p %s/plugins %s/models/zoo", fixture->root, fixture->root);
    shell("cp " PLUGIN_FOLDER "/*.so %s/plugins && cp " ZOO_FOLDER "/zoo.so %s/plugins/libmltrainer_zoo.so",
          fixture->root, fixture->root);
    shell("cp -r " MODEL_FOLDER "/. %s/models", fixture->root);
    write_models(fixture);
    start(fixture);
}

static void forget_server(struct fixture *fixture)
{
    mrpc_reply_fini(&fixture->reply);
    fixture->reply = (struct mrpc_reply)MRPC_REPLY_INIT;
    mrpc_channel_free(fixture->channel);
    close(fixture->out);
}

void fixture_close(struct fixture *fixture)
{
    int status;
    fixture_assert_alive(fixture);
    kill(fixture->server, SIGTERM);
    assert_int_equal(waitpid(fixture->server, &status, 0), fixture->server);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    forget_server(fixture);
    shell("rm -r %s", fixture->root);
}

void fixture_crash(struct fixture *fixture)
{
    kill(fixture->server, SIGKILL);
    assert_int_equal(waitpid(fixture->server, NULL, 0), fixture->server);
    forget_server(fixture);
    start(fixture);
}

void fixture_assert_alive(struct fixture *fixture)
{
    assert_int_equal(waitpid(fixture->server, NULL, WNOHANG), 0);
}

struct mrpc_reply *fresh(struct fixture *fixture)
{
    mrpc_reply_fini(&fixture->reply);
    fixture->reply = (struct mrpc_reply)MRPC_REPLY_INIT;
    return &fixture->reply;
}

static int send_chunks(struct mrpc_client_call *call, const char *csv, size_t size, size_t step)
{
    API(UploadDatasetRequest) message;
    int error = 0;
    for (size_t at = 0; !error && at < size; at += step) {
        INIT(upload_dataset_request, &message);
        message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
        message.chunk = (ProtobufCBinaryData){size - at < step ? size - at : step, (uint8_t *)csv + at};
        error = RPC(upload_dataset__send)(call, &message);
    }
    return error;
}

int upload(struct fixture *fixture, const char *name, const char *csv, size_t size, size_t step, char *out)
{
    struct mrpc_client_call *call;
    API(UploadDatasetRequest) message;
    API(UploadDatasetHeader) header;
    INIT(upload_dataset_request, &message);
    INIT(upload_dataset_header, &header);
    header.name = (char *)name;
    if (size >= 6 && memcmp(csv, "ARROW1", 6) == 0)
        header.format = MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER;
    message.header = &header;
    assert_int_equal(RPC(upload_dataset__start)(fixture->channel, NULL, NULL, NULL, &call), 0);
    if (RPC(upload_dataset__send)(call, &message) == 0 && send_chunks(call, csv, size, step) == 0)
        mrpc_client_call_half_close(call);
    const API(UploadDatasetResponse) *response = RPC(upload_dataset__recv)(call);
    if (response && out)
        snprintf(out, 160, "%s@%u", response->dataset->name, response->dataset->version);
    int code = mrpc_client_call_finish(call, fresh(fixture));
    mrpc_client_call_free(call);
    return code;
}

void upload_sp500(struct fixture *fixture)
{
    FILE *file = fopen(DATA_FOLDER "/sp500.csv", "r");
    assert_non_null(file);
    char *bytes = malloc(1 << 20);
    size_t size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    assert_int_equal(upload(fixture, "sp500", bytes, size, 65536, NULL), 0);
    free(bytes);
}

char *submit(struct fixture *fixture, API(JobSpec) * spec, const char *request_id)
{
    API(SubmitJobRequest) request;
    INIT(submit_job_request, &request);
    request.spec = spec;
    request.request_id = (char *)request_id;
    const API(SubmitJobResponse) *response = RPC(submit_job)(fixture->channel, NULL, &request, fresh(fixture));
    return response ? strdup(response->job->id) : NULL;
}

API(JobState) watch(struct fixture *fixture, const char *id, uint64_t after, char *why, uint64_t *last)
{
    struct mrpc_client_call *call;
    API(WatchJobRequest) request;
    INIT(watch_job_request, &request);
    request.id = (char *)id;
    request.after_sequence = after;
    assert_int_equal(RPC(watch_job__start)(fixture->channel, NULL, &request, NULL, NULL, &call), 0);
    API(JobState) state = MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_UNSPECIFIED;
    const API(WatchJobResponse) * response;
    while ((response = RPC(watch_job__recv)(call))) {
        assert_int_equal(response->event->sequence, ++after);
        if (response->event->event_case != MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_STATE)
            continue;
        state = response->event->state->to;
        if (why && response->job && response->job->failure)
            snprintf(why, 256, "%d %s %s", response->job->failure->code, response->job->failure->signal,
                     response->job->failure->message);
    }
    assert_int_equal(mrpc_client_call_finish(call, fresh(fixture)), 0);
    mrpc_client_call_free(call);
    if (last)
        *last = after;
    return state;
}

API(JobSpec) * sp500_training(void)
{
    static API(JobSpec) spec;
    static API(TrainSpec) train;
    static API(DataReference) data;
    static API(FeatureSpec) features;
    static API(LaggedColumn) close_column;
    static API(LaggedColumn) * columns[] = {&close_column};
    static uint32_t lags[] = {0, 1, 2, 3, 4};
    INIT(job_spec, &spec);
    INIT(train_spec, &train);
    INIT(data_reference, &data);
    INIT(feature_spec, &features);
    INIT(lagged_column, &close_column);
    close_column.column = "close";
    close_column.transform = MLTRAINER__EXECUTION__V1__TRANSFORM__TRANSFORM_LOG_RETURN;
    close_column.n_lags = 5;
    close_column.lags = lags;
    features.target_column = "close";
    features.target_transform = MLTRAINER__EXECUTION__V1__TRANSFORM__TRANSFORM_LOG_RETURN;
    features.n_features = 1;
    features.features = columns;
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    data.dataset = "sp500";
    train.model = "ridge";
    train.data = &data;
    train.time_column = "date";
    train.artifact_name = "sp500-ridge";
    train.columns_case = MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    train.features = &features;
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN;
    spec.train = &train;
    return &spec;
}

API(JobSpec) * prediction_of(const char *artifact)
{
    static API(JobSpec) spec;
    static API(PredictSpec) predict;
    static API(DataReference) data;
    INIT(job_spec, &spec);
    INIT(predict_spec, &predict);
    INIT(data_reference, &data);
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    data.dataset = "sp500";
    predict.artifact = (char *)artifact;
    predict.data = &data;
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT;
    spec.predict = &predict;
    return &spec;
}

API(JobSpec) * zoo_job(const char *animal)
{
    static API(JobSpec) spec;
    static API(ComputeSpec) compute;
    static API(DataReference) data;
    static API(Table) table;
    static API(Column) column;
    static API(Column) * columns[] = {&column};
    static API(DoubleValues) values;
    static double numbers[] = {1, 2, 3};
    INIT(job_spec, &spec);
    INIT(compute_spec, &compute);
    INIT(data_reference, &data);
    INIT(table, &table);
    INIT(column, &column);
    INIT(double_values, &values);
    values.n_values = 3;
    values.values = numbers;
    column.name = "x";
    column.values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    column.doubles = &values;
    table.n_columns = 1;
    table.columns = columns;
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data.table = &table;
    compute.model = (char *)animal;
    compute.data = &data;
    spec.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    spec.compute = &compute;
    return &spec;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "execution/field_path.h"
#include "execution/job/depend.h"
#include "execution/job/job.h"
#include "execution/operation/prepare.h"
#include "execution/parameter_message.h"
#include "execution/tune/tune.h"

/* From what a client wrote to an operation that can run, with every check that can be made before running. */

enum { THREADS_MAX = 64, EMBARGO_MAX = 100000 };

#define SAME_NUMBER(name)                                                                                              \
    _Static_assert((int)MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_##name ==                                             \
                       (int)MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_##name,                                       \
                   "the oneof counts like the kinds")
SAME_NUMBER(TRAIN);
SAME_NUMBER(EVALUATE);
SAME_NUMBER(PREDICT);
SAME_NUMBER(COMPUTE);
SAME_NUMBER(TUNE);
SAME_NUMBER(FETCH);

API(JobKind) job_kind(const API(JobSpec) * spec)
{
    return (API(JobKind))spec->work_case;
}

/* ---- Model and parameters ---- */

static int bind_model(struct operation *operation, const char *id, enum catalog_operation wanted, void *const *entries,
                      size_t count, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.model", field);
    if (!operation->catalog)
        operation->catalog = execution_catalog(operation->engine);
    int code = catalog_require(operation->catalog, id, wanted, path, &operation->model, fault);
    if (code)
        return code;
    operation->plugin_path = catalog_find_plugin(operation->catalog, operation->model->family)->path;
    operation->parameter_count = operation->model->parameter_count;
    struct mltrainer_parameter *given;
    field_path(path, "%s.parameters", field);
    code = parameter_messages_read(entries, count, path, operation->arena, &given, fault);
    return code ? code
                : catalog_resolve_parameters(operation->model, given, count, path, operation->arena,
                                             &operation->parameters, fault);
}

/* "${JOB.dataset}": before the job starts there is no such dataset yet, and nothing to check but the form. */
static bool data_is_to_come(struct operation *operation, const API(DataReference) * data, const char *field,
                             struct fault *fault)
{
    char path[FIELD_PATH_BYTES], id[DEPEND_NAME_BYTES];
    field_path(path, "%s.dataset", field);
    bool names = operation->spec && data && data->data_case == MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    if (!names || !depend_reference(operation->spec, data->dataset, "dataset", path, id, fault) || fault->code)
        return fault->code != 0;
    if (!operation->job) {
        operation->source = (struct source){.to_come = true};
        return true;
    }
    API(DataReference) *own = (API(DataReference) *)(uintptr_t)data; /* decoded for this attempt alone */
    return depend_dataset(operation->engine, id, path, operation->arena, &own->dataset, fault) != 0;
}

static int bind_data(struct operation *operation, const API(DataReference) * data, const char *field,
                     struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.data", field);
    if (data_is_to_come(operation, data, path, fault))
        return fault->code;
    return source_resolve(operation->engine, data, path, operation->arena, &operation->source, fault);
}

/* ---- Columns ---- */

static int require_features(const struct operation *operation, const struct feature_spec *spec, bool with_target,
                            const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.target_column", field);
    int code = with_target ? source_require(&operation->source, spec->target_column, DATASET_DOUBLE, path, fault) : 0;
    for (size_t i = 0; !code && i < spec->column_count; i++) {
        field_path(path, "%s.features[%zu].column", field, i);
        code = source_require(&operation->source, spec->columns[i].column, DATASET_DOUBLE, path, fault);
    }
    return code;
}

static int require_optional(const struct operation *operation, const char *name, enum dataset_type type,
                            const char *field, const char *member, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.%s", field, member);
    return *name ? source_require(&operation->source, name, type, path, fault) : 0;
}

static int require_selection(const struct operation *operation, const API(ColumnSelection) * selection,
                             const char *field, struct fault *fault)
{
    int code = 0;
    if (operation->model->target == CATALOG_REQUIRED && !*selection->target_column) {
        char path[FIELD_PATH_BYTES];
        field_path(path, "%s.target_column", field);
        return fault_field(fault, path, "model %s needs a target", operation->model->id);
    }
    code = require_optional(operation, selection->target_column, DATASET_UNKNOWN, field, "target_column", fault);
    if (!code)
        code = require_optional(operation, selection->weight_column, DATASET_DOUBLE, field, "weight_column", fault);
    if (!code)
        code = require_optional(operation, selection->group_column, DATASET_UNKNOWN, field, "group_column", fault);
    for (size_t i = 0; !code && i < selection->n_feature_columns; i++)
        code =
            require_optional(operation, selection->feature_columns[i], DATASET_DOUBLE, field, "feature_columns", fault);
    return code;
}

static int bind_columns(struct operation *operation, const API(TrainSpec) * train, const char *field,
                        struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    struct feature_spec spec;
    int code;
    switch (train->columns_case) {
    case MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_SELECTION:
        field_path(path, "%s.selection", field);
        code = require_selection(operation, train->selection, path, fault);
        break;
    case MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES:
        field_path(path, "%s.features", field);
        code = prepare_feature_spec(train->features, path, operation->arena, &spec, fault);
        if (!code)
            code = require_features(operation, &spec, true, path, fault);
        break;
    default:
        return fault_field(fault, field, "either selection or features is wanted");
    }
    return code ? code : require_optional(operation, train->time_column, DATASET_UNKNOWN, field, "time_column", fault);
}

/* ---- Train ---- */

static int check_embargo(uint32_t rows, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.embargo_rows", field);
    return rows > EMBARGO_MAX ? fault_field(fault, path, "%u is above %d", rows, EMBARGO_MAX) : 0;
}

static int check_shuffle(bool shuffle, const API(TrainSpec) * train, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    bool ordered = *train->time_column || train->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    field_path(path, "%s.shuffle", field);
    return shuffle && ordered ? fault_field(fault, path, "rows in the order of time are not drawn at random") : 0;
}

static int check_hold_out(const API(HoldOut) * how, const API(TrainSpec) * train, const char *field,
                          struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.test_fraction", field);
    if (!(how->test_fraction >= 0 && how->test_fraction <= 0.9))
        return fault_field(fault, path, "%g is not in (0, 0.9]", how->test_fraction);
    int code = check_embargo(how->embargo_rows, field, fault);
    return code ? code : check_shuffle(how->shuffle, train, field, fault);
}

static int check_k_fold(const API(KFold) * how, const API(TrainSpec) * train, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.folds", field);
    if (how->folds == 1 || how->folds > 100)
        return fault_field(fault, path, "%u is not in 2 to 100", how->folds);
    int code = check_embargo(how->embargo_rows, field, fault);
    return code ? code : check_shuffle(how->shuffle, train, field, fault);
}

static int check_walk_forward(const API(WalkForward) * how, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.train_rows", field);
    if (!how->train_rows)
        return fault_field(fault, path, "at least one row must train");
    field_path(path, "%s.test_rows", field);
    if (!how->test_rows)
        return fault_field(fault, path, "at least one row must test");
    return check_embargo(how->embargo_rows, field, fault);
}

static int check_validation(const struct operation *operation, const API(TrainSpec) * train, const char *field,
                            struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    const API(Validation) *validation = train->validation;
    if (!validation)
        return 0;
    bool several = validation->method_case == MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_K_FOLD ||
                   validation->method_case == MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_WALK_FORWARD;
    if (several && !(operation->model->operations & CATALOG_PREDICT))
        return fault_field(fault, field, "model %s does not predict: there is nothing to validate", train->model);
    switch (validation->method_case) {
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_HOLD_OUT:
        field_path(path, "%s.hold_out", field);
        return check_hold_out(validation->hold_out, train, path, fault);
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_K_FOLD:
        field_path(path, "%s.k_fold", field);
        return check_k_fold(validation->k_fold, train, path, fault);
    case MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_WALK_FORWARD:
        field_path(path, "%s.walk_forward", field);
        return check_walk_forward(validation->walk_forward, path, fault);
    default:
        return 0;
    }
}

static int check_preprocessing(const API(Preprocessing) * how, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    if (!how)
        return 0;
    field_path(path, "%s.imputation", field);
    if ((int)how->imputation < 0 || (int)how->imputation > SCALER_FILL_ZERO)
        return fault_field(fault, path, "%d is not an imputation", (int)how->imputation);
    field_path(path, "%s.scaling", field);
    if ((int)how->scaling < 0 || (int)how->scaling > SCALER_SCALE_ROBUST)
        return fault_field(fault, path, "%d is not a scaling", (int)how->scaling);
    return 0;
}

int job_bind_train(struct operation *operation, const API(TrainSpec) * train, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    operation->train = train;
    operation->seed = train->seed;
    operation->threads = train->threads;
    int code = bind_model(operation, train->model, CATALOG_TRAIN, (void *const *)train->parameters, train->n_parameters,
                          field, fault);
    if (!code)
        code = bind_data(operation, train->data, field, fault);
    if (!code)
        code = bind_columns(operation, train, field, fault);
    field_path(path, "%s.validation", field);
    if (!code)
        code = check_validation(operation, train, path, fault);
    field_path(path, "%s.preprocessing", field);
    if (!code)
        code = check_preprocessing(train->preprocessing, path, fault);
    field_path(path, "%s.artifact_name", field);
    if (!code && *train->artifact_name)
        code = api_identifier(train->artifact_name, path, fault);
    field_path(path, "%s.threads", field);
    if (!code && train->threads > THREADS_MAX)
        code = fault_field(fault, path, "%u is above %d", train->threads, THREADS_MAX);
    return code;
}

static int bind_tune(struct operation *operation, const API(TuneSpec) * tune, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.train", field);
    if (!tune->train)
        return fault_field(fault, path, "what to train is wanted");
    int code = job_bind_train(operation, tune->train, path, fault);
    return code ? code : tune_check(operation, tune, field, fault);
}

/* ---- Evaluate, predict ---- */

static int require_artifact_columns(struct operation *operation, const API(Artifact) * artifact, bool with_target,
                                    const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.data", field);
    if (artifact->feature_spec) {
        struct feature_spec spec;
        int code = prepare_feature_spec(artifact->feature_spec, field, operation->arena, &spec, fault);
        for (size_t i = 0; !code && i < spec.column_count; i++)
            code = source_require(&operation->source, spec.columns[i].column, DATASET_DOUBLE, path, fault);
        return code || !with_target
                   ? code
                   : source_require(&operation->source, spec.target_column, DATASET_DOUBLE, path, fault);
    }
    int code = 0;
    for (size_t i = 0; !code && i < artifact->n_features; i++)
        code = source_require(&operation->source, artifact->features[i], DATASET_DOUBLE, path, fault);
    return code || !with_target || !*artifact->target
               ? code
               : source_require(&operation->source, artifact->target, DATASET_UNKNOWN, path, fault);
}

/* "${JOB.artifact}" is looked up when the job starts; before, all that can be said is that it is well formed. */
static bool artifact_is_to_come(struct operation *operation, const char **reference, const char *path,
                                struct fault *fault)
{
    char id[DEPEND_NAME_BYTES];
    if (!operation->spec || !depend_reference(operation->spec, *reference, "artifact", path, id, fault))
        return false;
    if (fault->code || !operation->job)
        return true;
    return depend_artifact(operation->engine, id, path, operation->arena, reference, fault) != 0;
}

int job_bind_artifact(struct operation *operation, const char *reference, const API(DataReference) * data,
                      bool with_target, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    struct record *record;
    API(Artifact) * artifact;
    field_path(path, "%s.artifact", field);
    operation->catalog = execution_catalog(operation->engine);
    if (artifact_is_to_come(operation, &reference, path, fault))
        return fault->code ? fault->code : bind_data(operation, data, field, fault);
    int code = aliases_find_artifact(&operation->engine->aliases, &operation->engine->artifacts, reference, path,
                                     &record, fault);
    if (!code)
        code = api_decode(API_INFO(artifact), record->message.data, record->message.size, operation->arena, &artifact,
                          fault);
    if (code)
        return code;
    operation->artifact_sha256 = artifact->sha256;
    operation->artifact_version = artifact->version;
    operation->forgotten = operation->engine->warm.forgotten;
    code = bind_data(operation, data, field, fault);
    return code ? code : require_artifact_columns(operation, artifact, with_target, field, fault);
}

static int check_output(const char *name, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.output_dataset", field);
    return *name ? api_identifier(name, path, fault) : 0;
}

static int bind_predict(struct operation *operation, const API(PredictSpec) * spec, const char *field,
                        struct fault *fault)
{
    int code = check_output(spec->output_dataset, field, fault);
    return code ? code : job_bind_artifact(operation, spec->artifact, spec->data, false, field, fault);
}

/* ---- Compute ---- */

static const char *name_in_data(const API(ComputeSpec) * spec, const char *name)
{
    for (size_t i = 0; i < spec->n_column_names; i++)
        if (strcmp(spec->column_names[i]->key, name) == 0)
            return spec->column_names[i]->value;
    return name;
}

static const char *input_name(const struct operation *operation, const struct catalog_column *column)
{
    for (size_t i = 0; column->parameter && i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i]->name, column->parameter) == 0)
            return operation->parameters[i]->text;
    return column->name;
}

int job_bind_compute(struct operation *operation, const API(ComputeSpec) * spec, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    operation->compute = spec;
    operation->seed = spec->seed;
    int code = check_output(spec->output_dataset, field, fault);
    if (!code)
        code = bind_model(operation, spec->model, CATALOG_COMPUTE, (void *const *)spec->parameters, spec->n_parameters,
                          field, fault);
    if (!code)
        code = bind_data(operation, spec->data, field, fault);
    field_path(path, "%s.data", field);
    for (size_t i = 0; !code && i < operation->model->column_count; i++) {
        const struct catalog_column *column = &operation->model->columns[i];
        code = source_require(&operation->source, name_in_data(spec, input_name(operation, column)), column->type, path,
                              fault);
    }
    return code;
}

/* ---- Fetch ---- */

static int bind_fetch(struct operation *operation, const API(FetchSpec) * spec, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.dataset", field);
    int code = api_identifier(spec->dataset, path, fault);
    field_path(path, "%s.source", field);
    return code ? code : fetch_check(operation->engine->sources, spec->source, path, fault);
}

/* ---- What all have ---- */

static int check_retry(const API(RetryPolicy) * retry, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    if (!retry)
        return 0;
    field_path(path, "%s.retry.max_attempts", field);
    if (retry->max_attempts > 10)
        return fault_field(fault, path, "%u is not in 0 to 10", retry->max_attempts);
    int64_t backoff_ms = api_duration_ms(retry->backoff);
    field_path(path, "%s.retry.backoff", field);
    if (retry->backoff && (backoff_ms < 10 || backoff_ms > 3600 * 1000))
        return fault_field(fault, path, "%lld ms are not in 10 ms to 1 h", (long long)backoff_ms);
    return 0;
}

static int check_common(const struct execution *engine, const API(JobSpec) * spec, const char *field,
                        struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.priority", field);
    if (spec->priority < -100 || spec->priority > 100)
        return fault_field(fault, path, "%d is not in -100 to 100", spec->priority);
    field_path(path, "%s.timeout", field);
    if (jobs_check_timeout(spec->timeout, path, fault))
        return fault->code;
    field_path(path, "%s.labels", field);
    if (spec->n_labels > 32)
        return fault_field(fault, path, "%zu labels, more than 32", spec->n_labels);
    for (size_t i = 0; i < spec->n_labels; i++) {
        int code = api_identifier(spec->labels[i]->key, path, fault);
        if (code)
            return code;
        if (strlen(spec->labels[i]->value) > 256)
            return fault_field(fault, path, "a value of more than 256 bytes");
    }
    field_path(path, "%s.webhook_url", field);
    int code = webhooks_check(engine, spec->webhook_url, path, fault);
    return code ? code : check_retry(spec->retry, field, fault);
}

int job_bind(struct operation *operation, const API(JobSpec) * spec, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    int code = check_common(operation->engine, spec, field, fault);
    if (code)
        return code;
    operation->spec = spec;
    switch (spec->work_case) {
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN:
        field_path(path, "%s.train", field);
        return job_bind_train(operation, spec->train, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_EVALUATE:
        field_path(path, "%s.evaluate", field);
        return job_bind_artifact(operation, spec->evaluate->artifact, spec->evaluate->data, true, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT:
        field_path(path, "%s.predict", field);
        return bind_predict(operation, spec->predict, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE:
        field_path(path, "%s.compute", field);
        return job_bind_compute(operation, spec->compute, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE:
        field_path(path, "%s.tune", field);
        return bind_tune(operation, spec->tune, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_FETCH:
        field_path(path, "%s.fetch", field);
        return bind_fetch(operation, spec->fetch, path, fault);
    default:
        return fault_field(fault, field, "one of train, evaluate, predict, compute, tune, fetch is wanted");
    }
}

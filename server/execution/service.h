/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SERVICE_H
#define MLT_EXECUTION_SERVICE_H

#include "caller/caller.h"
#include "execution/engine.h"
#include "execution/operation/operation.h"
#include "execution/serving/serve.h"

/* What the methods share. */

/** What the service is given; all of it outlives the service. @bus may be NULL. */
struct execution_parts {
    const struct config *config;
    struct log *log;
    struct bus *bus;
    struct store *store;
    struct thread_pool *threads;
    struct process_pool *processes;
    const struct component_factory *operations; /* of operation_component */
};
int execution_new(const struct execution_parts *parts, struct execution **out, struct fault *fault) MRPC_MUST_USE;
void execution_free(struct execution *execution);
int execution_start(struct execution *execution, struct fault *fault) MRPC_MUST_USE;
/** Ends calls and attempts under way; jobs stay as they are in the store. Blocks. */
void execution_stop(struct execution *execution);
/** Have a worker look at every plugin; the catalog is published anew as answers come. Thread: the loop's. */
void execution_probe_plugins(struct execution *execution);

/** A unary call that the execution loop answers. In the call's arena. */
struct command {
    struct domain_task task;
    struct execution *engine;
    struct mrpc_call *call;
    struct caller caller;
    const void *request;
    void *response;
    int (*run)(struct command *command, struct mrpc_arena *arena, struct fault *fault);
    void *arg; /* run()'s, for @holds */
    void (*holds)(struct command *command, struct fault *fault);
    struct fault commit_fault;
};

/** What run() returns when the call will be, or has been, finished by command_finish(): nothing of the command may be
 *  touched then. */
#define COMMAND_LATER (-1)

/** Run @run on the loop; its code and fault are the answer, unless it returns COMMAND_LATER. For `return
 * command_post(…)` in a handler. */
int command_post(struct execution *engine, struct mrpc_call *call, const void *request, void *response,
                 int (*run)(struct command *command, struct mrpc_arena *arena, struct fault *fault));
/** Commit @batch, then run @holds on the loop and answer with its fault: what was decided holds (code 0) or does not
 *  (UNAVAILABLE). For `return command_commit(…)` in run(): COMMAND_LATER. Ownership: takes @batch. */
int command_commit(struct command *command, struct store_batch *batch,
                   void (*holds)(struct command *command, struct fault *fault));
/** The answer of a command that was left for later. */
void command_finish(struct command *command, const struct fault *fault);

/** A call that runs one operation and may be cancelled. Thread: the loop's, but for _new (the handler's). */
struct unary {
    _Atomic unsigned references;
    struct execution *engine;
    struct mrpc_call *call;
    struct operation *operation;
    const void *request;
    void *response;
    int (*bind)(struct unary *unary, struct operation *operation, struct fault *fault);
    int (*answer)(struct unary *unary, struct operation *operation, struct fault *fault);
    void (*begin)(struct operation *operation);
};
/** Bind, begin and answer on the loop. For `return unary_start(…)` in a handler. */
int unary_start(struct execution *engine, struct mrpc_call *call, const void *request, void *response,
                int (*bind)(struct unary *unary, struct operation *operation, struct fault *fault),
                void (*begin)(struct operation *operation),
                int (*answer)(struct unary *unary, struct operation *operation, struct fault *fault));

/** A model or plugin of the catalog as a message; texts are copied. NULL when out of memory. */
API(Model) * model_message(const struct catalog_model *model, struct mrpc_arena *arena);

/** The rows of a prediction or computation as a message, in the call's arena. */
enum { UNARY_TABLE_BYTES = 4 * 1024 * 1024 };

#define METHOD(name, type)                                                                                             \
    int execution_##name(void *self, struct mrpc_call *call, const API(type##Request) * request,                       \
                         API(type##Response) * response)

METHOD(list_models, ListModels);
METHOD(get_model, GetModel);
METHOD(list_plugins, ListPlugins);
METHOD(reload_plugins, ReloadPlugins);
METHOD(get_upload, GetUpload);
METHOD(list_sources, ListSources);
METHOD(get_dataset, GetDataset);
METHOD(list_datasets, ListDatasets);
METHOD(delete_dataset, DeleteDataset);
METHOD(preview_dataset, PreviewDataset);
METHOD(submit_job, SubmitJob);
METHOD(get_job, GetJob);
METHOD(list_jobs, ListJobs);
METHOD(cancel_job, CancelJob);
METHOD(get_engine, GetEngine);
METHOD(predict, Predict);
METHOD(compute, Compute);
METHOD(list_artifacts, ListArtifacts);
METHOD(get_artifact, GetArtifact);
METHOD(delete_artifact, DeleteArtifact);
METHOD(set_alias, SetAlias);
METHOD(delete_alias, DeleteAlias);
METHOD(list_aliases, ListAliases);
METHOD(get_run, GetRun);
METHOD(list_runs, ListRuns);
METHOD(compare_runs, CompareRuns);
METHOD(submit_pipeline, SubmitPipeline);
METHOD(get_pipeline, GetPipeline);
METHOD(list_pipelines, ListPipelines);
METHOD(cancel_pipeline, CancelPipeline);
METHOD(create_schedule, CreateSchedule);
METHOD(get_schedule, GetSchedule);
METHOD(list_schedules, ListSchedules);
METHOD(update_schedule, UpdateSchedule);
METHOD(delete_schedule, DeleteSchedule);
int execution_watch_pipeline(void *self, struct mrpc_call *call, const API(WatchPipelineRequest) * request);
int execution_watch_job(void *self, struct mrpc_call *call, const API(WatchJobRequest) * request);
int execution_export_artifact(void *self, struct mrpc_call *call, const API(ExportArtifactRequest) * request);
int execution_import_artifact_open(void *self, struct mrpc_call *call);
int execution_import_artifact_message(void *self, struct mrpc_call *call, const API(ImportArtifactRequest) * message);
int execution_import_artifact_half_close(void *self, struct mrpc_call *call);
int execution_upload_dataset_open(void *self, struct mrpc_call *call);
int execution_upload_dataset_message(void *self, struct mrpc_call *call, const API(UploadDatasetRequest) * message);
int execution_upload_dataset_half_close(void *self, struct mrpc_call *call);
int execution_predict_stream_message(void *self, struct mrpc_call *call, const API(PredictStreamRequest) * message);
int execution_predict_stream_half_close(void *self, struct mrpc_call *call);

/** Used by Predict and PredictStream. */
int predict_bind(struct operation *operation, const char *artifact, const API(DataReference) * data, bool last_row_only,
                 struct fault *fault) MRPC_MUST_USE;
int predict_answer(const struct served *served, struct mrpc_arena *arena, API(PredictResponse) * response,
                   struct fault *fault) MRPC_MUST_USE;
/** What a finished operation served, and its model kept warm for @reference. Thread: the loop's. */
struct served predict_served(struct operation *operation, const char *reference);

#endif

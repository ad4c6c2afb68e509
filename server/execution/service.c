/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

/* The method table. What stands not here answers UNIMPLEMENTED. */
static const struct mltrainer__execution__v1__execution_service__handlers handlers = {
    .list_models = execution_list_models,
    .get_model = execution_get_model,
    .list_plugins = execution_list_plugins,
    .reload_plugins = execution_reload_plugins,
    .upload_dataset = {execution_upload_dataset_open, execution_upload_dataset_message,
                       execution_upload_dataset_half_close},
    .get_upload = execution_get_upload,
    .list_sources = execution_list_sources,
    .get_dataset = execution_get_dataset,
    .list_datasets = execution_list_datasets,
    .delete_dataset = execution_delete_dataset,
    .preview_dataset = execution_preview_dataset,
    .submit_job = execution_submit_job,
    .get_job = execution_get_job,
    .list_jobs = execution_list_jobs,
    .watch_job = execution_watch_job,
    .cancel_job = execution_cancel_job,
    .get_engine = execution_get_engine,
    .predict = execution_predict,
    .predict_stream = {NULL, execution_predict_stream_message, execution_predict_stream_half_close},
    .compute = execution_compute,
    .list_artifacts = execution_list_artifacts,
    .get_artifact = execution_get_artifact,
    .delete_artifact = execution_delete_artifact,
    .export_artifact = execution_export_artifact,
    .import_artifact = {execution_import_artifact_open, execution_import_artifact_message,
                        execution_import_artifact_half_close},
    .set_alias = execution_set_alias,
    .delete_alias = execution_delete_alias,
    .list_aliases = execution_list_aliases,
    .get_run = execution_get_run,
    .list_runs = execution_list_runs,
    .compare_runs = execution_compare_runs,
    .submit_pipeline = execution_submit_pipeline,
    .get_pipeline = execution_get_pipeline,
    .list_pipelines = execution_list_pipelines,
    .watch_pipeline = execution_watch_pipeline,
    .cancel_pipeline = execution_cancel_pipeline,
    .create_schedule = execution_create_schedule,
    .get_schedule = execution_get_schedule,
    .list_schedules = execution_list_schedules,
    .update_schedule = execution_update_schedule,
    .delete_schedule = execution_delete_schedule,
};

int execution_add_to_server(struct execution *execution, struct mrpc_server *server)
{
    return mltrainer__execution__v1__execution_service__add_to_server(server, &handlers, execution);
}

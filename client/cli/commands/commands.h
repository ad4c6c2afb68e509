/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_COMMANDS_H
#define MLTCTL_COMMANDS_H

#include "cli.h"

/* Every command, one file each; commands.c puts them in the order of help. */

extern const struct cli_command registry_ls_command;
extern const struct cli_command registry_get_command;
extern const struct cli_command registry_discover_command;
extern const struct cli_command registry_register_command;
extern const struct cli_command registry_deregister_command;
extern const struct cli_command registry_update_command;
extern const struct cli_command registry_drain_command;
extern const struct cli_command registry_maintenance_command;
extern const struct cli_command registry_activate_command;
extern const struct cli_command registry_history_command;
extern const struct cli_command registry_heartbeat_command;
extern const struct cli_command registry_keepalive_command;
extern const struct cli_command registry_watch_command;
extern const struct cli_command registry_info_command;
extern const struct cli_command registry_bootstrap_command;
extern const struct cli_command models_ls_command;
extern const struct cli_command models_describe_command;
extern const struct cli_command models_compute_command;
extern const struct cli_command plugins_ls_command;
extern const struct cli_command plugins_reload_command;
extern const struct cli_command datasets_upload_command;
extern const struct cli_command datasets_ls_command;
extern const struct cli_command datasets_describe_command;
extern const struct cli_command datasets_preview_command;
extern const struct cli_command datasets_rm_command;
extern const struct cli_command datasets_fetch_command;
extern const struct cli_command sources_ls_command;
extern const struct cli_command jobs_train_command;
extern const struct cli_command jobs_tune_command;
extern const struct cli_command jobs_evaluate_command;
extern const struct cli_command jobs_predict_command;
extern const struct cli_command jobs_compute_command;
extern const struct cli_command jobs_ls_command;
extern const struct cli_command jobs_top_command;
extern const struct cli_command jobs_get_command;
extern const struct cli_command jobs_watch_command;
extern const struct cli_command jobs_cancel_command;
extern const struct cli_command schedules_create_command;
extern const struct cli_command schedules_ls_command;
extern const struct cli_command schedules_get_command;
extern const struct cli_command schedules_update_command;
extern const struct cli_command schedules_pause_command;
extern const struct cli_command schedules_resume_command;
extern const struct cli_command schedules_delete_command;
extern const struct cli_command artifacts_ls_command;
extern const struct cli_command artifacts_describe_command;
extern const struct cli_command artifacts_predict_command;
extern const struct cli_command artifacts_stream_command;
extern const struct cli_command artifacts_export_command;
extern const struct cli_command artifacts_import_command;
extern const struct cli_command artifacts_rm_command;
extern const struct cli_command aliases_ls_command;
extern const struct cli_command pipelines_run_command;
extern const struct cli_command pipelines_ls_command;
extern const struct cli_command pipelines_get_command;
extern const struct cli_command pipelines_watch_command;
extern const struct cli_command pipelines_cancel_command;
extern const struct cli_command runs_ls_command;
extern const struct cli_command runs_get_command;
extern const struct cli_command runs_compare_command;
extern const struct cli_command aliases_set_command;
extern const struct cli_command aliases_back_command;
extern const struct cli_command aliases_rm_command;
extern const struct cli_command diagram_render_command;
extern const struct cli_command diagram_views_command;
extern const struct cli_command diagram_validate_command;
extern const struct cli_command diagram_watch_command;
extern const struct cli_command doctor_command;
extern const struct cli_command top_command;
extern const struct cli_command server_info_command;
extern const struct cli_command server_engine_command;
extern const struct cli_command server_log_level_command;
extern const struct cli_command server_config_command;
extern const struct cli_command server_reload_command;
extern const struct cli_command server_drain_command;
extern const struct cli_command server_backup_command;
extern const struct cli_command server_restore_command;
extern const struct cli_command token_create_command;
extern const struct cli_command token_ls_command;
extern const struct cli_command token_revoke_command;
extern const struct cli_command audit_verify_command;
extern const struct cli_command audit_name_command;

#endif

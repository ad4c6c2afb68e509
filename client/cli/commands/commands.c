/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"

const struct cli_command *const cli_commands[] = {
    &registry_ls_command,
    &registry_get_command,
    &registry_discover_command,
    &registry_register_command,
    &registry_deregister_command,
    &registry_heartbeat_command,
    &registry_watch_command,
    &diagram_render_command,
    &diagram_views_command,
    &diagram_validate_command,
    &diagram_watch_command,
    &server_info_command,
    &server_log_level_command,
    &server_config_command,
    &server_reload_command,
    &server_drain_command,
    &server_backup_command,
    NULL,
};

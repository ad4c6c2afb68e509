/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"

const struct cli_command *const cli_commands[] = {
    &registry_ls_command,         &registry_get_command,       &registry_discover_command, &registry_register_command,
    &registry_deregister_command, &registry_heartbeat_command, &registry_watch_command,    NULL,
};

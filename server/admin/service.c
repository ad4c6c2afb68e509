/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct mltrainer__admin__v1__admin_service__handlers handlers = {
    .get_server_info = admin_get_server_info,
    .diagnose = admin_diagnose,
    .get_call_statistics = admin_get_call_statistics,
    .get_log_level = admin_get_log_level,
    .set_log_level = admin_set_log_level,
    .get_configuration = admin_get_configuration,
    .reload = admin_reload,
    .drain = admin_drain,
    .backup = admin_backup,
    .restore = {admin_restore_open, admin_restore_message, admin_restore_half_close},
    .create_token = admin_create_token,
    .list_tokens = admin_list_tokens,
    .revoke_token = admin_revoke_token,
};

/* Copies that a killed server left behind: the store holds the folder's lock, so nobody is writing one. */
static void sweep_copies(const char *folder)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strncmp(entry->d_name, ADMIN_BACKUP_PREFIX, sizeof ADMIN_BACKUP_PREFIX - 1) == 0 ||
            strncmp(entry->d_name, ADMIN_RESTORE_PREFIX, sizeof ADMIN_RESTORE_PREFIX - 1) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
}

int admin_new(struct log *log, const struct config *config, const struct admin_control *control, struct store *store,
              struct thread_pool *threads, struct access *access, struct watchdog *watchdog, struct admin **out)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin)
        return MRPC_ERR_NOMEM;
    *admin = (struct admin){.log = log, .config = config, .control = control, .store = store, .threads = threads,
                            .access = access, .watchdog = watchdog};
    sweep_copies(config_text(config, "data_dir"));
    *out = admin;
    return 0;
}

void admin_free(struct admin *admin)
{
    free(admin);
}

int admin_add_to_server(struct admin *admin, struct mrpc_server *server)
{
    return mltrainer__admin__v1__admin_service__add_to_server(server, &handlers, admin);
}

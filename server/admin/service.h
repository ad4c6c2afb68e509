/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ADMIN_SERVICE_H
#define MLT_ADMIN_SERVICE_H

#include <stdatomic.h>

#include <mltrainer/admin/v1/admin.mrpc.h>
#include <mrpc/mrpc.h>

#include "access/access.h"
#include "admin/admin.h"
#include "admin/control.h"
#include "config/config.h"
#include "log/log.h"
#include "pool/thread/thread_pool.h"
#include "store/store.h"

/* Of the copies in the data folder that backups stream from; unlinked once open, swept at the start. */
#define ADMIN_BACKUP_PREFIX ".backup-"

/* Of a backup that is coming back; swept likewise, until the store has taken it. */
#define ADMIN_RESTORE_PREFIX ".restore-"

struct watchdog;

/* What the methods share. Everything is borrowed from the container and outlives the service. */
struct admin {
    struct log *log;
    const struct config *config;
    const struct admin_control *control;
    struct store *store;
    struct thread_pool *threads;
    struct access *access;
    struct watchdog *watchdog;
    _Atomic bool restoring; /* one at a time */
};

int admin_new(struct log *log, const struct config *config, const struct admin_control *control, struct store *store,
              struct thread_pool *threads, struct access *access, struct watchdog *watchdog,
              struct admin **out) MRPC_MUST_USE;
void admin_free(struct admin *admin);

/* One file a method in methods/. */
int admin_get_server_info(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__GetServerInfoRequest *request,
                          Mltrainer__Admin__V1__GetServerInfoResponse *response);
int admin_diagnose(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__DiagnoseRequest *request,
                   Mltrainer__Admin__V1__DiagnoseResponse *response);
int admin_get_call_statistics(void *self, struct mrpc_call *call,
                              const Mltrainer__Admin__V1__GetCallStatisticsRequest *request,
                              Mltrainer__Admin__V1__GetCallStatisticsResponse *response);
int admin_get_log_level(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__GetLogLevelRequest *request,
                        Mltrainer__Admin__V1__GetLogLevelResponse *response);
int admin_set_log_level(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__SetLogLevelRequest *request,
                        Mltrainer__Admin__V1__SetLogLevelResponse *response);
int admin_get_configuration(void *self, struct mrpc_call *call,
                            const Mltrainer__Admin__V1__GetConfigurationRequest *request,
                            Mltrainer__Admin__V1__GetConfigurationResponse *response);
int admin_reload(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__ReloadRequest *request,
                 Mltrainer__Admin__V1__ReloadResponse *response);
int admin_drain(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__DrainRequest *request,
                Mltrainer__Admin__V1__DrainResponse *response);
int admin_backup(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__BackupRequest *request);
int admin_restore_open(void *self, struct mrpc_call *call);
int admin_restore_message(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__RestoreRequest *message);
int admin_restore_half_close(void *self, struct mrpc_call *call);
int admin_create_token(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__CreateTokenRequest *request,
                       Mltrainer__Admin__V1__CreateTokenResponse *response);
int admin_list_tokens(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__ListTokensRequest *request,
                      Mltrainer__Admin__V1__ListTokensResponse *response);
int admin_revoke_token(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__RevokeTokenRequest *request,
                       Mltrainer__Admin__V1__RevokeTokenResponse *response);

#endif

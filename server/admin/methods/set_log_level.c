/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"

int admin_set_log_level(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__SetLogLevelRequest *request,
                        Mltrainer__Admin__V1__SetLogLevelResponse *response)
{
    struct admin *admin = self;
    int level = (int)request->level - 1;
    if (level < LOG_LEVEL_ERROR || level > LOG_LEVEL_DEBUG)
        return mrpc_call_fail_field(call, "level", "%d is not a level; there are 1 (error) to 4 (debug)",
                                    (int)request->level);
    response->previous_level = (Mltrainer__Admin__V1__LogLevel)(log_level(admin->log) + 1);
    log_set_level(admin->log, level);
    log_info(admin->log, "admin", "log level is %s now peer=%s", log_level_name(level), mrpc_call_peer(call));
    return MRPC_OK;
}

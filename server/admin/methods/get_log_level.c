/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"

int admin_get_log_level(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__GetLogLevelRequest *request,
                        Mltrainer__Admin__V1__GetLogLevelResponse *response)
{
    struct admin *admin = self;
    response->level = (Mltrainer__Admin__V1__LogLevel)(log_level(admin->log) + 1); /* the API counts from 1 */
    return MRPC_OK;
}

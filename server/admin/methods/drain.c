/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "admin/service.h"

enum { GRACE_MOST_S = 3600 };

int admin_drain(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__DrainRequest *request,
                Mltrainer__Admin__V1__DrainResponse *response)
{
    struct admin *admin = self;
    int64_t grace_ms = config_number(admin->config, "drain_grace");
    const Google__Protobuf__Duration *grace = request->grace;
    if (grace) {
        if (grace->seconds < 0 || grace->nanos < 0 || grace->seconds > GRACE_MOST_S)
            return mrpc_call_fail_field(call, "grace", "%lld s is not in 0..%d", (long long)grace->seconds, GRACE_MOST_S);
        grace_ms = grace->seconds * 1000 + grace->nanos / 1000000;
    }
    response->deadline = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *response->deadline);
    if (!response->deadline)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    google__protobuf__timestamp__init(response->deadline);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    response->deadline->seconds = now.tv_sec + grace_ms / 1000;
    response->deadline->nanos = (int32_t)now.tv_nsec;
    log_info(admin->log, "admin", "drain asked for peer=%s grace_ms=%lld", mrpc_call_peer(call), (long long)grace_ms);
    admin->control->drain(admin->control->arg, grace_ms);
    return MRPC_OK;
}

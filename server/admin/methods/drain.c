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
        if (grace->nanos < 0 || grace->nanos > 999999999)
            return mrpc_call_fail_field(call, "grace", "nanos: %d is not in 0..999999999", (int)grace->nanos);
        if (grace->seconds < 0 || grace->seconds > GRACE_MOST_S || (grace->seconds == GRACE_MOST_S && grace->nanos > 0))
            return mrpc_call_fail_field(call, "grace", "%lld.%09d s is not in 0..%d", (long long)grace->seconds,
                                        (int)grace->nanos, GRACE_MOST_S);
        grace_ms = grace->seconds * 1000 + grace->nanos / 1000000;
    }
    response->deadline = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *response->deadline);
    if (!response->deadline)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    google__protobuf__timestamp__init(response->deadline);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t nanos = now.tv_nsec + grace_ms % 1000 * 1000000;
    response->deadline->seconds = now.tv_sec + grace_ms / 1000 + nanos / 1000000000;
    response->deadline->nanos = (int32_t)(nanos % 1000000000);
    log_info(admin->log, "admin", "drain asked for peer=%s grace_ms=%lld", mrpc_call_peer(call), (long long)grace_ms);
    admin->control->drain(admin->control->arg, grace_ms);
    return MRPC_OK;
}

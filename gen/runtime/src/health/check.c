/* SPDX-License-Identifier: Apache-2.0 */

#include "health/health_internal.h"

int mrpc_health_check(void *self, struct mrpc_call *call, const HealthRequest *request, HealthResponse *response)
{
    int state = mrpc_health_state(self, request->service);
    if (state < 0)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "unknown service %s", request->service);
    response->status = (Mrpc__Priv__Grpc__Health__V1__HealthCheckResponse__ServingStatus)state;
    return 0;
}

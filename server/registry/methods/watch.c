/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/watch.h"
#include "registry/filter.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

enum { PROGRESS_DEFAULT_MS = 30 * 1000, PROGRESS_MIN_MS = 1000, PROGRESS_MAX_MS = 3600 * 1000 };

static int check(const PB(WatchRequest) * request, int64_t progress_ms, struct fault *fault)
{
    if (request->namespace_[0] && !registry_identifier_valid(request->namespace_, 128))
        return fault_field(fault, "namespace", "is not [A-Za-z0-9._-]{1,128}");
    if (request->service[0] && !registry_identifier_valid(request->service, 128))
        return fault_field(fault, "service", "is not [A-Za-z0-9._-]{1,128}");
    if (request->after_revision < 0)
        return fault_field(fault, "after_revision", "is negative");
    if (request->after_revision && !request->epoch)
        return fault_field(fault, "epoch", "is required with after_revision");
    if (progress_ms < PROGRESS_MIN_MS || progress_ms > PROGRESS_MAX_MS)
        return fault_field(fault, "progress_interval", "is not in 1 s..1 h");
    return registry_filter_check(request->filter, fault);
}

int registry_watch(void *self, struct mrpc_call *call, const PB(WatchRequest) * request)
{
    struct fault fault = FAULT_INIT;
    bool sane = !request->progress_interval || (request->progress_interval->seconds >= 0 &&
                                                request->progress_interval->seconds <= PROGRESS_MAX_MS / 1000);
    int64_t progress_ms = !sane                        ? -1
                          : request->progress_interval ? registry_duration_ms(request->progress_interval)
                                                       : PROGRESS_DEFAULT_MS;
    if (check(request, progress_ms, &fault))
        return fault_answer(call, &fault);
    if (registry_draining(self))
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
    return registry_watch_start(registry_watches(self), call, request, progress_ms);
}

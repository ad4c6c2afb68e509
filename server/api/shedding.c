/* SPDX-License-Identifier: Apache-2.0 */
#include "api/shedding.h"

#include <mrpc/interceptor.h>

#include "metrics/page.h"
#include "watchdog/watchdog.h"

enum { RETRY_MS = 5000 };

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct shedding *shedding = self;
    enum overload step = watchdog_overload(shedding->watchdog);
    if (step == OVERLOAD_NONE)
        return 0;
    const struct mrpc_method *method = mrpc_call_method(call);
    if (!overload_refuses(step, method->path, method->client_streaming || method->server_streaming))
        return 0;
    atomic_fetch_add_explicit(&shedding->refused, 1, memory_order_relaxed);
    return mrpc_call_fail_retry(call, MRPC_RESOURCE_EXHAUSTED, RETRY_MS,
                                "the server is near its memory limit and refuses what can wait");
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof interceptor,
    .name = "shedding",
    .started = started,
    .forget = mrpc_interceptor_forgets,
};

int shedding_add_to_server(struct shedding *shedding, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, shedding);
}

int shedding_write_metrics(const struct shedding *shedding, int (*write)(void *arg, const char *text, size_t size),
                           void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    metrics_single(&page, "mltrainer_shed_calls_total", "counter", "Calls refused because memory is near its limit.",
                   atomic_load_explicit(&shedding->refused, memory_order_relaxed));
    return page.error;
}

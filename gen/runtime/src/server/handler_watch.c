/* SPDX-License-Identifier: Apache-2.0 */

#include "server/handler_watch.h"

#ifndef NDEBUG

#include <stdlib.h>
#include <time.h>

#include "server/call.h"
#include "server/server.h"

#define CPU_LIMIT_US 50000
#define WALL_LIMIT_US 1000000

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct handler_watch mrpc_handler_watch_begin(void)
{
    return (struct handler_watch){
        .cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID),
        .wall_us = clock_us(CLOCK_MONOTONIC),
    };
}

void mrpc_handler_watch_end(const struct handler_watch *watch, struct mrpc_call *call)
{
    int64_t cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID) - watch->cpu_us;
    int64_t wall_us = clock_us(CLOCK_MONOTONIC) - watch->wall_us;
    if (cpu_us < CPU_LIMIT_US && wall_us < WALL_LIMIT_US)
        return;
    mrpc_server_log(call->host->server, 1, "the handler of %s held its loop for %lld ms (%lld ms on the processor)",
                    call->method != NULL ? call->method->method->path : "a web request", (long long)(wall_us / 1000),
                    (long long)(cpu_us / 1000));
    const char *wish = getenv("MRPC_ABORT_ON_BLOCK");
    if (wish != NULL && wish[0] == '1')
        abort();
}

#else
typedef int mrpc_handler_watch_is_for_debug_builds;
#endif

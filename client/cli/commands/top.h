/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_TOP_H
#define MLTCTL_TOP_H

#include <mltrainer/admin/v1/admin.mrpc.h>
#include <mltrainer/execution/v1/execution.mrpc.h>
#include <mltrainer/registry/v1/registry.mrpc.h>

#include "cli.h"

/* One look at a server for `mltctl top`, and what happened between two of them. */

struct top_sample {
    struct mrpc_reply replies[4];
    int64_t taken_ms; /* by the monotonic clock */
    const Mltrainer__Admin__V1__GetServerInfoResponse *server;
    const Mltrainer__Admin__V1__GetCallStatisticsResponse *calls; /* NULL: calls are not measured */
    const Mltrainer__Execution__V1__GetEngineResponse *engine;
    const Mltrainer__Registry__V1__GetRegistryInfoResponse *registry;
};

/** Ask the server. Parts that this caller may not have, or that are not there, stay NULL. Returns 0, or an exit code
 *  when the server itself could not be asked, having said why unless @quiet. */
int top_sample_take(struct cli *cli, struct top_sample *out, bool quiet);
void top_sample_free(struct top_sample *sample);

/** The calls of one method between two samples. */
struct top_method {
    const char *name; /* without its package: "RegistryService/Register" */
    double calls_per_s, failed_per_s;
    double p50_ms, p99_ms; /* NAN: none ended */
    uint64_t calls;        /* since the server's start */
};

/** Since @before, or since the server's start where that is NULL. Busiest first. Returns how many, at most @most. */
size_t top_methods(const struct top_sample *before, const struct top_sample *now, struct top_method *out, size_t most);
/** Calls a second of all methods. */
double top_calls_per_s(const struct top_sample *before, const struct top_sample *now);

#endif

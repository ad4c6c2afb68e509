/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_SHEDDING_H
#define MLT_API_SHEDDING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/server.h>

struct watchdog;

/* Calls that are refused because memory is near its limit: an interceptor that asks the watchdog for the step. It
 * allocates nothing. */

struct shedding {
    const struct watchdog *watchdog;
    _Atomic uint64_t refused;
};

/** @shedding outlives @server. Errors: as mrpc_server_add_interceptor(). */
int shedding_add_to_server(struct shedding *shedding, struct mrpc_server *server) MRPC_MUST_USE;
/** Its line of GET /metrics. */
int shedding_write_metrics(const struct shedding *shedding, int (*write)(void *arg, const char *text, size_t size),
                           void *arg);

#endif

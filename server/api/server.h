/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_SERVER_H
#define MLT_API_SERVER_H

#include <mrpc/server.h>

#include "access/access.h"
#include "admin/admin.h"
#include "api/api.h"
#include "config/config.h"
#include "diagram/diagram.h"
#include "execution/execution.h"
#include "log/log.h"
#include "otlp/exporter.h"
#include "pool/thread/thread_pool.h"
#include "registry/registry.h"
#include "store/store.h"
#include "trace/trace.h"
#include "watchdog/watchdog.h"

/* What component.c wraps. */

struct api_services {
    struct thread_pool *pool;
    struct store *store;
    struct registry *registry;
    struct execution *execution;
    struct diagram *diagram;
    struct admin *admin;
    struct trace_ring *traces;
    struct otlp_exporter *otlp;
    struct access *access;
    struct watchdog *watchdog;
};

int api_new(const struct config *config, struct log *log, const struct api_services *services, struct api **out,
            struct fault *fault) MRPC_MUST_USE;
void api_free(struct api *api);
int api_start(struct api *api, struct fault *fault) MRPC_MUST_USE;
void api_stop(struct api *api);

#endif

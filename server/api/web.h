/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_WEB_H
#define MLT_API_WEB_H

#include <mrpc/server.h>

#include "access/access.h"
#include "config/config.h"

/** Put the web on the server, before its start: the configured hosts and origins, HTTP/1.1 or not, and the routes that
 *  belong to no service:
 *      GET /healthz    200 "SERVING", else 503 "NOT_SERVING": the health of the whole, as grpc.health.v1 has it
 *      GET /           the page (web/page.h), unless web.page is false
 *  (GET /metrics: metrics_route.h.) Errors: MRPC_INVALID_ARGUMENT naming the key, MRPC_INTERNAL. */
int api_add_web(struct mrpc_server *server, const struct config *config, struct access *access,
                struct fault *fault) MRPC_MUST_USE;

#endif

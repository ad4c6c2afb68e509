/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HTTP_SD_ROUTE_H
#define REGISTRY_HTTP_SD_ROUTE_H

#include <mrpc/server.h>

/* GET /v1/http_sd[/NAMESPACE[/SERVICE]]: the registry as Prometheus' HTTP service discovery. A service that is not
 * there is an empty list, because Prometheus keeps its old targets after an error. The answer is made and sent in parts
 * from one view, as fast as the peer reads; a few at a time, 503 beyond. */

struct registry;

struct http_sd;

/** Put the route on a server before its start; *@out lives as long as the server. Errors: as
 *  mrpc_server_add_route(). */
int http_sd_new(struct registry *registry, struct http_sd **out) MRPC_MUST_USE;
int http_sd_add_to_server(struct http_sd *sd, struct mrpc_server *server) MRPC_MUST_USE;
void http_sd_free(struct http_sd *sd);

#endif

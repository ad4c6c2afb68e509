/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EMBEDDING_GREETER_H
#define EMBEDDING_GREETER_H

#include <mrpc/server.h>

#include "reactor.h"

/* The service: one call that is answered at once, and one whose replies come by the loop's timers. */

/** Errors: as mrpc_server_add_service(). The reactor is borrowed until the server is freed. */
int greeter_add(struct mrpc_server *server, struct reactor *reactor) MRPC_MUST_USE;

#endif

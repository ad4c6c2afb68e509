/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ADMIN_H
#define MLT_ADMIN_H

#include "container/component.h"

/* The admin service: what operators do to a running server. It holds no state of its own. */

struct admin;
struct mrpc_server;

/** Needs "log", "config", "control", "store", "thread_pool", "access" and "watchdog". */
extern const struct component admin_component;

/** Put the service on a server before its start. Returns 0 or an enum mrpc_error. */
int admin_add_to_server(struct admin *admin, struct mrpc_server *server) MRPC_MUST_USE;

#endif

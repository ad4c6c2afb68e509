/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_H
#define MLT_DIAGRAM_H

#include "container/component.h"

/* The diagram service: draws scenes, which it knows by struct scene_source alone. */

struct diagram;
struct mrpc_server;

/** Needs "config", "log", "bus" and "views" (struct scene_sources). */
extern const struct component diagram_component;
/** Its loop, for who watches "loop[]". Needs "diagram". */
extern const struct component diagram_watched_component;

/** Put the service on a server before its start. Returns 0 or an enum mrpc_error. */
int diagram_add_to_server(struct diagram *diagram, struct mrpc_server *server) MRPC_MUST_USE;

#endif

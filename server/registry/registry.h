/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "container/component.h"
#include "events/bus.h"
#include "registry/view.h"

/* The service registry: who is there, where, and how healthy. */

struct registry;
struct mrpc_server;

/** Needs "config", "log", "bus", "store" and "thread_pool". */
extern const struct component registry_component;
/** Its two loops, for who watches "loop[]". Each needs "registry". */
extern const struct component registry_watched_component;
extern const struct component registry_read_watched_component;
/** The loops that expire leases and check health. Each needs "registry". */
extern const struct component lease_loop_component;
extern const struct component health_loop_component;

/** Where the server registers itself. */
#define REGISTRY_SELF_NAMESPACE "mltrainer"

/** Keeps the server and its pools registered there; when it has started they can be found. Needs "registry",
 *  "thread_pool", "process_pool", "config" and, to come behind it, "api". */
extern const struct component self_registration_component;

/** Put the service on a server before its start. Returns 0 or an enum mrpc_error. */
int registry_add_to_server(struct registry *registry, struct mrpc_server *server) MRPC_MUST_USE;

/** Tell it where this server really listens ("127.0.0.1:50051", NULL-terminated), once that is known: no health check
 * goes there. Before, the configuration's addresses count. Thread: any. */
void registry_set_own_addresses(struct registry *registry, const char *const *addresses);

/** The server is about to end: watches and heartbeat streams end with UNAVAILABLE, and from now on no lease runs out
 * and no stream that breaks expires anybody. Call it before calls are cancelled. Idempotent. Thread: any. */
void registry_drain(struct registry *registry);

/** Everything as it is now, for reading: services by namespace and name, their instances by id, with health. NULL
 * before the start. Release it soon. Thread: any, never blocks. */
const struct registry_view *registry_snapshot(struct registry *registry);
void registry_snapshot_release(const struct registry_view *view);

/** Write the registry's part of the metrics page, piece by piece, in Prometheus' text format. Looks at every instance:
 *  not for a loop. Thread: any. Errors: what @write returned. */
int registry_write_metrics(struct registry *registry, int (*write)(void *arg, const char *text, size_t size), void *arg)
    MRPC_MUST_USE;

/** Told on the bus after each change that holds. */
extern const struct bus_topic registry_instance_changed;
struct registry_instance_event {
    enum registry_change_kind kind;
    enum registry_reason reason;
    enum registry_health health;
    int64_t revision;
    char namespace_name[129];
    char service[129];
    char id[129];
};

#endif

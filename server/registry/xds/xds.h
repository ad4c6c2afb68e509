/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_H
#define REGISTRY_XDS_H

#include <mrpc/call.h>

#include "registry/service.h"
#include "registry/xds/assignment.h"
#include "registry/xds/stats.h"

/* xDS: the registry as the control plane of stock gRPC clients (`xds:///SERVICE`).
 *
 *     domain loop                              connection loops
 *     a change of the view, at most one
 *     waking each 20 ms and loop     ───────►  lane: every stream compares the view with what it last sent
 *     knows one live call a loop               and sends what differs, as fast as its peer reads
 *
 * The domain never looks at subscriptions and never waits: what a slow client has not read is skipped, because a stream
 * keeps no queue, only what it sent last. As with watches, a call is finished only after the domain has struck it off,
 * so that a call which the domain knows is always alive. */

struct registry_xds;
struct xds_stream;

/** Errors: RESOURCE_EXHAUSTED. */
int registry_xds_new(struct registry *registry, struct registry_xds **out) MRPC_MUST_USE;
/** After the domain loop has stopped and every call has ended. */
void registry_xds_free(struct registry_xds *xds);
/** Put the service on a server before its start. Returns 0 or an enum mrpc_error. */
int registry_xds_add_to_server(struct registry_xds *xds, struct mrpc_server *server) MRPC_MUST_USE;

/** The view has changed, or the registry is draining. Thread: the domain loop's. */
void registry_xds_touch(struct registry_xds *xds);

const struct xds_stats *registry_xds_stats(const struct registry_xds *xds);
/** Assignments that have been packed since the start. */
uint64_t registry_xds_packed_count(const struct registry_xds *xds);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_HEALTH_WATCH_H
#define MRPC_CLIENT_HEALTH_WATCH_H

/* grpc.health.v1.Health/Watch on one connection, for as long as it lives (gRFC A17): a subchannel is READY only while
 * the server says SERVING. A server without the service counts as healthy. A watch that ends is begun again, with
 * backoff. Thread: the loop's. */

struct mrpc_health_watch;
struct mrpc_subchannel;

/** Watch @service on the subchannel's connection, which is ready; mrpc_subchannel_set_health() hears of it. NULL: out
 *  of memory. May be called from within the session. */
struct mrpc_health_watch *mrpc_health_watch_start(struct mrpc_subchannel *subchannel, const char *service);
/** End it before the connection ends; NULL is allowed. May be called from within the session. */
void mrpc_health_watch_stop(struct mrpc_health_watch *watch);

#endif

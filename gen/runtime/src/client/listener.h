/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_LISTENER_H
#define MRPC_CLIENT_LISTENER_H

#include <mrpc/resolver.h>

#include "client/address.h"
#include "client/loop.h"

/* The channel's end of a resolver, and what stands between their threads. Of results that come faster than the loop
 * looks the newest is kept. Two parties hold it: the resolver until it releases it, the channel until it stops. */

/** What listens. Thread: the loop's. */
struct mrpc_listener_events {
    /** New addresses, at least one, and the service config that came with them (NULL: none); both the receiver's. */
    void (*resolved)(void *arg, struct mrpc_address_list *addresses, char *service_config);
    void (*failed)(void *arg, const char *why);
};

/** One with two references: the channel's and the resolver's. Errors: MRPC_ERR_NOMEM. Thread: the loop's. */
int mrpc_listener_new(struct mrpc_loop *loop, const struct mrpc_listener_events *events, void *arg,
                      struct mrpc_resolver_listener **out) MRPC_MUST_USE;
/** No event follows. NULL is allowed. Thread: the loop's. */
void mrpc_listener_stop(struct mrpc_resolver_listener *listener);
/** mrpc_resolver_push() for a list that is already in our form, which the listener takes. Thread: any. */
void mrpc_listener_take(struct mrpc_resolver_listener *listener, struct mrpc_address_list *addresses,
                        char *service_config);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_RESOLVE_H
#define MRPC_CLIENT_RESOLVE_H

#include "client/address.h"
#include "client/loop.h"

/** One look-up of a DNS target, by getaddrinfo() on a thread of its own: it may block for many seconds (a resolver that
 *  does not answer), and the loop must not. */
struct mrpc_resolution;

/** @done runs once on the loop's thread unless cancelled; it owns *@addresses. @why is NULL on success. The resolution
 *  is over then. Errors: MRPC_ERR_NOMEM, MRPC_ERR_SYSTEM. Thread: the loop's. */
int mrpc_resolve_start(struct mrpc_loop *loop, const struct mrpc_target *target,
                       void (*done)(void *arg, struct mrpc_address_list *addresses, const char *why), void *arg,
                       struct mrpc_resolution **out) MRPC_MUST_USE;

/** @done does not run any more; the thread ends when the resolver lets it. Thread: the loop's. */
void mrpc_resolve_cancel(struct mrpc_resolution *resolution);

#endif

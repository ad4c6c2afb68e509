/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_DNS_RESOLVER_H
#define MRPC_CLIENT_DNS_RESOLVER_H

#include <mrpc/resolver.h>

#include "client/backoff.h"
#include "client/loop.h"
#include "client/target.h"

/* The resolver of targets that need none of the program's: literal addresses are told once, a name is looked up. One
 * look-up runs at a time; after a success the next waits at least 30 s and for resolve_now(), after a failure it comes
 * by itself, with backoff. */

/** What start() gets as @arg. */
struct mrpc_dns_config {
    struct mrpc_loop *loop;
    const struct mrpc_target *target; /* outlives the resolver */
    uint32_t timeout_ms;              /* of one look-up; a late answer is used all the same */
    struct mrpc_backoff backoff;
};

extern const struct mrpc_resolver mrpc_dns_resolver;

#endif

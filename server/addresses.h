/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ADDRESSES_H
#define MLT_ADDRESSES_H

#include "config/config.h"

/* Where the server listens, over all the times that it begins anew in one process: what the system chose for port 0
 * stays, and so do sockets that were inherited. Thread: main. */

struct addresses;

/** What the key "listen" says, and the sockets of a systemd socket unit, which take the place of its default and join
 *  what was asked for. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
int addresses_take(struct config *config, struct addresses **out, struct fault *fault) MRPC_MUST_USE;
void addresses_free(struct addresses *addresses);

/** Set "listen" for a server that is about to start; an inherited socket is lent to it as a copy. */
int addresses_open(struct addresses *addresses, struct config *config, struct fault *fault) MRPC_MUST_USE;
/** Those that the server had, in the order of "listen", NULL-terminated: the next one gets the same. */
void addresses_keep(struct addresses *addresses, const char *const *real);

#endif

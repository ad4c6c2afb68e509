/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_STREAM_QUOTA_H
#define MLT_ACCESS_STREAM_QUOTA_H

#include <mrpc/server.h>

#include "caller/quota.h"

/* How many streams a caller has open: watches above all, which cost memory for as long as they wait. Callers without an
 * identity are told apart by address, IPv6 networks of 64 bits; those of this machine are not counted. */

enum { STREAM_OWNER_BYTES = 600 };

/** As an interceptor, behind those that say who calls; @quota is borrowed. Errors: as mrpc_server_add_interceptor(). */
int stream_quota_add_to_server(struct quota *quota, struct mrpc_server *server) MRPC_MUST_USE;
/** On whose account a stream of @identity from @peer goes; false: on nobody's. */
bool stream_quota_owner(const struct mrpc_identity *identity, const char *peer, char out[STREAM_OWNER_BYTES]);

#endif

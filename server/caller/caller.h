/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CALLER_H
#define MLT_CALLER_H

#include <stdbool.h>

#include <mrpc/arena.h>
#include <mrpc/call.h>

#include "fault/fault.h"

/* Who calls, as the services know it: the owner of what the call makes, and whether it may touch what others own.
 *
 * An owner is one text, the same in every service and in the store:
 *
 *     anonymous | unix/uid:1000 | tls/NAME | token/NAME
 *
 * The kind comes first, so that a certificate and a token of the same name are two. What anonymous callers have made
 * belongs to all anonymous callers. Thread: any, while the call is held. */

#define CALLER_ANONYMOUS "anonymous"

struct caller {
    const char *owner;
    bool privileged; /* may change what others own */
};

/** Who makes this call; the text lives in the call's arena. Errors: RESOURCE_EXHAUSTED. */
int caller_of(struct mrpc_call *call, struct caller *out, struct fault *fault) MRPC_MUST_USE;

/** An identity as an owner; in @arena, or static. NULL when out of memory. */
const char *caller_owner(const struct mrpc_identity *identity, struct mrpc_arena *arena) MRPC_MUST_USE;

/** "anonymous", "unix", "tls", "token". */
const char *caller_kind(enum mrpc_identity_kind kind);

/** Roles "operator" and "admin", and the accounts that own the data anyway: root and the server's own, by unix
 *  socket. */
bool caller_is_privileged(const struct mrpc_identity *identity);

bool caller_may_change(const struct caller *caller, const char *owner);
/** PERMISSION_DENIED "NOUN NAME belongs to OWNER" unless the caller may. Everybody who gets in may read, so that it
 *  tells nothing that is secret. */
int caller_check(const struct caller *caller, const char *owner, const char *noun, const char *name,
                 struct fault *fault) MRPC_MUST_USE;

/** What the first versions of the execution service kept as an owner (a bare name, "" for nobody), as it is written
 *  now; in @arena, or static. NULL when out of memory. */
const char *caller_migrated_owner(const char *bare, struct mrpc_arena *arena) MRPC_MUST_USE;

#endif

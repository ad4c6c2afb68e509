/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_H2_H
#define REGISTRY_CHECKS_H2_H

#include "registry/checks/link.h"

/* HTTP/2 to a place, for the two calls of grpc.health.v1: one connection carries the calls of all checks that go there,
 * and stays open between them. libmrpc's channel is not used: it resolves and connects by itself, and here the address
 * must be judged in between and be that very address.
 *
 * Calls back come from the loop only, never from inside a function of this file but h2_fail(). */

struct h2;

enum { H2_MESSAGE_MAX = 256 };

/** A call; its owner embeds it, and sets the first three. Zeroed at first. */
struct h2_call {
    /** A whole message, as HealthCheckResponse is encoded. May cancel the call. */
    void (*message)(struct h2_call *call, const uint8_t *bytes, size_t size);
    /** It is over, call->h2 is NULL. @text: what happened to the connection; NULL: the peer ended it, and http_status
     *  and grpc_status (-1: none) say how. Not after h2_call_cancel(). */
    void (*closed)(struct h2_call *call, const char *text);
    const char *service; /* what HealthCheckRequest asks for; borrowed while it is open */

    struct h2 *h2; /* NULL: not open */
    int http_status;
    int grpc_status;

    TAILQ_ENTRY(h2_call) entry;
    int32_t stream;
    size_t request_sent;
    bool has_message, is_over;
    size_t reply_bytes;
    uint8_t reply[5 + H2_MESSAGE_MAX];
};

/** A connection to @place for a check registered from @peer: one that is open (*@is_reused) or a new one. NULL when out
 *  of memory. */
struct h2 *h2_get(struct place *place, const struct terms *terms, const char *peer, bool *is_reused);
/** The same, new in any case. */
struct h2 *h2_new(struct place *place, const struct terms *terms, const char *peer);
/** Close it, as if it had failed; for a peer that no longer answers. */
void h2_fail(struct h2 *h2, const char *text);

/** Is it there for a further check registered from @peer? */
bool h2_serves(const struct h2 *h2, const char *peer);
/** May a Watch stay open on it? Not when it will not be kept, has many already, or the peer has no Watch. */
bool h2_has_room_for_watch(const struct h2 *h2);
void h2_set_without_watch(struct h2 *h2);

/** Begin "/grpc.health.v1.Health/@method". False when out of memory (then the call is not open). */
bool h2_call_open(struct h2 *h2, struct h2_call *call, const char *method);
/** Nothing more of it. Also when it is not open. */
void h2_call_cancel(struct h2_call *call);

#endif

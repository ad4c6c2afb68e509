/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_RESOLVER_H
#define MRPC_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/* Where a channel's addresses come from, when a program knows better than DNS: a registry, a file, a test.
 *
 *     start → (push | fail)* → stop … release
 *                 ↑ resolve_now, when addresses stop working
 *
 * Give a `struct mrpc_resolver` in mrpc_channel_options. The channel starts it when it leaves IDLE for the first time
 * and stops it when it is freed. */

/** The channel's ear: where results go. The resolver holds it from start() until it calls
 *  mrpc_resolver_listener_release(), which may be long after stop(). */
struct mrpc_resolver_listener;

struct mrpc_resolver {
    size_t struct_bytes; /* sizeof(struct mrpc_resolver) */
    /** Begin to resolve @target, the channel's whole target (borrowed for the call). Return what the other functions
     *  get as @self, or NULL: the channel then fails until it is asked again. Thread: the loop's; must not block. */
    void *(*start)(void *arg, const char *target, struct mrpc_resolver_listener *listener);
    /** Addresses stopped working: look again, soon. A resolver that is told of changes may leave it NULL. It is called
     *  as often as connections fail: limit your own rate. Thread: the loop's; must not block. */
    void (*resolve_now)(void *self);
    /** Nothing more is wanted; pushes are ignored from now on. Once. Thread: the loop's; must not block. */
    void (*stop)(void *self);
};

/** One server. */
struct mrpc_resolver_address {
    const char *address;     /* "1.2.3.4:50051", "[2001:db8::1]:50051", "unix:PATH", "unix-abstract:NAME": no names */
    uint32_t weight;         /* of weighted round robin; 0: 1 */
    const char *server_name; /* TLS: the name in this server's certificate; NULL: the channel's */
};

/** What a look-up found. A list replaces the one before; an empty one is a failure. */
struct mrpc_resolver_result {
    size_t struct_bytes;  /* sizeof(struct mrpc_resolver_result) */
    size_t address_bytes; /* sizeof(struct mrpc_resolver_address) */
    const struct mrpc_resolver_address *addresses;
    size_t address_count;
    const char *service_config; /* JSON, at most 256 KiB, or NULL: none */
};

/** Addresses after these of one result are left out. */
#define MRPC_ADDRESSES_MAX 256

/** Hand a result to the channel. Everything is copied; of several in quick succession the last is used. Connections to
 *  addresses that stay are kept, those to others end when their calls have ended.
 *  Thread: any. Errors: MRPC_ERR_ADDRESS (nothing is taken), MRPC_ERR_INVALID, MRPC_ERR_NOMEM. */
MRPC_API int mrpc_resolver_push(struct mrpc_resolver_listener *listener,
                                const struct mrpc_resolver_result *result) MRPC_MUST_USE;
/** The look-up failed. Addresses that were pushed before stay in use; without any, calls fail with @why, copied.
 *  Thread: any. */
MRPC_API void mrpc_resolver_fail(struct mrpc_resolver_listener *listener, const char *why);
/** The resolver is done with @listener. Once. Thread: any. */
MRPC_API void mrpc_resolver_listener_release(struct mrpc_resolver_listener *listener);

MRPC_END_DECLS
#endif

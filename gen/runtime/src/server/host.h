/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_HOST_H
#define MRPC_SERVER_HOST_H

#include <pthread.h>
#include <stdatomic.h>

#include <mrpc/session.h>

#include "server/inbox.h"
#include "session/session.h"

struct mrpc_call;
struct call_desk;

/** What is known of the other end of a connection; shared by its session and the calls that outlive it. Counted on the
 *  host's thread. */
struct call_peer {
    unsigned references;
    size_t calls_in_flight;         /* that have not finished; their streams may be closed */
    struct mrpc_identity identity;
    char text[];                    /* the peer's address, then the identity's name, each with a NUL */
};

/** Where the sessions of one thread live; see mrpc/session.h. */
struct mrpc_session_host {
    struct mrpc_server *server;
    unsigned index;
    struct mrpc_inbox inbox;
    _Atomic pthread_t thread;       /* who drives it now, while entered > 0 */
    atomic_int entered;
    int64_t now_ms;                 /* as last told */
    struct mrpc_call *free_calls;   /* by stream.next */
    struct call_desk *free_desks;
    size_t free_desk_count;
    size_t free_call_count;
    struct session_memory memory;
    struct mrpc_arena *free_arenas[128];   /* a connection's streams, and some */
    size_t free_arena_count;
    atomic_size_t calls;            /* that exist */
    atomic_size_t streams;          /* open ones */
    _Atomic uint64_t calls_started, calls_ended, calls_failed, rejected;
    _Atomic int64_t last_call_ms;
};

/** A session with its place in a host. */
struct host_session {
    struct mrpc_session session;    /* what the public API hands out */
    struct mrpc_session_host *host;
    struct call_peer *peer;
    void (*output_ready)(void *arg);
    const char *(*local_address)(void *arg);
    void *arg;
    bool driven;                    /* its driver will ask for output when it is done */
    bool output_told;
};

/** Between these two the calling thread is the host's. They nest. */
void mrpc_host_enter(struct mrpc_session_host *host);
void mrpc_host_leave(struct mrpc_session_host *host);

/** True when the calling thread is inside the host, so that calls may be touched at once. Thread: any: another thread
 *  never reads its own id there, whatever moment it looks at. */
static inline bool mrpc_host_inside(struct mrpc_session_host *host)
{
    return atomic_load_explicit(&host->entered, memory_order_relaxed) > 0 &&
           pthread_equal(atomic_load_explicit(&host->thread, memory_order_relaxed), pthread_self());
}

/** A session of this host has something to send: see that its driver asks for it. */
void mrpc_host_touch(struct mrpc_session *session);

struct mrpc_arena *mrpc_host_arena_take(struct mrpc_session_host *host) MRPC_MUST_USE;
void mrpc_host_arena_give(struct mrpc_session_host *host, struct mrpc_arena *arena);

void mrpc_peer_unref(struct call_peer *peer);

#endif

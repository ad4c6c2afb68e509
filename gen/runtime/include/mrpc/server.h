/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_H
#define MRPC_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/tls.h>

MRPC_BEGIN_DECLS

/* A gRPC server: one acceptor, one event loop a core, any number of services and listening addresses. */

/** Limits that every connection is held to; 0 takes the default named. Anchors: docs/internals/limits.md. */
struct mrpc_limits {
    size_t struct_bytes;                  /* sizeof(struct mrpc_limits) */
    uint32_t connections;                 /* 10,000 */
    uint32_t connections_per_ip;          /* 200, not for loopback */
    uint32_t concurrent_streams;          /* 100 a connection, counted until the handler has finished */
    uint32_t header_list_bytes;           /* 8 KiB by name + value + 32 */
    uint32_t receive_message_bytes;       /* 4 MiB, also after inflating */
    uint32_t send_message_bytes;          /* 16 MiB */
    uint32_t decoded_message_bytes;       /* 64 MiB: the arena budget of one decoded message */
    uint32_t connection_memory_bytes;     /* 16 MiB of received, undelivered bytes a connection */
    uint32_t stream_window_bytes;         /* 64 KiB */
    uint32_t connection_window_bytes;     /* 1 MiB */
    uint32_t handshake_timeout_ms;        /* 10 s for TLS and preface, 10 s for the SETTINGS ACK, absolute */
    uint32_t header_block_timeout_ms;     /* 10 s */
    uint32_t first_message_timeout_ms;    /* 30 s until the message of a unary call begins */
    uint32_t send_stall_timeout_ms;       /* 60 s */
    uint32_t keepalive_time_ms;           /* 2 h */
    uint32_t keepalive_timeout_ms;        /* 20 s */
    uint32_t ping_interval_min_ms;        /* 5 min between PINGs before they are strikes; 2 strikes */
    uint32_t connection_idle_ms;          /* 15 min without a stream */
    uint32_t connection_age_ms;           /* 1 h, jitter 10 % */
    uint32_t connection_age_grace_ms;     /* 5 min */
    uint32_t message_timeout_ms;          /* 10 min from a message's first byte to its last */
};

/** What happens outside calls (for what happens in them: mrpc/interceptor.h), told on loop threads; each member may be
 *  NULL. */
struct mrpc_server_observer {
    void (*rejected)(void *arg, const char *reason, const char *peer);   /* a limit or a protocol fault; see faults */
    void (*log)(void *arg, int level, const char *text);                 /* 0 error … 3 debug */
    void *arg;
};

struct mrpc_server_options {
    size_t struct_bytes;                  /* sizeof(struct mrpc_server_options) */
    unsigned loops;                       /* 0: one a core */
    struct mrpc_limits limits;
    const struct mrpc_server_observer *observer;   /* copied */
    const char *product;                  /* for the server's own name in logs; NULL: "mrpc-c/x.y" */
};

struct mrpc_server;

/* Unless a function says otherwise: Thread: one at a time, the one that makes, starts, stops and frees the server;
 * none of its loops'. Ownership: options are copied; *@out is ended by mrpc_server_free(), after the stop. Errors:
 * MRPC_ERR_NOMEM, MRPC_ERR_INVALID when it comes too late, after the start, MRPC_ERR_SYSTEM, and those named. */

/** Errors: MRPC_ERR_NOMEM, MRPC_ERR_INVALID, MRPC_ERR_VERSION when libnghttp2 is older than 1.52.0. */
MRPC_API int mrpc_server_new(const struct mrpc_server_options *options, struct mrpc_server **out) MRPC_MUST_USE;

/** Add a service before the start; @handlers (the generated struct) and @self are borrowed until the server is freed.
 *  Prefer the generated, typed …__add_to_server(). Errors: MRPC_ERR_INVALID when the name is taken or it has
 *  started. */
MRPC_API int mrpc_server_add_service(struct mrpc_server *server, const struct mrpc_skeleton *skeleton,
                                     const void *handlers, void *self) MRPC_MUST_USE;

/** Listen on "HOST:PORT", "[V6]:PORT", "unix:PATH", "unix-abstract:NAME" or "fd:N"; port 0 lets the system choose.
 *  With @tls (borrowed until the server is freed) the listener speaks TLS only. *@bound, if not NULL, receives the
 *  malloc'ed real address. Errors: MRPC_ERR_ADDRESS, MRPC_ERR_IN_USE, MRPC_ERR_SYSTEM. */
MRPC_API int mrpc_server_listen(struct mrpc_server *server, const char *address, struct mrpc_tls *tls, char **bound)
    MRPC_MUST_USE;

/** Start the loops, threads of their own, and the acceptor, which is one more if there are several loops. */
MRPC_API int mrpc_server_start(struct mrpc_server *server) MRPC_MUST_USE;

/** Something for the end of a wake-up: see mrpc_server_defer(). The caller's memory, left alone until @run has it. */
struct mrpc_deferred {
    /** @list: all that were deferred one after another with this @run and @arg, in their order; its memory is the
     *  caller's again. What is deferred in it runs in the same wake-up. Thread: the loop's. */
    void (*run)(struct mrpc_deferred *list, void *arg);
    void *arg;
    struct mrpc_deferred *next;
};

/** For a handler or a callback of a call: have @deferred run once all that has come in this wake-up of the loop has
 *  been handled, before it waits again; for what costs less for several calls at once. Thread: a server's loop.
 *  Errors: MRPC_ERR_INVALID on any other, that of a session that the user drives included; nothing happens then. */
MRPC_API int mrpc_server_defer(struct mrpc_deferred *deferred) MRPC_MUST_USE;

/** Graceful end: stop accepting, GOAWAY(2^31-1) + PING, GOAWAY(last), serve what runs for at most @grace_ms, cancel the
 *  rest. Returns at once; @drained(arg) fires once, on a loop thread. A second call cuts the grace. Thread: any. */
MRPC_API void mrpc_server_drain(struct mrpc_server *server, uint32_t grace_ms, void (*drained)(void *arg), void *arg);

/** Cancel every call, close every connection, join the threads. Calls still held by handlers must be finished before or
 *  meanwhile; blocks until then. */
MRPC_API void mrpc_server_stop(struct mrpc_server *server);
MRPC_API void mrpc_server_free(struct mrpc_server *server);

/** Numbers at this moment. Thread: any. */
struct mrpc_server_stats {
    uint64_t connections;      /* open now */
    uint64_t streams;          /* open now */
    uint64_t calls_started;
    uint64_t calls_ended;
    uint64_t rejected;
};
MRPC_API void mrpc_server_stats(const struct mrpc_server *server, struct mrpc_server_stats *out);

/* grpc.health.v1 (Check, Watch, List). "" is the server itself. Setting is allowed from any thread, before and after
 * the start; drain sets everything NOT_SERVING for good. */
enum mrpc_serving { MRPC_SERVING_UNKNOWN = 0, MRPC_SERVING = 1, MRPC_NOT_SERVING = 2 };
MRPC_API int mrpc_server_enable_health(struct mrpc_server *server) MRPC_MUST_USE;
/** The state of @service; MRPC_SERVING_UNKNOWN when it was never set or health is not enabled. Thread: any. */
MRPC_API enum mrpc_serving mrpc_server_health(const struct mrpc_server *server, const char *service);
/** Thread: any. Errors: MRPC_ERR_INVALID when health is not enabled, MRPC_ERR_NOMEM. */
MRPC_API int mrpc_server_set_health(struct mrpc_server *server, const char *service, enum mrpc_serving state);

/** grpc.channelz.v1: this server, its sockets and connections, and the channels of the process. It shows peers'
 *  addresses and certificates: only where those who may call the server may know them. */
MRPC_API int mrpc_server_enable_channelz(struct mrpc_server *server) MRPC_MUST_USE;

/** grpc.reflection.v1 and v1alpha over every service of this server. */
MRPC_API int mrpc_server_enable_reflection(struct mrpc_server *server) MRPC_MUST_USE;

MRPC_END_DECLS
#endif

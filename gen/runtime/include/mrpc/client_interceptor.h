/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_INTERCEPTOR_H
#define MRPC_CLIENT_INTERCEPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/channel.h>

MRPC_BEGIN_DECLS

/* What stands between a program's calls and their channel: an ordered chain. Each interceptor sees
 *
 *     started, (submitted | half_closed | attempt_started | sent | headers | received | attempt_ended)*, ended
 *
 * of each call of the channel. What is for servers is mrpc/interceptor.h.
 *
 * Order: started runs first to last, and the first that refuses ends the call: those behind it never hear of it, and
 * nothing is sent. All other events run first to last too, but ended, which runs last to first. Whoever was started,
 * also the one that refused, is ended exactly once.
 *
 * Thread: started runs on the thread that makes the call, all others on the loop's, which they must not block; ended of
 * a call that could not begin on the thread that made it. */

/** A call that is about to begin. What is not const may be changed; all is borrowed for the callback. */
struct mrpc_client_start {
    const struct mrpc_method *method; /* another one must have the same messages and the same kind */
    const char *target;               /* the channel's, as it was given */
    const struct mrpc_call *parent;   /* the server's call on whose behalf it is made, or NULL */
    int64_t timeout_ms;               /* 0: none; negative: over */
    bool wait_for_ready;
    bool compress;
    struct mrpc_metadata *metadata; /* the program's; mrpc_metadata_add() adds to it */
    struct mrpc_arena *arena;       /* the call's: what lies in it lives as long as the call */
    const char *refusal;            /* the text of a refusal; in the arena, or constant */
    const char *authority;          /* the channel's */
};

/** A message that came or went. */
struct mrpc_client_message {
    size_t bytes;      /* its length; 0 of one that went compressed */
    size_t wire_bytes; /* as it travels: compressed or not, without gRPC's prefix of 5 bytes; 0 of one submitted */
    const void *data;  /* the message, encoded, not compressed; NULL of one that is sent */
};

struct mrpc_client_attempt_end {
    enum mrpc_code code;
    int64_t duration_us; /* from when it began to look for a connection */
    uint64_t sent_wire_bytes;
    uint64_t received_wire_bytes;
};

struct mrpc_client_end {
    enum mrpc_code code;
    const char *message;                  /* "" when there is none */
    const struct mrpc_metadata *trailers; /* may be empty */
    unsigned attempts;                    /* those not counted that no server had looked at */
    int64_t duration_us;
    bool began; /* false: it could not begin, and this is not the loop's thread */
    bool local; /* the program, its deadline or the end of its channel ended it, not its last attempt */
    const char *peer;           /* the address that its last attempt went to; "" when there was no connection */
    const uint8_t *details;     /* an encoded google.rpc.Status, or NULL */
    size_t details_bytes;
};

/** One kind of interceptor: a constant of its author. Members that are NULL see nothing and cost nothing. @state is
 *  state_bytes of the call's own, zeroed before started. */
struct mrpc_client_interceptor {
    size_t struct_bytes; /* sizeof(struct mrpc_client_interceptor) */
    const char *name;
    size_t state_bytes;
    /** May change @start, and may refuse: returns MRPC_OK, or the code with which the call ends. */
    enum mrpc_code (*started)(void *self, void *state, struct mrpc_client_start *start);
    /** An attempt has handed it to the connection. */
    void (*sent)(void *self, void *state, const struct mrpc_client_message *message);
    /** @previous attempts came before; of a hedged call several are under way at once. A stream that no server has
     *  looked at is sent again within the same attempt. */
    void (*attempt_started)(void *self, void *state, unsigned previous);
    void (*attempt_ended)(void *self, void *state, const struct mrpc_client_attempt_end *end);
    void (*received)(void *self, void *state, const struct mrpc_client_message *message);
    void (*ended)(void *self, void *state, const struct mrpc_client_end *end);
    /** Once, when the channel is freed; on the thread that frees it, or the loop's. */
    void (*detached)(void *self);
    /** The program has given a message, whatever attempts make of it; once, with its data. Those that are given while
     *  the call ends may go unsaid. Costs a copy of each message. */
    void (*submitted)(void *self, void *state, const struct mrpc_client_message *message);
    /** No further message comes from the program. */
    void (*half_closed)(void *self, void *state);
    /** The response's headers have come from @peer, its address; never for a response that is its status alone. */
    void (*headers)(void *self, void *state, const struct mrpc_metadata *headers, const char *peer);
};

/* Unless a function says otherwise: Thread: the one that makes the channel, before its first call. */

/** Put @interceptor at the end of the chain, before the channel's first call; it and @self are borrowed until the
 *  channel is freed. At most 16. Errors: MRPC_ERR_INVALID, MRPC_ERR_LIMIT. */
MRPC_API int mrpc_channel_add_interceptor(struct mrpc_channel *channel,
                                          const struct mrpc_client_interceptor *interceptor, void *self) MRPC_MUST_USE;

/** Pass on what a server's call brings to the calls that are made on its behalf (parent in mrpc_call_options): its
 *  deadline, unless the call's own is earlier, and its trace (mrpc/trace.h). @self is not used. */
MRPC_API extern const struct mrpc_client_interceptor mrpc_propagation;

MRPC_END_DECLS
#endif

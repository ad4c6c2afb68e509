/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_INTERCEPTOR_H
#define MRPC_INTERCEPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* What stands between a server's calls and their handlers: an ordered chain. Each interceptor sees
 *
 *     started, (received | half_closed | enter | leave | finished | headers | sent | cancelled)*, ended
 *
 * of each call of a method that exists. What is refused before (malformed head) is the runtime's own; of a call of a
 * method that is not there, unknown is the only event.
 * Everything that looks at calls is one of these: authentication, limits, logs, metrics, traces.
 *
 * Order: started runs first to last, and the first that refuses ends the call: those behind it, and the handler, never
 * hear of it. All other events run first to last too, but ended, which runs last to first. Whoever was started, also
 * the one that refused, is ended exactly once.
 *
 * Thread: everything runs on the call's loop thread, and must not block it. The call is not the interceptor's: it may
 * read it (identity, method, peer, request metadata, deadline, loop index), and more only where it says so here. */

/* Unless a function says otherwise: Thread: the call's loop's; what takes a server, the one that sets it up.
 * Ownership: what a call hands out is the call's and lives as long. */

/** A message that came or went. Borrowed for the callback. */
struct mrpc_call_message {
    size_t bytes;          /* its length */
    size_t wire_bytes;     /* as it travels: compressed or not, without gRPC's prefix of 5 bytes */
    const void *data;      /* the message, encoded, not compressed; NULL: not at hand, see message_data */
};

struct mrpc_call_traffic {
    uint64_t messages;
    uint64_t bytes;
    uint64_t wire_bytes;
};

/** How a call ended. Borrowed for the callback. */
struct mrpc_call_end {
    int code;                               /* what the peer is told, or would be if it were still there */
    const char *message;                    /* NULL: none */
    const void *details;                    /* an encoded google.rpc.Status, or NULL */
    size_t details_bytes;
    const struct mrpc_metadata *trailers;   /* those that were added; may be empty */
    bool cancelled;                         /* by its peer, its deadline, a fault in its request, or shutdown */
    bool trailers_only;                     /* no response headers were sent */
    int64_t duration_us;                    /* from the first header to the status, the reset or the loss */
    struct mrpc_call_traffic received, sent;
};

/** One kind of interceptor: a constant of its author. Members that are NULL see nothing and cost nothing. @state is
 *  state_bytes of the call's own, zeroed before started; it lives as long as the call and is found again with
 *  mrpc_call_state(). */
struct mrpc_interceptor {
    size_t struct_bytes;                    /* sizeof(struct mrpc_interceptor) */
    const char *name;                       /* "authentication" */
    size_t state_bytes;
    bool message_data;                      /* sent is to have data, whatever it costs */
    /** May refuse: returns 0, or a status code, best made with mrpc_call_fail() and its kin. Here, and only here, it
     *  may use the call's arena, add headers and trailers, and set the identity. */
    int (*started)(void *self, void *state, struct mrpc_call *call);
    void (*received)(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message);
    void (*half_closed)(void *self, void *state, struct mrpc_call *call);
    /** Response headers leave; @headers are those that were added. */
    void (*headers)(void *self, void *state, struct mrpc_call *call, const struct mrpc_metadata *headers);
    void (*sent)(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message);
    /** At most once, with what the call is cancelled with. A handler that holds it may go on for a while: ended comes
     *  when it has let go. */
    void (*cancelled)(void *self, void *state, struct mrpc_call *call, int code);
    void (*ended)(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end);
    /** Once, when the server is freed and has no calls any more; on the thread that frees it. */
    void (*detached)(void *self);
    /** A call of a method that the server does not have, or has no handler for, was answered UNIMPLEMENTED. The call is
     *  borrowed for the callback: it may be asked for its path, peer and loop index. */
    void (*unknown)(void *self, const struct mrpc_call *call, const struct mrpc_call_end *end);
    /** The handler is about to run (each time that it is given something: the opening of a stream, a message, its end),
     *  and has returned. For what belongs to a thread while it works for a call. */
    void (*enter)(void *self, void *state, struct mrpc_call *call);
    void (*leave)(void *self, void *state, struct mrpc_call *call);
    /** A call that its handler kept has been finished, with @code: the answer is on its way to the call's loop.
     *  Thread: the finisher's, the one exception. */
    void (*finished)(void *self, void *state, const struct mrpc_call *call, int code);
    /** The call is to wait without its arena and metadata (mrpc_call_forget_request()). True: @state points to nothing
     *  there, or not any more; after that the metadata are empty. NULL, as false: the call keeps everything. */
    bool (*forget)(void *self, void *state, struct mrpc_call *call);
};

/** For forget: always true. */
MRPC_API bool mrpc_interceptor_forgets(void *self, void *state, struct mrpc_call *call);

/** Put @interceptor at the end of the chain, before the start; it and @self are borrowed until the server is freed.
 *  Errors: MRPC_ERR_INVALID when the server has started, MRPC_ERR_NOMEM. */
MRPC_API int mrpc_server_add_interceptor(struct mrpc_server *server, const struct mrpc_interceptor *interceptor,
                                         void *self) MRPC_MUST_USE;

/** This call's state of the first interceptor of that kind; NULL when there is none. Thread: any, while the call is
 *  held; what is in it follows the interceptor's own rules. */
MRPC_API void *mrpc_call_state(const struct mrpc_call *call, const struct mrpc_interceptor *interceptor);

/** Say who calls, from started. Strings are borrowed until the call is destroyed: best in its arena. */
MRPC_API void mrpc_call_set_identity(struct mrpc_call *call, const struct mrpc_identity *identity);

/** End a call that runs, as its deadline would: the handler is told by on_cancel, the peer gets the status, or a reset
 *  when what it has not read yet stands before it. Nothing for a call that is over. For who lets calls in and finds
 *  that one must go: its caller's rights have ended. Ownership: @message is borrowed until the call is destroyed, best
 *  a constant.
 *  Thread: the loop's, not from within an interceptor or a handler; mrpc_call_post() gets there. */
MRPC_API void mrpc_call_abort(struct mrpc_call *call, enum mrpc_code code, const char *message);

/** The time as the call's loop knows it, in the clock of deadlines. Units: ms. Thread: the loop's. */
MRPC_API int64_t mrpc_call_now_ms(const struct mrpc_call *call);
/** The :authority of the request, "" when there is none. */
MRPC_API const char *mrpc_call_authority(const struct mrpc_call *call);

MRPC_END_DECLS
#endif

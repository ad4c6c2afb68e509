/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CHANNEL_H
#define MRPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>
#include <mrpc/credentials.h>
#include <mrpc/error.h>
#include <mrpc/message.h>
#include <mrpc/metadata.h>
#include <mrpc/resolver.h>
#include <mrpc/service.h>
#include <mrpc/service_config.h>
#include <mrpc/status.h>
#include <mrpc/tls.h>

MRPC_BEGIN_DECLS

/* The client side.
 *
 * A channel runs on an mrpc_loop: by default a library thread of its own (shared by all channels of the process), or
 * one that the program drives by fd, timeout and process(). Blocking forms wait from any other thread; on the loop's
 * own thread they return MRPC_ERR_WOULD_DEADLOCK. After fork a child may only exec.
 */

struct mrpc_call;
struct mrpc_loop;

/* Unless a function says otherwise: Thread: the one that drives the loop, one at a time. Ownership: *@out is ended
 * by its _free(). Errors: MRPC_ERR_NOMEM or MRPC_ERR_SYSTEM where an int may be negative. */

/** A loop that the program drives: wait until @fd is readable or the timeout has passed, then process(). */
MRPC_API int mrpc_loop_new(struct mrpc_loop **out) MRPC_MUST_USE;
MRPC_API int mrpc_loop_fd(const struct mrpc_loop *loop);
MRPC_API int mrpc_loop_timeout_ms(const struct mrpc_loop *loop);   /* -1: none */
MRPC_API int mrpc_loop_process(struct mrpc_loop *loop);
MRPC_API void mrpc_loop_free(struct mrpc_loop *loop);              /* after its channels */

/** How calls are spread over the addresses of a target. */
enum mrpc_balancing {
    MRPC_PICK_FIRST,           /* all on the first address that answers (Happy Eyeballs: RFC 8305) */
    MRPC_ROUND_ROBIN,          /* over all that answer, in turn */
    MRPC_WEIGHTED_ROUND_ROBIN, /* in proportion to the weights that the resolver gives */
};

struct mrpc_channel_options {
    size_t struct_bytes;
    struct mrpc_loop *loop;              /* NULL: the library's thread */
    struct mrpc_tls *tls;                /* borrowed; NULL: clear text */
    const char *authority;               /* NULL: from the target */
    const char *user_agent;              /* put before "mrpc-c/x.y" */
    const char *bearer_token;            /* sent as "authorization: Bearer …"; TLS, loopback and unix targets only */
    uint32_t receive_message_bytes;      /* 0: 4 MiB */
    uint32_t send_message_bytes;         /* 0: no limit */
    uint32_t connect_timeout_ms;         /* 0: 20 s an attempt */
    uint32_t backoff_base_ms;            /* 0: 1 s */
    uint32_t backoff_max_ms;             /* 0: 120 s */
    uint32_t keepalive_time_ms;          /* 0: off; at least 10 s */
    uint32_t keepalive_timeout_ms;       /* 0: 20 s */
    enum mrpc_balancing balancing;       /* unless a service config says otherwise */
    const struct mrpc_resolver *resolver;/* copied; NULL: by the target's scheme */
    void *resolver_arg;
    const char *service_config;          /* mrpc/service_config.h; NULL: none, unless a resolver brings one */
    bool no_retries;                     /* neither retries nor hedging, whatever a service config says */
    size_t retry_buffer_bytes;           /* 0: 1 MiB; a client stream that has sent more is not tried again */
    const struct mrpc_call_credentials *credentials; /* of every call, mrpc/credentials.h; borrowed; NULL: none */
    size_t retry_buffers_bytes;          /* 0: 16 MiB; of all calls, what was sent and is kept for another attempt: a
                                            call that sends beyond it is not tried again */
};

struct mrpc_channel;

/** IDLE: nothing was asked for yet, or the connection of pick_first is gone. TRANSIENT_FAILURE: no address answers; the
 *  channel tries again, and calls without wait_for_ready fail. Source: gRPC connectivity-semantics-and-api.md. */
enum mrpc_connectivity { MRPC_IDLE, MRPC_CONNECTING, MRPC_READY, MRPC_TRANSIENT_FAILURE, MRPC_SHUTDOWN };

/* Unless a function says otherwise: Thread: any; what blocks, any but the loop's. Ownership: what is given is
 * copied unless it says borrowed; *@out is the caller's and ended by its _free(). Errors: those named,
 * MRPC_ERR_NOMEM. */

/** Open a channel to "HOST:PORT", "dns:///HOST:PORT", "ipv4:A:P,A:P", "ipv6:[A]:P,[A]:P", "unix:PATH",
 *  "unix-abstract:NAME", or to what the resolver of the options understands: the authority is then what follows the
 *  last '/'. Connects on first use.
 *  Errors: MRPC_ERR_ADDRESS, MRPC_ERR_INVALID (of a service config mrpc_service_config_check() says why),
 *  MRPC_ERR_LIMIT, MRPC_ERR_NOMEM. Thread: any. */
MRPC_API int mrpc_channel_new(const char *target, const struct mrpc_channel_options *options,
                              struct mrpc_channel **out) MRPC_MUST_USE;
MRPC_API enum mrpc_connectivity mrpc_channel_state(const struct mrpc_channel *channel);
/** Leave IDLE without a call: begin to connect. Thread: any. */
MRPC_API void mrpc_channel_connect(struct mrpc_channel *channel);
/** Give up each connection, also one that is being made, on which nothing has come for @silent_ms: its calls end
 *  UNAVAILABLE, and what is called next connects anew. For a program that knows how soon an answer is due, and learns
 *  by its absence that a peer or a network has gone without a word; keepalive finds the same, later. A connection that
 *  only had nothing to do is given up, too. Returns at once. Thread: any. Units: 0: every connection. */
MRPC_API void mrpc_channel_give_up_silent(struct mrpc_channel *channel, uint32_t silent_ms);
/** Block until the state is another than @last, and return it in *@state. States that last for less than one wake-up of
 *  the loop may go unseen. Units: @timeout_ms, -1: for ever. Thread: any but the loop's.
 *  Errors: MRPC_ERR_AGAIN: the time is over; MRPC_ERR_WOULD_DEADLOCK; *@state is untouched. */
MRPC_API int mrpc_channel_wait_state(struct mrpc_channel *channel, enum mrpc_connectivity last, int64_t timeout_ms,
                                     enum mrpc_connectivity *state) MRPC_MUST_USE;

/** A watch over the state of a channel. */
struct mrpc_state_watch;
/** Call @changed with the present state, and again after each change; MRPC_SHUTDOWN is the last, when the channel is
 *  freed. It runs on the loop's thread, without a lock, and may free the channel or the watch.
 *  Thread: any. Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_channel_watch_state(struct mrpc_channel *channel,
                                      void (*changed)(void *arg, enum mrpc_connectivity state), void *arg,
                                      struct mrpc_state_watch **out) MRPC_MUST_USE;
/** End the watch; before the channel is freed, or after. @changed does not run any more when this has returned (on the
 *  loop's own thread: it does not begin to run any more). Thread: any. */
MRPC_API void mrpc_state_watch_free(struct mrpc_state_watch *watch);

/** Calls still open end CANCELLED. Blocks until the loop has let go (not on the loop's own thread). */
MRPC_API void mrpc_channel_free(struct mrpc_channel *channel);

struct mrpc_call_options {
    size_t struct_bytes;
    int64_t timeout_ms;                  /* 0: none */
    bool wait_for_ready;
    bool compress;                       /* gzip requests; mrpc_client_call_set_compression() spares single messages */
    const struct mrpc_metadatum *metadata;
    size_t metadata_count;
    const struct mrpc_call_credentials *credentials; /* beside the channel's; borrowed until the call has ended */
    const struct mrpc_call *parent;      /* the server's call on whose behalf it is made: see mrpc_propagation */
};

/** How a call ended and what it brought; everything lives in its arena.
 *  A caller zeroes it with MRPC_REPLY_INIT and releases it with mrpc_reply_fini(), whatever the call returned. */
struct mrpc_reply {
    struct mrpc_status status;
    struct mrpc_metadata headers;
    struct mrpc_metadata trailers;
    struct mrpc_arena *arena;
    bool compressed;                     /* the response, of a stream the message taken last, came compressed */
    unsigned attempts;                   /* made; those that no server had looked at are not counted */
};
#define MRPC_REPLY_INIT {MRPC_STATUS_INIT, {NULL, NULL, 0, 0}, {NULL, NULL, 0, 0}, NULL, false, 0}
MRPC_API void mrpc_reply_fini(struct mrpc_reply *reply);

/** Blocking unary call. Returns the response (in the reply's arena), or NULL and the reason in reply->status. A call
 *  on the loop's own thread fails with MRPC_INTERNAL and a text that says so. Thread: any but the loop's. Generated
 *  stubs are typed forms of this. */
MRPC_API const ProtobufCMessage *mrpc_channel_unary(struct mrpc_channel *channel, const struct mrpc_method *method,
                                                    const struct mrpc_call_options *options,
                                                    const ProtobufCMessage *request, struct mrpc_reply *reply);

/** Asynchronous unary call; the request is encoded before the function returns. @done runs exactly once, on the loop's
 *  thread, also for a call that could not start; @response is NULL unless the status is OK; both are valid in it
 *  only. */
MRPC_API void mrpc_channel_unary_async(struct mrpc_channel *channel, const struct mrpc_method *method,
                                       const struct mrpc_call_options *options, const ProtobufCMessage *request,
                                       void (*done)(void *arg, const ProtobufCMessage *response,
                                                    const struct mrpc_reply *reply),
                                       void *arg);

/** A call with streams, from the client's side. */
struct mrpc_client_call;

/** Callbacks of the asynchronous form, all on the loop's thread: on_headers?, on_message*, on_done. on_done is the last
 *  and comes exactly once; mrpc_client_call_free() is allowed in it. Members may be NULL but on_done. */
struct mrpc_client_events {
    void (*on_headers)(void *arg, struct mrpc_client_call *call, const struct mrpc_metadata *headers);
    /** Return true to take the next one, false to hold it back until mrpc_client_call_resume(). */
    bool (*on_message)(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message);
    void (*on_writable)(void *arg, struct mrpc_client_call *call);
    void (*on_done)(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers);
};

/* Unless a function says otherwise: Thread: one at a time for a call: the caller's in the blocking form, or any but
 * not two at once in the asynchronous one. Ownership: *@out is ended by mrpc_client_call_free(); messages that are
 * handed out are the call's. Errors: MRPC_ERR_NOMEM and those named. */

/** Start a call. @events NULL gives the blocking form. Errors: MRPC_ERR_NOMEM, MRPC_ERR_INVALID; anything else ends the
 *  call with a status. */
MRPC_API int mrpc_client_call_start(struct mrpc_channel *channel, const struct mrpc_method *method,
                                    const struct mrpc_call_options *options, const struct mrpc_client_events *events,
                                    void *arg, struct mrpc_client_call **out) MRPC_MUST_USE;

/** Start a call with its one request, sent and half-closed (server streaming): nothing is left to be done with the call
 *  that on_done, on another thread, may have freed by then. Else as mrpc_client_call_start(); also MRPC_ERR_INVALID
 *  when the request cannot be encoded. */
MRPC_API int mrpc_client_call_start_with(struct mrpc_channel *channel, const struct mrpc_method *method,
                                         const struct mrpc_call_options *options, const ProtobufCMessage *request,
                                         const struct mrpc_client_events *events, void *arg,
                                         struct mrpc_client_call **out) MRPC_MUST_USE;

/** Send one message, encoded before the function returns. Blocking form: waits for room. Asynchronous: MRPC_ERR_AGAIN,
 *  then on_writable. MRPC_ERR_DONE when the call has ended: finish() tells why. */
MRPC_API int mrpc_client_call_send(struct mrpc_client_call *call, const ProtobufCMessage *message) MRPC_MUST_USE;
/** Whether messages sent from now on are compressed, in a call whose options say compress; at first they are. A message
 *  that would become larger goes plain all the same. Thread: the sender's.
 *  Errors: MRPC_ERR_INVALID for turning it on in a call without compress, since the headers have not announced it. */
MRPC_API int mrpc_client_call_set_compression(struct mrpc_client_call *call, bool on);
MRPC_API int mrpc_client_call_half_close(struct mrpc_client_call *call);

/** Blocking: the next message, valid until the next recv or free; NULL at the end of the stream (then finish()). */
MRPC_API const ProtobufCMessage *mrpc_client_call_recv(struct mrpc_client_call *call);
/** Whether the message that recv() returned last, or that on_message is called with, came compressed.
 *  Thread: the reader's, or the loop's in on_message. */
MRPC_API bool mrpc_client_call_message_compressed(const struct mrpc_client_call *call);
MRPC_API void mrpc_client_call_resume(struct mrpc_client_call *call);

/** Blocking: half-close, drop further messages, wait for the status. @reply (may be NULL) receives it. Returns the
 *  code. */
MRPC_API int mrpc_client_call_finish(struct mrpc_client_call *call, struct mrpc_reply *reply);

/** Idempotent; the call still ends exactly once, with CANCELLED unless it had already ended. Thread: any. */
MRPC_API void mrpc_client_call_cancel(struct mrpc_client_call *call);
/** Cancels if still open. */
MRPC_API void mrpc_client_call_free(struct mrpc_client_call *call);

MRPC_END_DECLS
#endif

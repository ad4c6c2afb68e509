/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CALL_H
#define MRPC_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>
#include <mrpc/error.h>
#include <mrpc/message.h>
#include <mrpc/metadata.h>
#include <mrpc/service.h>
#include <mrpc/status.h>

MRPC_BEGIN_DECLS

/* A call as its server sees it.
 *
 * Life: the runtime makes the call when its headers are in, and runs the handler on the connection's loop thread.
 * The handler returns one of
 *     MRPC_OK (0)     done: the response (unary) or what was sent (streaming) is complete, status OK
 *     1..16           done: that status; mrpc_call_fail() makes it with a message
 *     MRPC_PENDING    later: exactly one mrpc_call_finish() follows, from any thread
 * Request, response and arena live until the call is finished and its bytes are encoded; after mrpc_call_finish() the
 * caller owns nothing of it. A handler never blocks its loop.
 *
 * Cancellation (the peer's reset, its deadline, loss of the connection, shutdown) calls on_cancel once. It is advice: a
 * pending call must still be finished once, and finishing it is then a no-op on the wire.
 *
 * Incoming messages of client-streaming and bidi calls are handed over one at a time, on the loop thread:
 *     open, message*, half_close?     each returns like a handler; MRPC_OK from open or message means "go on",
 * any status ends the call. MRPC_PENDING from message holds the next one back (and, the window not being given back,
 * the peer) until mrpc_call_resume(). The message lives until then. half_close returning MRPC_OK ends the call,
 * unless the handler has kept it (below).
 *
 * Whose such a call is between its events decides who ends it when it is cancelled. It is the runtime's, which fires
 * on_cancel and destroys the call, unless the handler has kept it: by MRPC_PENDING from open or half_close (until
 * mrpc_call_finish(); messages flow all the same), or by MRPC_PENDING from message (until resume). A handler that sends
 * from other threads keeps the call.
 */

#define MRPC_PENDING (-100)

enum mrpc_identity_kind {
    MRPC_IDENTITY_ANONYMOUS,
    MRPC_IDENTITY_UNIX,    /* name: "uid:1000" from SO_PEERCRED */
    MRPC_IDENTITY_TLS,     /* name: a URI or DNS subject alternative name of the client's certificate */
    MRPC_IDENTITY_TOKEN,   /* name: whom the token was given to */
};

/** Who calls. Borrowed from the call. */
struct mrpc_identity {
    enum mrpc_identity_kind kind;
    const char *name;          /* "" when anonymous */
    const char *const *roles;  /* role_count of them */
    size_t role_count;
};

struct mrpc_call;

/* Unless a function says otherwise: Thread: whoever holds the call: the handler, on the loop's thread, and after
 * MRPC_PENDING whoever is to finish it. Ownership: what a call hands out is the call's and is valid until it is
 * finished; texts given to it are copied. */

/** Memory that goes with the call: for the response and what it points to. Thread: the handler's. */
MRPC_API struct mrpc_arena *mrpc_call_arena(struct mrpc_call *call);
MRPC_API const struct mrpc_identity *mrpc_call_identity(const struct mrpc_call *call);
MRPC_API const struct mrpc_method *mrpc_call_method(const struct mrpc_call *call);
MRPC_API const struct mrpc_metadata *mrpc_call_request_metadata(const struct mrpc_call *call);
/** "127.0.0.1:41234", "[::1]:41234", "unix:". */
MRPC_API const char *mrpc_call_peer(const struct mrpc_call *call);
/** CLOCK_MONOTONIC in ms; INT64_MAX when there is none. */
MRPC_API int64_t mrpc_call_deadline_ms(const struct mrpc_call *call);
/** True from the moment on_cancel would fire. Thread: any. */
MRPC_API bool mrpc_call_cancelled(const struct mrpc_call *call);

/** A pointer of the handler's own, NULL at first; @release, if not NULL, is called once, on the loop thread, when the
 *  call is destroyed. */
MRPC_API void mrpc_call_set_data(struct mrpc_call *call, void *data, void (*release)(void *data));
MRPC_API void *mrpc_call_data(const struct mrpc_call *call);

/** Fires at most once, on the loop thread, never after the call is finished; at once if it is already cancelled.
 *  The callback may finish the call. Thread: the loop's, from the handler. */
MRPC_API void mrpc_call_on_cancel(struct mrpc_call *call, void (*callback)(void *arg, struct mrpc_call *call),
                                  void *arg);

/** Compose a failure: the message (and details) are kept in the call. Returns @code, for `return mrpc_call_fail(…)`.
 *  Name the field that is wrong: "instance.port: 0 is not in 1..65535". */
MRPC_API int mrpc_call_fail(struct mrpc_call *call, enum mrpc_code code, const char *format, ...) MRPC_PRINTF(3, 4);

/** Add a google.rpc detail to a failure; may be called several times, before or after mrpc_call_fail().
 *  @type_name as in "google.rpc.BadRequest"; the message is encoded at once. */
MRPC_API int mrpc_call_add_detail(struct mrpc_call *call, const struct mrpc_message_info *info,
                                  const ProtobufCMessage *detail);
/** The usual ones: BadRequest with one violation; RetryInfo; ErrorInfo (domain "mltrainer"); ResourceInfo. */
MRPC_API int mrpc_call_fail_field(struct mrpc_call *call, const char *field, const char *format, ...)
    MRPC_PRINTF(3, 4); /* INVALID_ARGUMENT, message "field: …", BadRequest */
MRPC_API int mrpc_call_fail_retry(struct mrpc_call *call, enum mrpc_code code, int64_t retry_after_ms,
                                  /* RetryInfo, and for clients that retry by themselves grpc-retry-pushback-ms (gRFC
                                   * A6) */
                                  const char *format, ...) MRPC_PRINTF(4, 5);

/** What the headers, and the trailers, of a response may take: name + value as on the wire + 32, added up. */
#define MRPC_RESPONSE_METADATA_MAX_BYTES 16384

/** Response metadata. Headers leave with the first message, or at once with mrpc_call_send_headers(). A client that
 *  asks for less by SETTINGS_MAX_HEADER_LIST_SIZE gets the trailers that fit; the status is always among them.
 *  Errors: as mrpc_metadata_add(), MRPC_ERR_LIMIT over MRPC_RESPONSE_METADATA_MAX_BYTES, MRPC_ERR_DONE when they have
 *  been sent. Thread: whoever holds the call. */
MRPC_API int mrpc_call_add_header(struct mrpc_call *call, const char *key, const void *value, size_t value_bytes);
MRPC_API int mrpc_call_add_trailer(struct mrpc_call *call, const char *key, const void *value, size_t value_bytes);
MRPC_API int mrpc_call_send_headers(struct mrpc_call *call);

/** Compress, or not, what is sent from now on. At first responses are as the requests: in their grpc-encoding if the
 *  client accepts it, else plain. Turning it on takes gzip, or deflate, whichever the client accepts, and must come
 *  before the headers leave; turning it off, for a secret or for what is compressed already, is possible at any time. A
 *  message that would become larger goes plain all the same. Thread: whoever holds the call.
 *  Errors: MRPC_ERR_DONE when the headers have left without an encoding; MRPC_ERR_INVALID when the client accepts none.
 *  Source: gRPC compression.md. */
MRPC_API int mrpc_call_set_compression(struct mrpc_call *call, bool on);
/** Whether the request message that the handler has (streams: that is being handed over) came compressed.
 *  Thread: the loop's, from the handler. */
MRPC_API bool mrpc_call_message_compressed(const struct mrpc_call *call);

/** Send one message of a streaming response; it is encoded before the function returns. Thread: any, one at a time.
 *  Errors: MRPC_ERR_AGAIN when more than the call's send buffer (64 KiB) is queued: nothing was taken, on_writable
 *  follows; MRPC_ERR_DONE when cancelled or finished; MRPC_ERR_INVALID when it cannot be encoded; MRPC_ERR_LIMIT when
 *  it is longer than the server sends. */
MRPC_API int mrpc_call_send(struct mrpc_call *call, const ProtobufCMessage *message) MRPC_MUST_USE;
/** Send bytes that are already an encoded message (fan-out encodes once). Thread: any, one at a time. Errors: as
 *  mrpc_call_send(). */
MRPC_API int mrpc_call_send_encoded(struct mrpc_call *call, const void *bytes, size_t size) MRPC_MUST_USE;
/** Fires on the loop thread each time the queue falls to half after an MRPC_ERR_AGAIN. May send and finish.
 *  Thread: the loop's, from the handler. */
MRPC_API void mrpc_call_on_writable(struct mrpc_call *call, void (*callback)(void *arg, struct mrpc_call *call),
                                    void *arg);

/** The handler has taken what it needs of the request, and the call is going to wait: request message, metadata,
 *  authority and all that lies in the arena go at once, unless something still needs them (a deadline, a header or
 *  detail that was added, an interceptor, a browser's dialect); with them goes most of what a call takes. The metadata
 *  are empty after that, and mrpc_call_arena() gives a new arena, or NULL without memory. Only for server streaming;
 *  else without effect.
 *  Thread: the loop's, from the handler, before anybody else has the call. */
MRPC_API void mrpc_call_forget_request(struct mrpc_call *call);

/** Take the next message after a message callback returned MRPC_PENDING. Thread: any. */
MRPC_API void mrpc_call_resume(struct mrpc_call *call);

/** Finish a pending call, once, from any thread. @code 0 sends the response given (unary, client streaming: required,
 *  it must live until the call is destroyed, best in its arena) or, for a stream, the trailers. Otherwise the status
 *  with the message of an earlier mrpc_call_fail(). After this the caller owns nothing of the call. */
MRPC_API void mrpc_call_finish(struct mrpc_call *call, int code, const ProtobufCMessage *response);

/** Run @task(arg) on the call's loop thread soon; for handlers that keep per-loop state. Thread: any. */
MRPC_API int mrpc_call_post(struct mrpc_call *call, void (*task)(void *arg), void *arg);
/** The index of that loop, 0 … loops - 1. */
MRPC_API unsigned mrpc_call_loop_index(const struct mrpc_call *call);

MRPC_END_DECLS
#endif

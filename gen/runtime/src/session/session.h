/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_SESSION_H
#define MRPC_SESSION_SESSION_H

#include <nghttp2/nghttp2.h>

#include <mrpc/session.h>

#include "base/timers.h"
#include "session/http_rules.h"
#include "session/limits.h"
#include "session/memory.h"
#include "session/output.h"
#include "wire/assembler.h"
#include "wire/base64_stream.h"
#include "wire/content_type.h"
#include "wire/encoding.h"
#include "wire/path.h"

/* One HTTP/2 connection of a server, and its streams as gRPC sees them. This layer knows frames, headers, messages,
 * windows and budgets; what a call is, is its owner's business (server/).
 *
 *     bytes -> preface.c -> h2.c, nghttp2 -> callbacks.c -> headers.c  request head        -> events->request
 *                        -> http1/connection.c           -> web.c      may a browser?
 *                                                        -> data.c     whole messages      -> events->message,
 *                                                        half_closed
 *                                                        -> budgets.c  what an HTTP/2 peer may do
 *     calls -> respond.c, send.c (queue a stream) -> h2.c or http1/ -> output.c (bytes of the connection)
 *     time  -> base/timers.c, keepalive.c, drain.c
 *
 * Two things vary. The protocol of a connection is its wire: what a session and its streams ask of it is struct
 * session_wire. The dialect of a stream says how a call lies in an HTTP message: gRPC, gRPC-Web, or no call at all but
 * a web request. Neither is known to the owner.
 */

struct mrpc_stream;
struct session_web;
struct web_route;
struct http1;

/** What the owner is told, on the thread that drives the session. For one stream: opened, then request or nothing, then
 *  message* and half_closed?, and closed exactly once, last; closed gives the stream's memory back to the owner. All
 *  but opened and rejected may answer, finish or reset the stream. */
struct session_events {
    /** A request begins: the stream embedded in a new call, zeroed but for its desk; NULL refuses it. */
    struct mrpc_stream *(*opened)(void *owner);
    /** A desk for the end of a stream that gave its own back, zeroed but for its arena, or NULL: out of memory. */
    struct stream_desk *(*desk)(struct mrpc_stream *stream);
    /** The request head is whole and is gRPC, or a web request if stream->route is set. That has one message, its
     *  body. */
    void (*request)(struct mrpc_stream *stream);
    /** One message, inflated, valid during the call. True: go on; false: hold until mrpc_stream_release(). */
    bool (*message)(struct mrpc_stream *stream, const uint8_t *bytes, size_t size);
    void (*half_closed)(struct mrpc_stream *stream);
    /** The peer broke a rule of gRPC inside this stream; it is to end with @code. @reason is static. */
    void (*fault)(struct mrpc_stream *stream, enum mrpc_code code, const char *reason);
    void (*deadline)(struct mrpc_stream *stream);
    /** The send queue has fallen to half of what it may hold. */
    void (*writable)(struct mrpc_stream *stream);
    void (*closed)(struct mrpc_stream *stream);
    /** A limit or a protocol fault; @reason is a static word. */
    void (*rejected)(void *owner, const char *reason);
    /** The address that the connection came in on, or NULL when it is not known. Borrowed until the next call. */
    const char *(*local_address)(void *owner);
};

/** How a call ends on the wire. What it points to lives until the stream is closed. */
struct stream_end {
    int code;
    const char *message;                    /* NULL or "": none */
    const uint8_t *details;                 /* an encoded google.rpc.Status, or NULL */
    size_t details_bytes;
    const struct mrpc_metadata *trailers;   /* NULL: none */
    bool list_encodings;                    /* say what we accept: grpc-accept-encoding */
    const char *pushback;                   /* ms as text, grpc-retry-pushback-ms; NULL: the client decides */
    const struct mrpc_metadata *headers;    /* Connect's one head has those too; NULL: none, or another dialect */
};

/** The head of an answer to a web request. The owner's, for as long as the stream. */
struct web_answer {
    char status[4];
    const char *content_type;    /* NULL: none */
    char length[21];             /* of the body, in digits; "": not known */
    bool bodiless;               /* nothing follows the head */
};

/* :status, content-type, grpc-encoding; grpc-status, grpc-message, grpc-status-details-bin, grpc-accept-encoding,
 * grpc-retry-pushback-ms. */
#define STREAM_OWN_HEADERS_MAX 8

/** What a stream needs while its request comes in and while its end is said. A call that waits long with all it needs
 *  of its request taken gives it back (mrpc_stream_clear_desk()) and is lent another for its end. */
struct stream_desk {
    struct mrpc_stream *stream;
    struct mrpc_arena *arena;               /* the owner's, for what the peer sends */

    /* The request head. */
    const char *path;                       /* with a NUL; NULL: none came */
    size_t path_bytes;
    struct mrpc_path name;
    const char *authority;
    struct mrpc_metadata metadata;
    size_t header_bytes;                    /* name + value + 32 each */
    struct http_rules rules;                /* HTTP/2's; HTTP/1.1 has a parser of its own */
    int64_t timeout_ms;                     /* -1: none */
    enum mrpc_encoding encoding;            /* of requests */
    unsigned accept_encodings;
    unsigned method_post : 1, bad_timeout : 1, bad_metadata : 1, bad_authority : 1, head_done : 1;
    const char *method;                     /* with a NUL, as all below; NULL: POST, or out of memory */
    const char *media_type;                 /* content-type, unless gRPC's */
    const char *origin;                     /* NULL: none, so probably not a browser */
    const char *cors_origin;                /* the same, if its pages may read the answer */
    const struct web_route *route;          /* a web request; NULL: a call */
    const struct web_answer *answer;        /* of a web request, set before its head is sent */
    struct mrpc_base64_stream text;         /* what of gRPC-Web's text form has come in part */
    const uint8_t *query_message;           /* of a Connect GET: its message, which has no body; else NULL */
    size_t query_message_bytes;

    const char *refusal_status;             /* not for us: what it is answered with when it has been sent */
    const char *refusal_text;
    const char *refusal_allow;              /* the methods that there are, or NULL */

    /* Incoming messages. */
    struct mrpc_assembler assembler;
    struct mrpc_buffer held;                /* bytes that came in while holding; their window is not given back */
    size_t kept_bytes;                      /* of messages that the owner keeps until the request is complete */
    size_t charged_bytes;                   /* of the connection's memory budget: all of these */
    struct mrpc_timer deadline;
    struct mrpc_timer message_timer;        /* the first message is to begin, then one that has begun is to end */

    /* The end of the response. */
    const struct mrpc_message_info *direct_info;  /* a last message that is encoded straight into the output */
    const ProtobufCMessage *direct;
    size_t direct_bytes;
    const nghttp2_nv *trailers;
    size_t trailer_count;
    nghttp2_nv own_trailers[STREAM_OWN_HEADERS_MAX];   /* last: not zeroed */
};

struct mrpc_stream {
    struct mrpc_session *session;           /* NULL before opened and after closed */
    struct mrpc_stream *next, *previous;    /* open streams of the session */
    struct mrpc_stream *next_writable;
    struct stream_desk *desk;               /* the owner's; NULL while it waits */
    int32_t id;
    enum mrpc_content_type content_type;
    enum mrpc_dialect dialect;
    enum mrpc_encoding response_encoding;

    unsigned last_frame : 1;                /* the DATA that is coming in has END_STREAM */
    unsigned remote_closed : 1;             /* END_STREAM has come */
    unsigned half_close_told : 1;
    unsigned holding : 1;                   /* the owner does not take messages now */
    unsigned delivering : 1;
    unsigned discarding : 1;                /* what still comes in is of no interest */
    unsigned message_begun : 1;             /* and is not whole: its time runs */

    unsigned headers_sent : 1;              /* submitted, that is */
    unsigned ended : 1;                     /* finish() or reset() was called */
    unsigned bodiless : 1;                  /* nothing follows the head */
    unsigned plain : 1;                     /* what follows the body is no HTTP trailers */
    unsigned deferred : 1;                  /* nghttp2 has been told to wait for resume */
    unsigned in_writable_list : 1;
    struct mrpc_chunk *first_chunk, *last_chunk;
    size_t queued_bytes;
    int64_t progressed_ms;                  /* when DATA last left, or the queue was last empty */
};

enum session_state {
    SESSION_PREFACE,     /* the client's magic is not whole */
    SESSION_OPEN,
    SESSION_FINISHED,    /* nothing more is read or called; output that is left may be sent */
};

struct session_counts {
    uint64_t streams_opened;
    uint64_t streams_succeeded, streams_failed;
    uint64_t messages_sent, messages_received;
    uint64_t keepalives_sent;
    int64_t last_stream_ms, last_sent_ms, last_received_ms;   /* 0: never */
    uint64_t data_frames_sent;
    uint64_t window_updates;
    unsigned empty_data_run;       /* consecutive DATA frames without payload */
    unsigned ping_strikes;
    int64_t last_ping_ms;
    struct session_bucket resets_received;
    struct session_bucket resets_sent;
    struct session_bucket settings;
    struct session_bucket priorities;
};

#define SESSION_ID_GAPS 4
#define SESSION_ENDED_IDS 16
/* The output takes no more frames once it holds this much: what a slow peer asked for stays with its streams. */
#define SESSION_OUTPUT_HIGH_BYTES (256u << 10)

/** What a session and its streams ask of the protocol of their connection. */
struct session_wire {
    void (*feed)(struct mrpc_session *session, const uint8_t *bytes, size_t size);
    /** Put what there is to say into the output, as far as that takes it. */
    void (*pull)(struct mrpc_session *session);
    bool (*want_read)(const struct mrpc_session *session);
    /** True when nothing is left to read or to say. */
    bool (*over)(const struct mrpc_session *session);
    void (*drain)(struct mrpc_session *session);
    /** The session is aborted: append what the peer is told. */
    void (*last_words)(struct mrpc_session *session, uint32_t code, const char *reason);
    /** Of a stream's response; the pseudo-header ":status" comes first. 0 or an error. */
    int (*head)(struct mrpc_stream *stream, const nghttp2_nv *head, size_t count);
    /** There is more to send, or the end, after the wire found the stream empty (deferred). */
    void (*resume)(struct mrpc_stream *stream);
    void (*reset)(struct mrpc_stream *stream, uint32_t code);
    /** So many bytes of the request's body have been used: the peer may send as many more. */
    void (*taken)(struct mrpc_stream *stream, size_t bytes);
};

struct mrpc_session {
    const struct session_wire *wire;
    nghttp2_session *h2;           /* NULL with HTTP/1.1 */
    struct http1 *http1;           /* NULL with HTTP/2 */
    const struct session_web *web;   /* NULL: gRPC only */
    const struct mrpc_limits *limits;
    struct session_memory *memory;
    const struct session_events *events;
    void *owner;
    enum session_state state;
    bool flushing;
    int64_t now_ms;

    struct mrpc_stream *streams;   /* open ones, newest first */
    struct mrpc_stream *recent;    /* the one that a callback asked for last, or NULL */
    size_t stream_count;
    struct mrpc_stream *writable;
    struct session_output output;
    struct mrpc_timers timers;

    uint8_t first[8];              /* the first bytes that came; preface.c */
    uint8_t first_bytes;           /* how many came before the state was open; more than 8 only of HTTP/2's preface */
    bool settings_acknowledged;
    bool said_goodbye;             /* the peer's GOAWAY without an error was refused for its stream id alone */
    bool http1_allowed;            /* who does not say the preface may be a speaker of HTTP/1.1 */
    const char *doom;              /* set inside a callback: abort with this reason when nghttp2 has returned */
    uint32_t doom_code;
    struct session_counts counts;
    int32_t last_stream_id;
    struct {
        int32_t first, last;
    } gaps[SESSION_ID_GAPS];       /* stream ids that the peer skipped; using one later is an error */
    unsigned gap_count;
    int32_t ended_ids[SESSION_ENDED_IDS];   /* the last that the peer has ended, each in the place of its number */
    uint8_t scan_head[16];         /* of the frame that is coming in, as far as it has */
    unsigned scan_head_bytes;
    size_t scan_skip_bytes;        /* of its payload, still to come */
    bool scan_block_open;          /* HEADERS, and not yet END_HEADERS */
    size_t charged_bytes;          /* received and undelivered, all streams */
    size_t queued_bytes;           /* what streams have to send, all streams */

    struct mrpc_timer handshake;   /* the preface, then the SETTINGS ACK */
    struct mrpc_timer header_block;   /* set while a frame or a header block has come in part */
    struct mrpc_timer keepalive;
    struct mrpc_timer idle;
    struct mrpc_timer age;
    struct mrpc_timer drain_step;
    struct mrpc_timer stall;
    int64_t idle_since_ms;         /* when the last stream closed */
    int64_t received_ms;           /* when bytes last came in */
    int64_t consumed_ms;           /* when output last left */
    enum { DRAIN_NO, DRAIN_NOTICED, DRAIN_LAST } drain;
    bool ping_out;                 /* a keepalive PING awaits its ACK */
};

/* For the owner ---------------------------------------------------------------------------------------------------- */

/** @memory is of the thread that drives the session. Errors: MRPC_ERR_NOMEM. */
int mrpc_session_init(struct mrpc_session *session, const struct mrpc_limits *limits, struct session_memory *memory,
                      const struct session_events *events, void *owner, int64_t now_ms) MRPC_MUST_USE;
/** Streams that are open are closed first, each with its event. */
void mrpc_session_fini(struct mrpc_session *session);

void mrpc_session_feed(struct mrpc_session *session, int64_t now_ms, const uint8_t *bytes, size_t size);
/** Fire what is due. */
void mrpc_session_run_timers(struct mrpc_session *session, int64_t now_ms);
/** Move what streams have to send into the output, as far as it may hold it. */
void mrpc_session_flush(struct mrpc_session *session);
/** End at once with GOAWAY(@code), debug data @reason (a static word), every stream cancelled. */
void mrpc_session_abort(struct mrpc_session *session, uint32_t code, const char *reason);

/** Send response headers; they leave with what follows. @headers may be NULL. */
int mrpc_stream_send_headers(struct mrpc_stream *stream, const struct mrpc_metadata *headers);
/** Queue framed bytes; takes over the caller's reference to @chunk. */
void mrpc_stream_send_chunk(struct mrpc_stream *stream, struct mrpc_chunk *chunk);
/** A chunk to which more may be appended before anything is flushed, or NULL when out of memory. */
struct mrpc_chunk *mrpc_stream_tail_chunk(struct mrpc_stream *stream);
void mrpc_stream_appended(struct mrpc_stream *stream, size_t bytes);
/** Queue the only message; it is encoded when its frame leaves, so it must live until closed. @bytes is its size. */
void mrpc_stream_send_direct(struct mrpc_stream *stream, const struct mrpc_message_info *info,
                             const ProtobufCMessage *message, size_t bytes);
/** End the stream after what is queued. Nothing may be sent after it. */
void mrpc_stream_finish(struct mrpc_stream *stream, const struct stream_end *end);
void mrpc_stream_reset(struct mrpc_stream *stream, uint32_t code);

/** Inside the message event: the owner keeps the message, decoded, until half_closed. It counts as unfinished unless
 *  its end is coming; the bytes that it was handed over as are gone. */
void mrpc_stream_keep(struct mrpc_stream *stream, size_t bytes);
/** The owner takes messages again. May call events. */
void mrpc_stream_release(struct mrpc_stream *stream);
/** The owner wants nothing more of what comes in. */
void mrpc_stream_discard(struct mrpc_stream *stream);
void mrpc_stream_set_deadline(struct mrpc_stream *stream, int64_t at_ms);
/** Its desk is in the way: nothing more comes in, it has no deadline, and the owner needs nothing of its request.
 *  Returns the desk, empty, or NULL: this stream needs it. */
struct stream_desk *mrpc_stream_clear_desk(struct mrpc_stream *stream);
/** See that it has one. False: out of memory. */
bool mrpc_stream_take_desk(struct mrpc_stream *stream);
/** Expect the first message within the limit; for requests that are one message. */
void mrpc_stream_expect_message(struct mrpc_stream *stream);

/* Between the session's files -------------------------------------------------------------------------------------- */

/** Inside an nghttp2 callback: remember to abort; return the result to nghttp2. */
int mrpc_session_doom(struct mrpc_session *session, uint32_t code, const char *reason);
void mrpc_session_reject(struct mrpc_session *session, const char *reason);

/* preface.c: take the first bytes of a connection, until its state is open or finished.
 * Returns how many were taken. */
size_t mrpc_preface_take(struct mrpc_session *session, const uint8_t *bytes, size_t size);

/* h2.c, callbacks.c */
extern const struct session_wire mrpc_wire_h2;
int mrpc_h2_begin(struct mrpc_session *session) MRPC_MUST_USE;
/** The peer's preface is whole. */
void mrpc_h2_take_magic(struct mrpc_session *session);
nghttp2_session *mrpc_session_h2_new(struct mrpc_session *session);

/* headers.c: one request head. */
int mrpc_headers_begin(struct mrpc_session *session, int32_t stream_id);
int mrpc_headers_add(struct mrpc_session *session, struct mrpc_stream *stream, const struct request_header *header);
void mrpc_headers_end(struct mrpc_stream *stream);

/* web.c: requests that a browser may have sent. True: answered, refused, or given to a route. */
bool mrpc_web_take(struct mrpc_stream *stream);
/** Refuse it when it has been sent; @word is for the observer. */
void mrpc_web_refuse_later(struct mrpc_stream *stream, const char *status, const char *text, const char *word);

/* connect.c: Connect's dialects. */
static inline bool mrpc_is_connect(const struct mrpc_stream *stream)
{
    return stream->dialect == MRPC_DIALECT_CONNECT || stream->dialect == MRPC_DIALECT_CONNECT_STREAM;
}
/** Take from the metadata of a head what is Connect's own. What is wrong with it, or NULL. */
const char *mrpc_connect_take_head(struct mrpc_stream *stream);
/** If it is a GET that carries a call in its query, make it that call. */
void mrpc_connect_take_get(struct mrpc_stream *stream);
/** The head, after which what is queued is all there is; of a failure its body too. Errors: negative. */
int mrpc_connect_finish(struct mrpc_stream *stream, const struct stream_end *end);
/** The payload of a stream's last frame. NULL: out of memory. */
struct mrpc_chunk *mrpc_connect_end_frame(const struct stream_end *end);

/* data.c: incoming messages of one stream. */
void mrpc_data_received(struct mrpc_stream *stream, const uint8_t *bytes, size_t size);
void mrpc_data_end(struct mrpc_stream *stream);
void mrpc_data_fini(struct mrpc_stream *stream);

/* send.c: move the first @length queued bytes of a stream into the output. 0, or what an nghttp2 callback returns. */
int mrpc_send_chunks(struct mrpc_stream *stream, size_t length);
/* What nghttp2 asks for when a stream may send. */
ssize_t mrpc_send_read(nghttp2_session *h2, int32_t stream_id, uint8_t *out, size_t length, uint32_t *flags,
                       nghttp2_data_source *source, void *user_data);
int mrpc_send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *head, size_t length,
                   nghttp2_data_source *source, void *user_data);
void mrpc_send_resume(struct mrpc_stream *stream);
void mrpc_send_fini(struct mrpc_stream *stream);

/* answer.c: plain HTTP. */
/** google/rpc/code.proto's HTTP status of a code. */
const char *mrpc_http_status_of(int code);
/** The refusal that was set. */
void mrpc_stream_refuse(struct mrpc_stream *stream);
/** A CORS preflight whose origin is listed; @asked_headers may be NULL. */
void mrpc_stream_answer_preflight(struct mrpc_stream *stream, const char *asked_headers);
/** A web request that has failed, before or after its head was sent. */
void mrpc_stream_fail_http(struct mrpc_stream *stream, const struct stream_end *end);

/* stream.c */
void mrpc_stream_open(struct mrpc_session *session, struct mrpc_stream *stream, int32_t id);
/** Unlink, release what is the session's, tell the owner. */
void mrpc_stream_close(struct mrpc_stream *stream);

/* stream_ids.c: look at the frame heads in bytes that nghttp2 gets next. False: the connection is doomed. */
bool mrpc_stream_id_scan(struct mrpc_session *session, const uint8_t *bytes, size_t size);

/* budgets.c: 0, or what the nghttp2 callback has to return. */
int mrpc_budget_frame_begins(struct mrpc_session *session, const nghttp2_frame_hd *head);
int mrpc_budget_frame_received(struct mrpc_session *session, const nghttp2_frame *frame);
int mrpc_budget_frame_sent(struct mrpc_session *session, const nghttp2_frame *frame);
/** What has come in ends inside a frame or a header block, or it does not: start or stop the clock. */
void mrpc_budget_half_way(struct mrpc_session *session, bool half_way);

/* keepalive.c: PINGs, idleness, age, and peers that stall. */
int mrpc_ping_received(struct mrpc_session *session, bool ack);
void mrpc_keepalive_start(struct mrpc_session *session);
void mrpc_stall_watch(struct mrpc_session *session);

/* drain.c */
void mrpc_drain_begin(struct mrpc_session *session);
void mrpc_drain_h2(struct mrpc_session *session);
void mrpc_drain_pinged(struct mrpc_session *session);

/** Set a timer relative to now. Errors: MRPC_ERR_NOMEM. */
int mrpc_session_after(struct mrpc_session *session, struct mrpc_timer *timer, int64_t after_ms,
                       void (*fire)(struct mrpc_timer *timer));

#define MRPC_CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif

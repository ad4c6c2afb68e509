/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_STREAM_H
#define MRPC_CLIENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>
#include <mrpc/metadata.h>
#include <mrpc/status.h>

#include "base/buffer.h"
#include "wire/assembler.h"

/* One attempt of a call on one connection: what the server's frames mean for it. No socket, clock or thread.
 *
 *     mrpc_client_stream_init → mrpc_client_session_open → headers? message* closed → (open again: a retry | fini)
 *
 * Response bytes are only put together into messages while the reader takes them: when message() returns false, what
 * still arrives is held as it came, its window is not given back, and so at most one stream window of it can come. */

struct mrpc_client_session;
struct mrpc_client_stream;

/** How an attempt ended. Everything is borrowed from the stream and its arena. */
struct mrpc_stream_end {
    enum mrpc_code code;
    const char *message;    /* "" when there is none */
    const uint8_t *details; /* encoded google.rpc.Status */
    size_t details_bytes;
    const struct mrpc_metadata *trailers;
    bool reset;       /* the code stands for an RST_STREAM, not for a status that was sent */
    bool unprocessed; /* the server has not looked at it: it may be sent again */
    bool never_sent;  /* not even its headers left */
    bool has_pushback; /* grpc-retry-pushback-ms came with the status */
    int32_t pushback_ms; /* negative, also when it could not be read: do not try again. gRFC A6 */
};

/** All called from within mrpc_client_session_* functions. In any of them the stream may be cancelled, in closed() also
 *  opened again; its memory must stay until the outermost session function has returned. */
struct mrpc_client_stream_events {
    /** Once at most: the response headers, in stream->headers. Not for a Trailers-Only reply. */
    void (*headers)(struct mrpc_client_stream *stream);
    /** One message, borrowed for the call. False holds the next one back until mrpc_client_stream_resume_reading(). */
    bool (*message)(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size);
    /** How many bytes are ready to be sent, and whether they are the last. */
    size_t (*outgoing)(struct mrpc_client_stream *stream, bool *last);
    /** Hand over the next @size of them, at most what outgoing() said. */
    void (*take)(struct mrpc_client_stream *stream, uint8_t *out, size_t size);
    /** Exactly once an open stream, unless it was cancelled. It is no longer open. */
    void (*closed)(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end);
};

enum mrpc_stream_phase {
    MRPC_STREAM_HEADERS,  /* nothing or informational headers so far */
    MRPC_STREAM_BODY,     /* headers are in */
    MRPC_STREAM_TRAILERS, /* a second header block has begun */
};

struct mrpc_client_stream {
    const struct mrpc_client_stream_events *events;
    struct mrpc_arena *arena; /* of metadata and status; the caller's, may be NULL while not open */
    struct mrpc_metadata headers;
    struct mrpc_metadata trailers;

    struct mrpc_client_session *session; /* NULL: not open */
    struct mrpc_client_stream *next;     /* the session's open streams */
    struct mrpc_client_stream **link;
    int32_t id;
    bool http2_open;   /* nghttp2 still knows the id */
    bool sent;         /* the HEADERS frame has been serialised */
    bool last_sent;    /* END_STREAM has been serialised */
    bool remote_ended; /* END_STREAM came; closed() waits for held bytes */
    bool holding;      /* message() said false */
    bool feeding;      /* inside message() */

    enum mrpc_stream_phase phase;
    int http_status;
    bool grpc_content;
    bool has_status;
    bool bad_status;
    enum mrpc_code status;
    const char *status_message;
    const uint8_t *details;
    size_t details_bytes;
    bool has_pushback;
    int32_t pushback_ms;
    size_t header_list_bytes;
    enum mrpc_code failure; /* what we found wrong while parsing; OK: nothing */
    const char *failure_text;
    struct mrpc_assembler assembler;
    struct mrpc_buffer held;
};

/** @receive_message_bytes: the largest message taken. */
void mrpc_client_stream_init(struct mrpc_client_stream *stream, const struct mrpc_client_stream_events *events,
                             size_t receive_message_bytes);
void mrpc_client_stream_fini(struct mrpc_client_stream *stream);
/** Of a stream that is not open. */
void mrpc_client_stream_set_limit(struct mrpc_client_stream *stream, size_t receive_message_bytes);

/* What the session tells its streams. */

/** Forget an earlier attempt. */
void mrpc_client_stream_begin(struct mrpc_client_stream *stream);
/** One header field of the response, :status included. */
void mrpc_client_stream_header(struct mrpc_client_stream *stream, const char *name, size_t name_bytes,
                               const char *value, size_t value_bytes);
/** The header block is complete. Returns false when the stream must be reset: failure and failure_text say why. */
bool mrpc_client_stream_headers_done(struct mrpc_client_stream *stream, bool end_stream) MRPC_MUST_USE;
/** Response bytes; *@consumed says how many of all that came may be given back to the window. False as above. */
bool mrpc_client_stream_data(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size,
                             size_t *consumed) MRPC_MUST_USE;
/** Put held bytes together, as far as the reader takes them. */
bool mrpc_client_stream_feed_held(struct mrpc_client_stream *stream, size_t *consumed) MRPC_MUST_USE;
/** The end after END_STREAM, or after a failure of our own. */
void mrpc_client_stream_conclude(const struct mrpc_client_stream *stream, struct mrpc_stream_end *end);

#endif

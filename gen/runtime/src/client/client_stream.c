/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_stream.h"

#include <string.h>

#include <mrpc/error.h>

#include "client/status_map.h"
#include "wire/base64.h"
#include "wire/content_type.h"
#include "wire/encoding.h"
#include "wire/metadata_wire.h"
#include "wire/percent.h"

/* What we announce as SETTINGS_MAX_HEADER_LIST_SIZE; name + value + 32 each, as RFC 9113 section 6.5.2 counts.
 * grpc-message is not counted: it is cut to MRPC_STATUS_MESSAGE_MAX_BYTES, and a long one must not fail the call. */
#define HEADER_LIST_MAX_BYTES (64 * 1024)
#define HEADER_OVERHEAD_BYTES 32

void mrpc_client_stream_init(struct mrpc_client_stream *stream, const struct mrpc_client_stream_events *events,
                             size_t receive_message_bytes)
{
    *stream = (struct mrpc_client_stream){.events = events};
    mrpc_assembler_init(&stream->assembler, receive_message_bytes, MRPC_ENCODING_IDENTITY);
}

void mrpc_client_stream_fini(struct mrpc_client_stream *stream)
{
    mrpc_assembler_fini(&stream->assembler);
    mrpc_buffer_fini(&stream->held);
}

void mrpc_client_stream_set_limit(struct mrpc_client_stream *stream, size_t receive_message_bytes)
{
    stream->assembler.limit_bytes = receive_message_bytes;
}

void mrpc_client_stream_begin(struct mrpc_client_stream *stream)
{
    const struct mrpc_client_stream_events *events = stream->events;
    struct mrpc_arena *arena = stream->arena;
    size_t limit_bytes = stream->assembler.limit_bytes;
    mrpc_client_stream_fini(stream);
    mrpc_client_stream_init(stream, events, limit_bytes);
    stream->arena = arena;
    stream->headers.arena = stream->trailers.arena = arena;
}

static void fail(struct mrpc_client_stream *stream, enum mrpc_code code, const char *text)
{
    if (stream->failure)
        return;
    stream->failure = code;
    stream->failure_text = text;
}

static bool name_is(const char *name, size_t size, const char *wanted)
{
    return size == strlen(wanted) && memcmp(name, wanted, size) == 0;
}

static void take_http_status(struct mrpc_client_stream *stream, const char *value, size_t size)
{
    /* nghttp2 has checked that it is three digits. */
    stream->http_status = size == 3 ? (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0') : 0;
}

static void take_grpc_status(struct mrpc_client_stream *stream, const char *value, size_t size)
{
    stream->has_status = true;
    stream->bad_status = !mrpc_code_from_text(value, size, &stream->status);
    if (stream->bad_status)
        stream->status = MRPC_UNKNOWN;
}

static void take_grpc_message(struct mrpc_client_stream *stream, const char *value, size_t size)
{
    char text[MRPC_STATUS_MESSAGE_MAX_BYTES + 1];
    mrpc_percent_decode(value, size, text);
    stream->status_message = mrpc_arena_strdup(stream->arena, text);
}

static void take_details(struct mrpc_client_stream *stream, const char *value, size_t size)
{
    uint8_t *bytes = mrpc_arena_alloc(stream->arena, mrpc_base64_decoded_bound(size));
    size_t decoded = 0;
    if (!bytes || mrpc_base64_decode(value, size, bytes, &decoded) != 0)
        return; /* details that cannot be read do not make the status less true */
    stream->details = bytes;
    stream->details_bytes = decoded;
}

static void take_pushback(struct mrpc_client_stream *stream, const char *value, size_t size)
{
    stream->has_pushback = true;
    stream->pushback_ms = mrpc_pushback_from_text(value, size);
}

static void take_encoding(struct mrpc_client_stream *stream, const char *value, size_t size)
{
    enum mrpc_encoding encoding = mrpc_encoding_parse(value, size);
    if (encoding == MRPC_ENCODING_UNKNOWN) {
        fail(stream, MRPC_INTERNAL, "the server's grpc-encoding is one that was not offered");
        return;
    }
    stream->assembler.encoding = encoding;
}

static void take_metadata(struct mrpc_client_stream *stream, const char *name, size_t name_bytes, const char *value,
                          size_t value_bytes)
{
    if (mrpc_metadata_reserved(name, name_bytes))
        return;
    struct mrpc_metadata *list = stream->phase == MRPC_STREAM_TRAILERS ? &stream->trailers : &stream->headers;
    int error = mrpc_metadata_add_wire(list, name, name_bytes, value, value_bytes);
    /* An entry that cannot be decoded is left out: odd metadata does not fail a call. */
    if (error == MRPC_ERR_NOMEM || error == MRPC_ERR_LIMIT)
        fail(stream, MRPC_RESOURCE_EXHAUSTED, "no memory for the response's metadata");
}

static bool count_header(struct mrpc_client_stream *stream, size_t name_bytes, size_t value_bytes)
{
    stream->header_list_bytes += name_bytes + value_bytes + HEADER_OVERHEAD_BYTES;
    if (stream->header_list_bytes <= HEADER_LIST_MAX_BYTES)
        return true;
    fail(stream, MRPC_RESOURCE_EXHAUSTED, "the response's header list is over 64 KiB");
    return false;
}

void mrpc_client_stream_header(struct mrpc_client_stream *stream, const char *name, size_t name_bytes,
                               const char *value, size_t value_bytes)
{
    if (name_is(name, name_bytes, "grpc-message")) {
        take_grpc_message(stream, value, value_bytes);
        return;
    }
    if (!count_header(stream, name_bytes, value_bytes))
        return;
    if (name_is(name, name_bytes, ":status"))
        take_http_status(stream, value, value_bytes);
    else if (name_is(name, name_bytes, "content-type"))
        stream->grpc_content = mrpc_content_type_parse(value, value_bytes) != MRPC_CONTENT_OTHER;
    else if (name_is(name, name_bytes, "grpc-status"))
        take_grpc_status(stream, value, value_bytes);
    else if (name_is(name, name_bytes, "grpc-status-details-bin"))
        take_details(stream, value, value_bytes);
    else if (name_is(name, name_bytes, "grpc-retry-pushback-ms"))
        take_pushback(stream, value, value_bytes);
    else if (name_is(name, name_bytes, "grpc-encoding"))
        take_encoding(stream, value, value_bytes);
    else
        take_metadata(stream, name, name_bytes, value, value_bytes);
}

static bool is_informational(const struct mrpc_client_stream *stream)
{
    return stream->http_status >= 100 && stream->http_status < 200;
}

/* A reply that is no gRPC: its body is a proxy's or web server's page, not messages. */
static void check_response(struct mrpc_client_stream *stream)
{
    if (stream->http_status != 200)
        fail(stream, mrpc_code_from_http(stream->http_status),
             mrpc_arena_printf(stream->arena, "the server answered with HTTP status %d", stream->http_status));
    else if (!stream->grpc_content)
        fail(stream, MRPC_UNKNOWN, "the server's content-type is not application/grpc");
}

bool mrpc_client_stream_headers_done(struct mrpc_client_stream *stream, bool end_stream)
{
    if (stream->failure)
        return false;
    if (stream->phase == MRPC_STREAM_HEADERS && !end_stream && is_informational(stream)) {
        stream->headers.count = 0;
        stream->header_list_bytes = 0;
        return true;
    }
    if (end_stream) {
        if (stream->phase == MRPC_STREAM_HEADERS) { /* Trailers-Only */
            stream->trailers = stream->headers;
            stream->headers = (struct mrpc_metadata){.arena = stream->arena};
        }
        stream->remote_ended = true;
        return true;
    }
    if (!stream->has_status)
        check_response(stream);
    stream->phase = MRPC_STREAM_BODY;
    if (stream->failure)
        return false;
    stream->events->headers(stream);
    return true;
}

/* Hand on the messages in @bytes. Returns how many of them were used up; the rest is to be held. */
static size_t feed(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    const uint8_t *message;
    size_t message_bytes, left = size;
    stream->feeding = true;
    while (!stream->holding && stream->session) {
        int got = mrpc_assembler_feed(&stream->assembler, &bytes, &left, &message, &message_bytes);
        if (got < 0)
            fail(stream, stream->assembler.code, stream->assembler.reason);
        if (got <= 0)
            break;
        if (!stream->events->message(stream, message, message_bytes))
            stream->holding = true;
    }
    stream->feeding = false;
    return size - left;
}

bool mrpc_client_stream_data(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size, size_t *consumed)
{
    *consumed = 0;
    if (!stream->holding && mrpc_buffer_size(&stream->held) == 0) {
        *consumed = feed(stream, bytes, size);
        bytes += *consumed;
        size -= *consumed;
    }
    if (stream->failure)
        return false;
    if (size > 0 && stream->session && mrpc_buffer_append(&stream->held, bytes, size) != 0)
        fail(stream, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return !stream->failure;
}

bool mrpc_client_stream_feed_held(struct mrpc_client_stream *stream, size_t *consumed)
{
    *consumed = feed(stream, mrpc_buffer_bytes(&stream->held), mrpc_buffer_size(&stream->held));
    mrpc_buffer_consume(&stream->held, *consumed);
    return !stream->failure;
}

static void conclude_status(const struct mrpc_client_stream *stream, struct mrpc_stream_end *end)
{
    end->code = stream->status;
    end->message = stream->status_message ? stream->status_message : "";
    end->details = stream->details;
    end->details_bytes = stream->details_bytes;
    if (stream->bad_status && !*end->message)
        end->message = "the server's grpc-status is not a number";
    if (end->code == MRPC_OK && !mrpc_assembler_at_boundary(&stream->assembler)) {
        end->code = MRPC_INTERNAL;
        end->message = "the stream ended inside a message";
    }
}

void mrpc_client_stream_conclude(const struct mrpc_client_stream *stream, struct mrpc_stream_end *end)
{
    *end = (struct mrpc_stream_end){.message = "",
                                    .trailers = &stream->trailers,
                                    .has_pushback = stream->has_pushback,
                                    .pushback_ms = stream->pushback_ms};
    if (stream->failure) {
        end->code = stream->failure;
        end->message = stream->failure_text ? stream->failure_text : "";
        return;
    }
    if (stream->has_status) {
        conclude_status(stream, end);
        return;
    }
    end->code = mrpc_code_from_http(stream->http_status);
    end->message = "the server ended the stream without a grpc-status";
    if (stream->http_status == 200)
        return;
    const char *text = mrpc_arena_printf(stream->arena, "the server answered with HTTP status %d", stream->http_status);
    end->message = text ? text : "the server did not answer with HTTP status 200";
}

/* SPDX-License-Identifier: Apache-2.0 */

/* The request head: headers one by one as nghttp2 decodes them, then the checks that decide whether this is a gRPC
 * call.
 * Source: gRPC PROTOCOL-HTTP2, "Requests"; HTTP answers for what is not gRPC as grpc-go gives them. */

#include <string.h>

#include "session/session.h"
#include "wire/metadata_wire.h"
#include "wire/timeout.h"

/* With a literal the compiler compares words: both lengths are known to it. */
static inline bool is(const char *name, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(name, text, strlen(text)) == 0;
}

int mrpc_headers_begin(struct mrpc_session *session, int32_t stream_id)
{
    struct mrpc_stream *stream = session->events->opened(session->owner);
    if (stream == NULL)
        return nghttp2_submit_rst_stream(session->h2, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
    mrpc_stream_open(session, stream, stream_id);
    session->recent = stream;
    return nghttp2_session_set_stream_user_data(session->h2, stream_id, stream);
}

static const char *keep(struct mrpc_stream *stream, const char *value, size_t size)
{
    char *copy = mrpc_arena_alloc(stream->desk->arena, size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, value, size);
    copy[size] = '\0';
    return copy;
}

static void add_path(struct mrpc_stream *stream, const char *value, size_t size)
{
    stream->desk->path = keep(stream, value, size);
    stream->desk->path_bytes = size;
}

static void add_method(struct mrpc_stream *stream, const char *value, size_t size)
{
    stream->desk->method_post = is(value, size, "POST");
    if (!stream->desk->method_post)
        stream->desk->method = keep(stream, value, size);
}

/* HTTP/2 has it from old clients, beside or instead of :authority; each comes once (http_rules.c). */
static void add_host(struct mrpc_stream *stream, const char *value, size_t size)
{
    if (stream->desk->authority == NULL)
        stream->desk->authority = keep(stream, value, size);
    else
        stream->desk->bad_authority |= !is(value, size, stream->desk->authority);
}

static void add_media_type(struct mrpc_stream *stream, const char *value, size_t size)
{
    stream->content_type = mrpc_content_type_parse_any(value, size, &stream->dialect);
    if (stream->content_type == MRPC_CONTENT_OTHER || mrpc_is_connect(stream))
        stream->desk->media_type = keep(stream, value, size);
}

/* The headers that mean something here. True when they are no metadata; what browsers and old clients of HTTP/2 send is
 * metadata too, as far as it may be. */
static bool add_known(struct mrpc_stream *stream, enum header_name known, const char *value, size_t size)
{
    switch (known) {
    case HEADER_OTHER:
        return false;
    case HEADER_METHOD:
        add_method(stream, value, size);
        return true;
    case HEADER_AUTHORITY:
        stream->desk->authority = keep(stream, value, size);
        return true;
    case HEADER_PATH:
        add_path(stream, value, size);
        return true;
    case HEADER_HOST:
        add_host(stream, value, size);
        return true;
    case HEADER_ORIGIN:
        stream->desk->origin = keep(stream, value, size);
        return false;
    case HEADER_CONTENT_TYPE:
        add_media_type(stream, value, size);
        return true;
    case HEADER_GRPC_TIMEOUT:
        stream->desk->bad_timeout |= mrpc_timeout_parse(value, size, &stream->desk->timeout_ms) != 0;
        return true;
    case HEADER_GRPC_ENCODING:
        stream->desk->encoding = mrpc_encoding_parse(value, size);
        return true;
    case HEADER_GRPC_ACCEPT_ENCODING:
        stream->desk->accept_encodings = mrpc_accept_encoding_parse(value, size);
        return true;
    default:
        return true;
    }
}

int mrpc_headers_add(struct mrpc_session *session, struct mrpc_stream *stream, const struct request_header *header)
{
    /* nghttp2 goes on decoding after a temporary failure, so that HPACK stays in step, without asking us again. */
    stream->desk->header_bytes += header->name_bytes + header->value_bytes + 32;
    if (stream->desk->header_bytes > session->limits->header_list_bytes) {
        mrpc_session_reject(session, "header_list");
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (stream->desk->head_done)
        return 0;   /* trailers of a request mean nothing in gRPC */
    if (add_known(stream, header->known, header->value, header->value_bytes))
        return 0;
    if (mrpc_metadata_add_wire(&stream->desk->metadata, header->name, header->name_bytes, header->value,
                               header->value_bytes) != 0)
        stream->desk->bad_metadata = 1;
    return 0;
}

/* Why this head is no call that we can serve; NULL when it is one. */
static const char *find_fault(struct mrpc_stream *stream, enum mrpc_code *code)
{
    *code = MRPC_UNIMPLEMENTED;
    if (stream->desk->path == NULL ||
        mrpc_path_split(stream->desk->path, stream->desk->path_bytes, &stream->desk->name) != 0)
        return "malformed method name";
    if (stream->content_type == MRPC_CONTENT_UNKNOWN)
        return "messages are protobuf or JSON here";
    if (stream->desk->encoding == MRPC_ENCODING_UNKNOWN)
        return "unsupported grpc-encoding";
    *code = mrpc_is_connect(stream) ? MRPC_INVALID_ARGUMENT : MRPC_INTERNAL;
    if (stream->desk->bad_timeout)
        return "malformed grpc-timeout";
    return stream->desk->bad_metadata ? "malformed metadata" : NULL;
}

/* What a speaker of plain HTTP is told. */
static bool refused(struct mrpc_stream *stream)
{
    if (!stream->desk->method_post && stream->desk->query_message == NULL)
        mrpc_web_refuse_later(stream, "405", "gRPC calls are POST requests\n", "not_grpc");
    else if (stream->content_type == MRPC_CONTENT_OTHER)
        mrpc_web_refuse_later(stream, "415", "the content-type of a gRPC call is application/grpc\n", "not_grpc");
    else if (stream->dialect == MRPC_DIALECT_GRPC && stream->session->http1 != NULL)
        mrpc_web_refuse_later(stream, "505", "gRPC needs HTTP/2; HTTP/1.1 carries gRPC-Web\n", "http1");
    else
        return false;
    return true;
}

void mrpc_headers_end(struct mrpc_stream *stream)
{
    stream->desk->head_done = 1;
    bool call = stream->desk->method_post && stream->dialect == MRPC_DIALECT_GRPC;
    if (!call || stream->desk->origin != NULL) {
        if (mrpc_web_take(stream))
            return;
    }
    if (refused(stream))
        return;
    enum mrpc_code code = MRPC_INVALID_ARGUMENT;
    const char *reason = mrpc_is_connect(stream) ? mrpc_connect_take_head(stream) : NULL;
    stream->desk->assembler.encoding = stream->desk->encoding;
    if (reason == NULL)
        reason = find_fault(stream, &code);
    if (reason != NULL)
        stream->session->events->fault(stream, code, reason);
    else
        stream->session->events->request(stream);
}

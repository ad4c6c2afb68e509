/* SPDX-License-Identifier: Apache-2.0 */

/* Plain HTTP out: what is refused, what has failed before it was answered, and CORS preflights. */

#include <stdio.h>
#include <string.h>

#include "session/header_list.h"
#include "session/session.h"

#define PREFLIGHT_MAX_AGE_S "7200"

void mrpc_header_add_cors(struct header_list *list, const struct mrpc_stream *stream)
{
    mrpc_header_add(list, "access-control-allow-origin", stream->desk->cors_origin);
    mrpc_header_add(list, "access-control-expose-headers", "*");
    mrpc_header_add(list, "vary", "origin");
}

static bool is_head(const struct mrpc_stream *stream)
{
    return stream->desk->method != NULL && strcmp(stream->desk->method, "HEAD") == 0;
}

static int queue_text(struct mrpc_stream *stream, const char *text)
{
    struct mrpc_chunk *chunk = mrpc_stream_tail_chunk(stream);
    if (chunk == NULL || mrpc_buffer_append(&chunk->bytes, text, strlen(text)) != 0)
        return MRPC_ERR_NOMEM;
    mrpc_stream_appended(stream, strlen(text));
    return 0;
}

/* A short text with a status; @allow may be NULL. */
static void answer(struct mrpc_stream *stream, const char *status, const char *text, const char *allow)
{
    nghttp2_nv entries[4 + ANSWER_CORS_HEADERS];
    struct header_list list = {.entries = entries};
    char length[24];
    (void)snprintf(length, sizeof(length), "%zu", strlen(text));
    mrpc_header_add(&list, ":status", status);
    mrpc_header_add(&list, "content-type", "text/plain");
    list.entries[list.count++] = mrpc_nv("content-length", length, strlen(length), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    if (allow != NULL)
        mrpc_header_add(&list, "allow", allow);
    if (stream->desk->cors_origin != NULL)
        mrpc_header_add_cors(&list, stream);
    stream->dialect = MRPC_DIALECT_HTTP;
    stream->bodiless = is_head(stream);
    if ((!stream->bodiless && queue_text(stream, text) != 0) ||
        stream->session->wire->head(stream, list.entries, list.count) != 0) {
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    stream->plain = 1;
    stream->ended = 1;
    stream->headers_sent = 1;
}

void mrpc_stream_refuse(struct mrpc_stream *stream)
{
    answer(stream, stream->desk->refusal_status, stream->desk->refusal_text, stream->desk->refusal_allow);
}

void mrpc_stream_answer_preflight(struct mrpc_stream *stream, const char *asked_headers)
{
    nghttp2_nv entries[4 + ANSWER_CORS_HEADERS];
    struct header_list list = {.entries = entries};
    mrpc_header_add(&list, ":status", "204");
    mrpc_header_add(&list, "access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    mrpc_header_add(&list, "access-control-max-age", PREFLIGHT_MAX_AGE_S);
    if (asked_headers != NULL)
        mrpc_header_add(&list, "access-control-allow-headers", asked_headers);
    mrpc_header_add_cors(&list, stream);
    mrpc_stream_discard(stream);
    stream->bodiless = 1;
    if (stream->session->wire->head(stream, list.entries, list.count) != 0) {
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    stream->ended = 1;
    stream->headers_sent = 1;
}

/* Source: google/rpc/code.proto, "HTTP Mapping". */
const char *mrpc_http_status_of(int code)
{
    switch (code) {
    case MRPC_INVALID_ARGUMENT:
    case MRPC_FAILED_PRECONDITION:
    case MRPC_OUT_OF_RANGE:
        return "400";
    case MRPC_UNAUTHENTICATED:
        return "401";
    case MRPC_PERMISSION_DENIED:
        return "403";
    case MRPC_NOT_FOUND:
        return "404";
    case MRPC_ALREADY_EXISTS:
    case MRPC_ABORTED:
        return "409";
    case MRPC_RESOURCE_EXHAUSTED:
        return "429";
    case MRPC_CANCELLED:
        return "499";
    case MRPC_UNIMPLEMENTED:
        return "501";
    case MRPC_UNAVAILABLE:
        return "503";
    case MRPC_DEADLINE_EXCEEDED:
        return "504";
    default:
        return "500";
    }
}

void mrpc_stream_fail_http(struct mrpc_stream *stream, const struct stream_end *end)
{
    if (stream->headers_sent)
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
    else
        answer(stream, mrpc_http_status_of(end->code), end->message != NULL ? end->message : "failed\n", NULL);
}

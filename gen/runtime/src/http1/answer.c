/* SPDX-License-Identifier: Apache-2.0 */

/* Answers out. A head is written when the first byte behind it is, so that an answer that is whole by then says how
 * long it is; one that is not goes out in chunks, or, to HTTP/1.0, ends with the connection. There is no Date: a
 * session has no clock that knows the day (RFC 9110 section 6.6.1). */

#include <stdio.h>

#include "http1/exchange.h"

#define CHUNK_MAX_BYTES (64u << 10)

void mrpc_http1_exchange_begin(struct http1 *http1, struct mrpc_stream *stream, const struct http1_head *head)
{
    mrpc_buffer_clear(&http1->fields, 0);
    mrpc_http1_body_begin(&http1->body, head);
    http1->stream = stream;
    http1->minor = head->minor;
    http1->waits = head->expects_continue;
    http1->head_request = head->method.size == 4 && memcmp(head->method.at, "HEAD", 4) == 0;
    http1->length_given = http1->head_written = http1->chunked = http1->cut = false;
    http1->close = head->close;
}

static const char *reason(const char *status)
{
    static const char *const texts[][2] = {
        {"200", "OK"},          {"204", "No Content"},        {"304", "Not Modified"},
        {"400", "Bad Request"}, {"401", "Unauthorized"},      {"403", "Forbidden"},
        {"404", "Not Found"},   {"409", "Conflict"},          {"429", "Too Many Requests"},
        {"405", "Method Not Allowed"}, {"408", "Request Timeout"}, {"413", "Content Too Large"},
        {"415", "Unsupported Media Type"}, {"417", "Expectation Failed"}, {"421", "Misdirected Request"},
        {"431", "Request Header Fields Too Large"}, {"500", "Internal Server Error"}, {"501", "Not Implemented"},
        {"503", "Service Unavailable"}, {"504", "Gateway Timeout"}, {"505", "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (strcmp(texts[i][0], status) == 0)
            return texts[i][1];
    return "";
}

static int put(struct mrpc_session *session, const char *text)
{
    return mrpc_output_append(&session->output, text, strlen(text));
}

void mrpc_http1_put_error(struct mrpc_session *session, const char *status, const char *text)
{
    char answer[512];
    (void)snprintf(answer, sizeof(answer),
                   "HTTP/1.1 %s %s\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: %zu\r\n\r\n%s\n",
                   status, reason(status), strlen(text) + 1, text);
    (void)!put(session, answer);
}

void mrpc_http1_put_continue(struct mrpc_session *session)
{
    const struct mrpc_stream *stream = session->http1->stream;
    if (!stream->headers_sent && !stream->ended && stream->desk->refusal_status == NULL)
        (void)!put(session, "HTTP/1.1 100 Continue\r\n\r\n");
}

static int put_field(struct http1 *http1, const nghttp2_nv *field)
{
    size_t size = field->namelen + field->valuelen + 4;
    char *out = (char *)mrpc_buffer_reserve(&http1->fields, size);
    if (out == NULL)
        return MRPC_ERR_NOMEM;
    out = mempcpy(out, field->name, field->namelen);
    out = mempcpy(out, ": ", 2);
    out = mempcpy(out, field->value, field->valuelen);
    memcpy(out, "\r\n", 2);
    mrpc_buffer_commit(&http1->fields, size);
    return 0;
}

int mrpc_http1_head(struct mrpc_stream *stream, const nghttp2_nv *head, size_t count)
{
    struct http1 *http1 = stream->session->http1;
    memcpy(http1->status, head[0].value, 3);
    for (size_t i = 1; i < count; i++) {
        if (put_field(http1, &head[i]) != 0)
            return MRPC_ERR_NOMEM;
        if (head[i].namelen == 14 && memcmp(head[i].name, "content-length", 14) == 0)
            http1->length_given = true;
    }
    return 0;
}

/* RFC 9110 section 8.6: these have no length of their own. */
static bool has_no_length(const struct http1 *http1)
{
    return strcmp(http1->status, "204") == 0 || strcmp(http1->status, "304") == 0 || http1->head_request;
}

/* How the body's end is told. */
static void frame_body(struct http1 *http1, const struct mrpc_stream *stream, char *out, size_t size)
{
    out[0] = '\0';
    if (http1->length_given || has_no_length(http1))
        return;
    if (stream->ended || stream->bodiless) {
        (void)snprintf(out, size, "content-length: %zu\r\n", stream->queued_bytes);
    } else if (http1->minor > 0) {
        http1->chunked = true;
        (void)snprintf(out, size, "transfer-encoding: chunked\r\n");
    }
}

static int write_head(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    char line[64], framing[48];
    http1->close |= http1->phase != HTTP1_ANSWER || session->drain != DRAIN_NO;
    frame_body(http1, http1->stream, framing, sizeof(framing));
    (void)snprintf(line, sizeof(line), "HTTP/1.1 %s %s\r\n", http1->status, reason(http1->status));
    http1->head_written = true;
    if (put(session, line) != 0 ||
        mrpc_output_append(&session->output, mrpc_buffer_bytes(&http1->fields), mrpc_buffer_size(&http1->fields)) !=
            0 ||
        put(session, framing) != 0 || (http1->close && put(session, "connection: close\r\n") != 0))
        return MRPC_ERR_NOMEM;
    mrpc_buffer_clear(&http1->fields, 0);
    return put(session, "\r\n");
}

static int write_piece(struct mrpc_session *session, size_t size)
{
    struct http1 *http1 = session->http1;
    char line[24];
    (void)snprintf(line, sizeof(line), "%zx\r\n", size);
    if (http1->chunked && put(session, line) != 0)
        return MRPC_ERR_NOMEM;
    if (mrpc_send_chunks(http1->stream, size) != 0)
        return MRPC_ERR_NOMEM;
    return http1->chunked ? put(session, "\r\n") : 0;
}

/* One step of the answer. > 0: go on; 0: nothing to be written now; < 0: out of memory. */
static int write_some(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    struct mrpc_stream *stream = http1->stream;
    if (stream == NULL)
        return 0;
    if (http1->cut) {
        mrpc_http1_exchange_over(session);
        return 0;
    }
    if (!stream->headers_sent)
        return 0;
    if (!http1->head_written)
        return write_head(session) == 0 ? 1 : -1;
    if (stream->queued_bytes > 0) {
        size_t size = stream->queued_bytes < CHUNK_MAX_BYTES ? stream->queued_bytes : CHUNK_MAX_BYTES;
        return write_piece(session, size) == 0 ? 1 : -1;
    }
    if (!stream->ended)
        return 0;
    if (http1->chunked && put(session, "0\r\n\r\n") != 0)
        return -1;
    mrpc_http1_exchange_over(session);
    mrpc_http1_advance(session);
    return 1;
}

void mrpc_http1_pull(struct mrpc_session *session)
{
    int wrote = 1;
    mrpc_http1_advance(session);
    while (wrote > 0 && session->state == SESSION_OPEN && session->output.pending_bytes < SESSION_OUTPUT_HIGH_BYTES)
        wrote = write_some(session);
    if (wrote < 0)
        mrpc_session_abort(session, NGHTTP2_INTERNAL_ERROR, "out_of_memory");
}

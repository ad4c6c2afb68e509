/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/http_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void bad(struct http_reply *reply, const char *error)
{
    reply->state = HTTP_REPLY_BAD;
    reply->error = error;
    reply->keeps_open = false;
}

bool http_reply_has_status(const struct http_reply *reply)
{
    return reply->state > HTTP_REPLY_HEADERS && reply->state != HTTP_REPLY_BAD;
}

/* --- the head ----------------------------------------------------------------------------------------------------- */

static void read_status_line(struct http_reply *reply)
{
    const char *line = reply->line;
    bool sane = reply->line_bytes >= 12 && strncmp(line, "HTTP/1.", 7) == 0 && (line[7] == '0' || line[7] == '1') &&
                line[8] == ' ' && strspn(line + 9, "0123456789") == 3 && (line[12] == ' ' || line[12] == '\0');
    if (!sane) {
        bad(reply, "not HTTP: bad status line");
        return;
    }
    reply->status = atoi(line + 9);
    reply->keeps_open = line[7] == '1';
    reply->chunked = reply->has_length = false;
    reply->rest = 0;
    reply->state = HTTP_REPLY_HEADERS;
}

/* The value of the header @name, NULL when the line is another. */
static const char *value_of(const char *line, const char *name)
{
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static void read_length(struct http_reply *reply, const char *value)
{
    char *end;
    unsigned long long length = strtoull(value, &end, 10);
    bool differs = reply->has_length && length != reply->rest;
    if (value[0] < '0' || value[0] > '9' || end[strspn(end, " \t")] || differs) {
        bad(reply, "not HTTP: bad Content-Length");
        return;
    }
    reply->has_length = true;
    reply->rest = length;
}

static void read_header(struct http_reply *reply)
{
    const char *value;
    if ((value = value_of(reply->line, "content-length")))
        read_length(reply, value);
    else if ((value = value_of(reply->line, "transfer-encoding")))
        reply->chunked = true; /* the only one that a client may meet without asking */
    else if ((value = value_of(reply->line, "connection")) && strcasestr(value, "close"))
        reply->keeps_open = false;
}

static void end_head(struct http_reply *reply)
{
    if (reply->status < 200) { /* an interim one: the final one follows */
        if (reply->status == 101)
            bad(reply, "status 101, which nobody asked for");
        else
            reply->state = HTTP_REPLY_STATUS_LINE;
        return;
    }
    if (reply->chunked && reply->has_length) /* two opinions on where it ends: smuggling (RFC 9112, 6.3) */
        reply->keeps_open = false;
    if (reply->status == 204 || reply->status == 304)
        reply->state = HTTP_REPLY_DONE;
    else if (reply->chunked)
        reply->state = HTTP_REPLY_CHUNK_SIZE;
    else if (reply->has_length && reply->rest == 0)
        reply->state = HTTP_REPLY_DONE;
    else
        reply->state = HTTP_REPLY_BODY;
    if (reply->state == HTTP_REPLY_BODY && !reply->has_length)
        reply->keeps_open = false;
}

/* --- chunks ------------------------------------------------------------------------------------------------------- */

static void read_chunk_size(struct http_reply *reply)
{
    char *end;
    unsigned long long size = strtoull(reply->line, &end, 16);
    size_t digits = strspn(reply->line, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 15 || end != reply->line + digits) {
        bad(reply, "not HTTP: bad chunk size");
        return;
    }
    reply->rest = size;
    reply->state = size ? HTTP_REPLY_CHUNK : HTTP_REPLY_TRAILERS;
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

static void take_line(struct http_reply *reply)
{
    if (reply->line_bytes && reply->line[reply->line_bytes - 1] == '\r')
        reply->line_bytes--;
    reply->line[reply->line_bytes] = '\0';
    bool is_empty = reply->line_bytes == 0;
    switch (reply->state) {
    case HTTP_REPLY_STATUS_LINE:
        read_status_line(reply);
        break;
    case HTTP_REPLY_HEADERS:
        if (is_empty)
            end_head(reply);
        else
            read_header(reply);
        break;
    case HTTP_REPLY_CHUNK_SIZE:
        read_chunk_size(reply);
        break;
    case HTTP_REPLY_CHUNK_END:
        if (is_empty)
            reply->state = HTTP_REPLY_CHUNK_SIZE;
        else
            bad(reply, "not HTTP: bad chunk");
        break;
    default: /* trailers */
        if (is_empty)
            reply->state = HTTP_REPLY_DONE;
    }
    reply->line_bytes = 0;
}

static void count_head(struct http_reply *reply)
{
    reply->head_bytes++;
    if (reply->state == HTTP_REPLY_STATUS_LINE && reply->line_bytes == sizeof reply->line - 1)
        bad(reply, "not HTTP: no status line");
    else if (reply->head_bytes > HTTP_REPLY_HEADERS_MAX)
        bad(reply, "headers over 16384 bytes");
}

static void take_line_byte(struct http_reply *reply, char byte)
{
    if (byte == '\n') {
        take_line(reply);
        return;
    }
    count_head(reply);
    if (reply->line_bytes < sizeof reply->line - 1)
        reply->line[reply->line_bytes++] = byte;
}

static size_t take_body(struct http_reply *reply, const char *bytes, size_t size)
{
    bool bounded = reply->chunked || reply->has_length;
    size_t taken = bounded && reply->rest < size ? (size_t)reply->rest : size;
    size_t room = reply->body_room - reply->body_bytes, kept = taken < room ? taken : room;
    if (kept)
        memcpy(reply->body + reply->body_bytes, bytes, kept);
    reply->body_bytes += kept;
    if (!bounded)
        return taken;
    reply->rest -= taken;
    if (reply->rest == 0)
        reply->state = reply->state == HTTP_REPLY_CHUNK ? HTTP_REPLY_CHUNK_END : HTTP_REPLY_DONE;
    return taken;
}

size_t http_reply_read(struct http_reply *reply, const char *bytes, size_t size)
{
    size_t at = 0;
    while (at < size && reply->state < HTTP_REPLY_DONE) {
        if (reply->state == HTTP_REPLY_BODY || reply->state == HTTP_REPLY_CHUNK)
            at += take_body(reply, bytes + at, size - at);
        else
            take_line_byte(reply, bytes[at++]);
    }
    return at;
}

void http_reply_end(struct http_reply *reply)
{
    if (reply->state == HTTP_REPLY_BODY && !reply->has_length)
        reply->state = HTTP_REPLY_DONE;
    else if (reply->state != HTTP_REPLY_DONE && reply->state != HTTP_REPLY_BAD)
        bad(reply, "connection closed early");
    reply->keeps_open = false;
}

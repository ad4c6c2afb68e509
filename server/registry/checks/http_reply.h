/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_HTTP_REPLY_H
#define REGISTRY_CHECKS_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one HTTP/1 reply as far as a check needs: the status, the beginning of the body, and where it ends, so that the
 * connection can be used again. Bytes in, state out; any cut of the input gives the same. Source: RFC 9112. */

enum { HTTP_REPLY_STATUS_LINE_MAX = 512, HTTP_REPLY_HEADERS_MAX = 16 * 1024, HTTP_REPLY_BODY_MAX = 4096 };

enum http_reply_state {
    HTTP_REPLY_STATUS_LINE,
    HTTP_REPLY_HEADERS,
    HTTP_REPLY_BODY, /* of rest bytes, or up to the end of the connection */
    HTTP_REPLY_CHUNK_SIZE,
    HTTP_REPLY_CHUNK,
    HTTP_REPLY_CHUNK_END,
    HTTP_REPLY_TRAILERS,
    HTTP_REPLY_DONE,
    HTTP_REPLY_BAD, /* reply->error says why */
};

struct http_reply {
    enum http_reply_state state;
    int status;          /* of the final reply, once the state is beyond HEADERS */
    const char *error;
    bool keeps_open;     /* the connection can be used again after DONE */
    bool chunked;
    bool has_length;
    uint64_t rest;       /* of the body, or of the chunk; without has_length and chunked: up to the end */
    size_t head_bytes;   /* status line and headers, interim replies among them */
    size_t line_bytes;
    char line[HTTP_REPLY_STATUS_LINE_MAX]; /* longer headers are cut, they are none that we look at */
    size_t body_bytes;   /* in body */
    size_t body_room;    /* 0: the body is only counted */
    char *body;          /* of the caller, body_room bytes */
};

/** Read @size bytes; returns how many belong to the reply. */
size_t http_reply_read(struct http_reply *reply, const char *bytes, size_t size);
/** Nothing comes any more. */
void http_reply_end(struct http_reply *reply);

/** The status is there and final. */
bool http_reply_has_status(const struct http_reply *reply);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_HTTP1_BODY_H
#define MRPC_HTTP1_BODY_H

#include <stdbool.h>

#include "http1/head.h"

/** The body of a request: so many bytes, or chunks (RFC 9112 section 7.1). */
struct http1_body {
    enum {
        BODY_DONE,
        BODY_COUNTED,     /* Content-Length: @left to come */
        BODY_SIZE,        /* the hexadecimal digits of a chunk's size */
        BODY_EXTENSION,   /* what follows them, ignored */
        BODY_SIZE_END,    /* its LF */
        BODY_CHUNK,
        BODY_CHUNK_CR,
        BODY_CHUNK_LF,
        BODY_TRAILERS,    /* ignored */
    } state;
    uint64_t left;
    unsigned digits;
    size_t overhead_bytes;    /* extensions and trailers so far, all chunks together */
    struct http1_scan scan;   /* of the trailers */
};

void mrpc_http1_body_begin(struct http1_body *body, const struct http1_head *head);

/** Take bytes from *@bytes until a piece of payload lies in *@piece (1), or all are taken or the body is done (0), or
 *  it is malformed (MRPC_ERR_MALFORMED; that stays). *@piece lies in the input. */
int mrpc_http1_body_feed(struct http1_body *body, const uint8_t **bytes, size_t *size, const uint8_t **piece,
                         size_t *piece_bytes) MRPC_MUST_USE;

#endif

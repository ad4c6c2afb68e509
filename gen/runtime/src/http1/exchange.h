/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_HTTP1_EXCHANGE_H
#define MRPC_HTTP1_EXCHANGE_H

#include <string.h>

#include "http1/body.h"
#include "session/session.h"

/* Between connection.c, which reads requests, and answer.c, which writes answers. */

struct http1 {
    struct mrpc_session *session;
    struct mrpc_stream *stream;    /* the request that is being read or answered, or NULL */
    struct mrpc_buffer in;         /* come in and not yet taken */
    struct mrpc_timer clock;       /* of the phase */
    enum { HTTP1_HEAD, HTTP1_BODY, HTTP1_ANSWER } phase;
    bool head_begun;               /* its first byte has come */
    size_t scanned;                /* of the head in @in */
    struct http1_scan scan;
    struct http1_body body;
    bool waits;                    /* it expects 100 Continue before it sends its body */
    int32_t requests;

    /* The answer. */
    struct mrpc_buffer fields;     /* of its head: lines, as they go out */
    char status[4];
    unsigned minor;
    bool head_request;             /* HEAD */
    bool length_given;             /* there is a content-length among the fields */
    bool head_written;
    bool chunked;
    bool close;                    /* this is the last exchange */
    bool cut;                      /* it was reset: close without an end */
};

extern const struct session_wire mrpc_wire_http1;

/* connection.c */
/** Take what has come in, as far as it can be taken now. */
void mrpc_http1_advance(struct mrpc_session *session);
/** The answer has been put into the output, or was cut: close the stream, and wait for a head or finish. */
void mrpc_http1_exchange_over(struct mrpc_session *session);

/* answer.c */
void mrpc_http1_exchange_begin(struct http1 *http1, struct mrpc_stream *stream, const struct http1_head *head);
int mrpc_http1_head(struct mrpc_stream *stream, const nghttp2_nv *head, size_t count);
void mrpc_http1_pull(struct mrpc_session *session);
/** An answer without a stream, the last. */
void mrpc_http1_put_error(struct mrpc_session *session, const char *status, const char *text);
/** 100 Continue, unless the request has been answered or refused already. */
void mrpc_http1_put_continue(struct mrpc_session *session);

#endif

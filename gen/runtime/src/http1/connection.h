/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_HTTP1_CONNECTION_H
#define MRPC_HTTP1_CONNECTION_H

#include <mrpc/attributes.h>

struct http1;
struct mrpc_session;

/* HTTP/1.1 as a session's wire. One request is served at a time: it is a stream like those of HTTP/2, so what is above
 * sees no difference. What a client sends ahead waits, bounded, until the answer has left.
 *
 *     HEAD ──whole──> BODY ──whole──> ANSWER ──answer has left──> HEAD        each phase but ANSWER has a time limit
 *       └─ malformed, late ─┴── the answer is the last, then the connection is closed */

/** The session has found that its peer speaks HTTP/1.1, or TLS has agreed on it: nghttp2 goes, this comes. Errors:
 *  MRPC_ERR_NOMEM, the session is then unchanged. */
int mrpc_http1_begin(struct mrpc_session *session) MRPC_MUST_USE;
void mrpc_http1_free(struct http1 *http1);

#endif

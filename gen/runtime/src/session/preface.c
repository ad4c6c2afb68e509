/* SPDX-License-Identifier: Apache-2.0 */

/* A client begins with 24 fixed bytes (RFC 9113 section 3.4). Whoever sends something else is not ours: a speaker of
 * HTTP/1 gets a line that it can show, anything else (TLS on the clear port, noise) is closed. Nothing of ours is sent
 * before the bytes have matched, so that such a line is the first that arrives. */

#include <string.h>

#include "session/session.h"

static const char http1_answer[] = "HTTP/1.1 505 HTTP Version Not Supported\r\n"
                                   "connection: close\r\n"
                                   "content-type: text/plain\r\n"
                                   "content-length: 37\r\n"
                                   "\r\n"
                                   "This port speaks gRPC over HTTP/2.\r\n\n";

static void refuse(struct mrpc_session *session, uint8_t first)
{
    bool text = first >= 'A' && first <= 'Z';   /* an HTTP/1 method; a TLS record begins with 22 */
    mrpc_output_clear(&session->output);
    if (text)
        (void)!mrpc_output_append(&session->output, http1_answer, sizeof(http1_answer) - 1);
    session->state = SESSION_FINISHED;
    mrpc_session_reject(session, text ? "http1" : "bad_preface");
}

bool mrpc_preface_check(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    size_t left = NGHTTP2_CLIENT_MAGIC_LEN - session->magic_bytes;
    size_t n = size < left ? size : left;
    if (n == 0)
        return true;
    if (memcmp(NGHTTP2_CLIENT_MAGIC + session->magic_bytes, bytes, n) != 0) {
        refuse(session, session->magic_bytes > 0 ? (uint8_t)'P' : bytes[0]);
        return false;
    }
    session->magic_bytes += n;
    if (session->magic_bytes == NGHTTP2_CLIENT_MAGIC_LEN)
        session->state = SESSION_OPEN;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_HTTP_RULES_H
#define MRPC_SESSION_HTTP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/request_header.h"

/** What a request must be to be HTTP at all, whatever it asks for. nghttp2 has such checks too; these take a third of
 *  their time, since each header's name is known and its bytes are not looked at one by one (docs/adr/018).
 *  Source: RFC 9113 section 8.1 to 8.3, RFC 9110 section 5 (names and values). */
struct http_rules {
    uint16_t seen;             /* http_rules.c */
    bool has_length;
    uint64_t length_bytes;     /* content-length, if there was one */
    uint64_t received_bytes;   /* of DATA */
};

enum http_verdict {
    HTTP_FINE,
    HTTP_ILLEGAL_FIELD,        /* bytes that a name or value may not have */
    HTTP_MALFORMED,
};

/** @trailer: it comes after the head. */
enum http_verdict mrpc_http_header(struct http_rules *rules, const struct request_header *header, bool trailer);
/** The head is whole: is it a request? */
bool mrpc_http_head_whole(const struct http_rules *rules);
/** DATA has come; false: more than was announced. */
static inline bool mrpc_http_data(struct http_rules *rules, size_t bytes)
{
    rules->received_bytes += bytes;
    return !rules->has_length || rules->received_bytes <= rules->length_bytes;
}
/** END_STREAM has come; false: less than was announced. */
static inline bool mrpc_http_ended(const struct http_rules *rules)
{
    return !rules->has_length || rules->received_bytes == rules->length_bytes;
}

#endif

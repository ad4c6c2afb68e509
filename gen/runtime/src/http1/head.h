/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_HTTP1_HEAD_H
#define MRPC_HTTP1_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* The head of an HTTP/1 request: a strict subset of RFC 9112, in which every head has one meaning only. What senders
 * differ about, and what request smuggling lives on, is refused: bare CR or LF, folded lines, blanks before a colon,
 * two lengths, a length beside a transfer coding. Why there is no library here: docs/adr/016-own-http1-parser.md. */

#define HTTP1_FIELDS_MAX 100

/** The line ends of a head that comes in pieces. A zeroed one is at the start of a head. */
struct http1_scan {
    uint8_t matched;   /* of CR LF CR LF */
};

/** Look at @bytes until the head's empty line has come; *@used says how many belong to the head. Returns 1 when it is
 *  whole, 0 when more is needed, MRPC_ERR_MALFORMED at a bare CR or LF or a control character. */
int mrpc_http1_scan(struct http1_scan *scan, const uint8_t *bytes, size_t size, size_t *used) MRPC_MUST_USE;

struct http1_text {
    const char *at;   /* not ended by a NUL */
    size_t size;
};

struct http1_field {
    struct http1_text name;    /* in lower case */
    struct http1_text value;   /* without blanks around it */
};

/** All texts lie in the bytes that were parsed. */
struct http1_head {
    struct http1_text method;
    struct http1_text target;      /* "/path?query", or "*" */
    struct http1_text authority;   /* Host, or that of an absolute target; empty in HTTP/1.0 without Host */
    unsigned minor;                /* HTTP/1.minor: 0 or 1 */
    bool close;                    /* the connection is not to be used again */
    bool expects_continue;
    bool chunked;
    bool has_length;
    uint64_t length;
    struct http1_field fields[HTTP1_FIELDS_MAX];
    size_t field_count;
};

/** Parse a whole head, its empty line included; names are lower-cased in place. Returns 0, or the HTTP status to answer
 *  with, its reason (static) in *@why: 400 malformed or ambiguous, 417 an expectation, 431 too many fields, 501 a
 *  transfer coding, 505 a version. */
int mrpc_http1_head_parse(char *bytes, size_t size, struct http1_head *out, const char **why) MRPC_MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_JSON_READER_H
#define MRPC_CODEC_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pull parser for JSON, strict as RFC 8259 and stricter where it leaves room: the text is UTF-8 without a byte order
 * mark, a lone surrogate is an error, nesting is bounded. It allocates nothing: a token points into the text, and a
 * string's escapes are undone when its reader asks for it.
 *
 *     value  = OBJECT (KEY value)* OBJECT_END | ARRAY value* ARRAY_END | STRING | NUMBER | TRUE | FALSE | NULL
 *     tokens = value END, or as much of it as is right and then ERROR
 *
 * ERROR and END repeat themselves. Thread: one at a time. */

#define MRPC_JSON_DEPTH_MAX 128 /* of any reader */
#define MRPC_JSON_NUMBER_MAX_BYTES 1024

enum mrpc_json_token {
    MRPC_JSON_ERROR,
    MRPC_JSON_END,
    MRPC_JSON_OBJECT,
    MRPC_JSON_OBJECT_END,
    MRPC_JSON_ARRAY,
    MRPC_JSON_ARRAY_END,
    MRPC_JSON_KEY,
    MRPC_JSON_STRING,
    MRPC_JSON_NUMBER,
    MRPC_JSON_TRUE,
    MRPC_JSON_FALSE,
    MRPC_JSON_NULL,
};

struct mrpc_json_reader {
    const char *text; /* borrowed */
    size_t size;
    size_t at; /* the first byte after the token; of an error, the byte that is wrong */

    enum mrpc_json_token token; /* what next() returned last */
    const char *raw;            /* STRING, KEY: between the quotes, checked; NUMBER: its digits */
    size_t raw_bytes;
    size_t decoded_bytes; /* STRING, KEY: without escapes */
    const char *reason;   /* ERROR: static text */

    unsigned depth;
    unsigned depth_limit;
    uint8_t expect;
    uint8_t in_array[MRPC_JSON_DEPTH_MAX / 8]; /* one bit a level: array, not object */
};

/** Read @text. @depth_limit: nested objects and arrays, at most MRPC_JSON_DEPTH_MAX, which 0 stands for. */
void mrpc_json_reader_init(struct mrpc_json_reader *reader, const char *text, size_t size, unsigned depth_limit);

/** The next token. */
enum mrpc_json_token mrpc_json_next(struct mrpc_json_reader *reader);

/** Having got the first token of a value (not a KEY), go to its last. False on an error in it. */
bool mrpc_json_skip(struct mrpc_json_reader *reader);

/** Write the decoded_bytes of a STRING or KEY to @out; no NUL is added. */
void mrpc_json_decode_string(const struct mrpc_json_reader *reader, char *out);
/** Whether a STRING or KEY says @text. */
bool mrpc_json_string_is(const struct mrpc_json_reader *reader, const char *text);

/** Make it an ERROR: what the program expected is not there. The first error stays. */
void mrpc_json_reject(struct mrpc_json_reader *reader, const char *reason);

#endif

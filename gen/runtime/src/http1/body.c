/* SPDX-License-Identifier: Apache-2.0 */
#include "http1/body.h"

#include <mrpc/error.h>

#define SIZE_DIGITS_MAX 15
#define OVERHEAD_MAX_BYTES 8192

void mrpc_http1_body_begin(struct http1_body *body, const struct http1_head *head)
{
    *body = (struct http1_body){.state = BODY_DONE};
    if (head->chunked) {
        body->state = BODY_SIZE;
    } else if (head->length > 0) {
        body->state = BODY_COUNTED;
        body->left = head->length;
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_size(struct http1_body *body, uint8_t c)
{
    int value = hex_value(c);
    if (value >= 0) {
        body->left = body->left << 4 | (unsigned)value;
        return ++body->digits > SIZE_DIGITS_MAX ? MRPC_ERR_MALFORMED : 0;
    }
    if (body->digits == 0 || (c != ';' && c != '\r'))
        return MRPC_ERR_MALFORMED;
    body->digits = 0;
    body->state = c == ';' ? BODY_EXTENSION : BODY_SIZE_END;
    return 0;
}

static int take_extension(struct http1_body *body, uint8_t c)
{
    if (c == '\r')
        body->state = BODY_SIZE_END;
    else if ((c < 0x20 && c != '\t') || c == 0x7f || ++body->overhead_bytes > OVERHEAD_MAX_BYTES)
        return MRPC_ERR_MALFORMED;
    return 0;
}

static int take_size_end(struct http1_body *body, uint8_t c)
{
    if (c != '\n')
        return MRPC_ERR_MALFORMED;
    body->state = body->left > 0 ? BODY_CHUNK : BODY_TRAILERS;
    body->scan.matched = 2;   /* the trailers begin behind a line's end */
    return 0;
}

static int take_trailer(struct http1_body *body, uint8_t c)
{
    size_t used;
    int got = mrpc_http1_scan(&body->scan, &c, 1, &used);
    if (got < 0 || ++body->overhead_bytes > OVERHEAD_MAX_BYTES)
        return MRPC_ERR_MALFORMED;
    if (got > 0)
        body->state = BODY_DONE;
    return 0;
}

static int expect(struct http1_body *body, uint8_t c, uint8_t expected, int next)
{
    if (c != expected)
        return MRPC_ERR_MALFORMED;
    body->state = next;
    return 0;
}

static int take_byte(struct http1_body *body, uint8_t c)
{
    switch (body->state) {
    case BODY_SIZE:
        return take_size(body, c);
    case BODY_EXTENSION:
        return take_extension(body, c);
    case BODY_SIZE_END:
        return take_size_end(body, c);
    case BODY_CHUNK_CR:
        return expect(body, c, '\r', BODY_CHUNK_LF);
    case BODY_CHUNK_LF:
        return expect(body, c, '\n', BODY_SIZE);
    case BODY_TRAILERS:
        return take_trailer(body, c);
    default:
        return MRPC_ERR_MALFORMED;
    }
}

static void take_piece(struct http1_body *body, const uint8_t **bytes, size_t *size, const uint8_t **piece,
                       size_t *piece_bytes)
{
    *piece = *bytes;
    *piece_bytes = body->left < *size ? (size_t)body->left : *size;
    *bytes += *piece_bytes;
    *size -= *piece_bytes;
    body->left -= *piece_bytes;
    if (body->left == 0)
        body->state = body->state == BODY_COUNTED ? BODY_DONE : BODY_CHUNK_CR;
}

int mrpc_http1_body_feed(struct http1_body *body, const uint8_t **bytes, size_t *size, const uint8_t **piece,
                         size_t *piece_bytes)
{
    while (*size > 0 && body->state != BODY_DONE) {
        if (body->state == BODY_COUNTED || body->state == BODY_CHUNK) {
            take_piece(body, bytes, size, piece, piece_bytes);
            return 1;
        }
        int error = take_byte(body, **bytes);
        if (error != 0)
            return error;   /* the byte is not taken, so it fails again */
        (*bytes)++;
        (*size)--;
    }
    return 0;
}

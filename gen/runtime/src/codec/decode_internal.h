/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_DECODE_INTERNAL_H
#define MRPC_CODEC_DECODE_INTERNAL_H

#include <limits.h>
#include <stdbool.h>

#include <mrpc/codec.h>

/* The decoder's state and its slow paths, kept out of the inner loop. */

struct mrpc_decoder {
    const uint8_t *start;
    struct mrpc_arena *arena;
    bool keep_unknown;
    int error;                        /* after a failure */
    struct mrpc_decode_error *report; /* may be NULL */
};

/** One message that is being decoded; lives on the C stack. */
struct mrpc_decode_scope {
    const struct mrpc_decode_scope *outer;
    const struct mrpc_message_info *info;
    uint8_t *message;
    uint64_t *required_seen; /* a bit a field; NULL when no field is required */
    unsigned depth_left;     /* this message included */
    unsigned field;          /* the one in progress, UINT_MAX between fields */
};

typedef const uint8_t *mrpc_decode_function(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                            const uint8_t *at, const uint8_t *end);

/** Record MRPC_ERR_MALFORMED with offset and path. Returns NULL. */
const uint8_t *mrpc_decode_fail(struct mrpc_decoder *decoder, const struct mrpc_decode_scope *scope, const uint8_t *at,
                                const char *reason);

/** Record MRPC_ERR_LIMIT or MRPC_ERR_NOMEM, as the arena says. Returns NULL. */
const uint8_t *mrpc_decode_out_of_memory(struct mrpc_decoder *decoder, const struct mrpc_decode_scope *scope,
                                         const uint8_t *at);

/** Skip, or keep, a field that the message does not have or that came with another wire type. */
const uint8_t *mrpc_decode_unknown(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope, uint32_t tag,
                                   const uint8_t *tag_at, const uint8_t *at, const uint8_t *end);

/** Run @decode_fields and check that every required field came. As in protobuf-c, each piece of a split message must
 *  be complete. */
const uint8_t *mrpc_decode_with_required(struct mrpc_decoder *decoder, struct mrpc_decode_scope *scope,
                                         const uint8_t *at, const uint8_t *end, mrpc_decode_function *decode_fields);

/** A map entry without key or value has their defaults; a missing message is an empty one. -1: no memory. */
int mrpc_decode_complete_entry(struct mrpc_arena *arena, const struct mrpc_message_info *info, ProtobufCMessage *entry);

#endif

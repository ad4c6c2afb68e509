/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_H
#define MRPC_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>
#include <mrpc/error.h>
#include <mrpc/message.h>

MRPC_BEGIN_DECLS

/* Protocol buffers, binary, over protobuf-c's structs. The input is hostile: depth and memory are bounded, time is
 * linear in the input. Unknown fields and fields with a wrong wire type are skipped (kept if asked), groups are
 * skipped, a string must be UTF-8 without NUL, the last singular value wins and singular sub-messages merge.
 * Source: protobuf.dev/programming-guides/encoding. */

/* Unless a function says otherwise: Thread: any, for each message and arena one at a time. Ownership: what is
 * written lies in the memory that the caller gives: an arena, or a buffer. */

struct mrpc_decode_options {
    unsigned depth_limit;      /* nested messages, the outermost is 1; 0 means 100 */
    unsigned keep_unknown;     /* 1: unknown fields go to base.unknown_fields */
};

/** Where and why decoding failed. */
struct mrpc_decode_error {
    size_t offset_bytes;       /* of the offending tag or byte in the input */
    char path[128];            /* "instance.checks[2].url"; cut with ".." when longer */
    const char *reason;        /* static text: "invalid UTF-8" */
};

/** Decode @size bytes into a message whose memory comes from @arena (the memory budget is the arena's).
 *  Strings are copied and NUL-terminated. Thread: any, one an arena. Ownership: *@out lives as long as the arena.
 *  Errors: MRPC_ERR_MALFORMED (@error filled, if given); MRPC_ERR_LIMIT when the arena's budget is spent,
 *  MRPC_ERR_NOMEM. *@out is untouched on failure. */
MRPC_API int mrpc_decode(const struct mrpc_message_info *info, const void *bytes, size_t size,
                         const struct mrpc_decode_options *options, struct mrpc_arena *arena, ProtobufCMessage **out,
                         struct mrpc_decode_error *error) MRPC_MUST_USE;

/** The exact size that mrpc_encode() will write. Errors: MRPC_ERR_LIMIT over 2 GiB, MRPC_ERR_INVALID for a string that
 *  is not UTF-8 or a message that is NULL inside a repeated field; @bad_field, if given, then names it. */
MRPC_API int mrpc_encoded_size(const struct mrpc_message_info *info, const ProtobufCMessage *message, size_t *size,
                               const char **bad_field) MRPC_MUST_USE;

/** Encode in field order, deterministically, into exactly the bytes that mrpc_encoded_size() counted. The message must
 *  not change between the two. Returns the end of what was written. -0.0 and strings are written in full. */
MRPC_API uint8_t *mrpc_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *out);

/** A deep copy of @message in @arena. Errors: MRPC_ERR_NOMEM, MRPC_ERR_LIMIT. */
MRPC_API int mrpc_message_copy(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                               struct mrpc_arena *arena, ProtobufCMessage **out) MRPC_MUST_USE;

MRPC_END_DECLS
#endif

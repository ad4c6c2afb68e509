/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_JSON_H
#define MRPC_JSON_H

#include <mrpc/codec.h>

MRPC_BEGIN_DECLS

/* The canonical JSON form of protocol buffers. Source: protobuf.dev/programming-guides/json. */

/* Unless a function says otherwise: Thread: any, for each message and arena one at a time. Ownership: *@out is
 * malloc'ed, the caller frees it. Errors: as mrpc_json_encode(). */

enum mrpc_json_flag {
    MRPC_JSON_INDENT = 1 << 0,         /* written: two spaces a level; else one line */
    MRPC_JSON_DEFAULTS = 1 << 1,       /* written: fields that hold their default too */
    MRPC_JSON_PROTO_NAMES = 1 << 2,    /* written: snake_case as in the .proto */
    MRPC_JSON_IGNORE_UNKNOWN = 1 << 3, /* read: pass over unknown fields and names of enum values, else refuse them */
};

struct mrpc_json_options {
    size_t struct_bytes;
    unsigned flags;                    /* enum mrpc_json_flag */
    unsigned depth_limit;              /* read: nested messages, the outermost is 1; 0 means 100 */
    /** The message that an Any holds, "google.rpc.BadRequest"; NULL: not known. An Any of a type that is not known has
     *  its bytes as they are, in base64, in the member "value". NULL: none is known. Thread: the caller's. */
    const struct mrpc_message_info *(*find)(void *arg, const char *full_name);
    void *arg;
};

/** Read a message, with memory from @arena, whose budget is the limit. @options may be NULL. What is in the text twice
 *  is refused, as are numbers that do not fit or are not whole where they must be. Both names of a field are known.
 *  Thread: any, one an arena. Ownership: *@out lives as long as the arena; @text is not needed any more.
 *  Errors: MRPC_ERR_MALFORMED (@error filled, if given: the offset is where reading stopped); MRPC_ERR_LIMIT when the
 *  arena's budget is spent; MRPC_ERR_NOMEM. *@out is untouched on failure. */
MRPC_API int mrpc_json_decode(const struct mrpc_message_info *info, const char *text, size_t size,
                              const struct mrpc_json_options *options, struct mrpc_arena *arena, ProtobufCMessage **out,
                              struct mrpc_decode_error *error) MRPC_MUST_USE;

/** Write a message; @options may be NULL. Ownership: *@out is malloc'ed, NUL-terminated, the caller frees it; *@size,
 *  if given, is its length. Errors: MRPC_ERR_NOMEM; MRPC_ERR_INVALID for what has no JSON form: a string that is not
 *  UTF-8, times out of their range, a message that is NULL in a list or contains itself. */
MRPC_API int mrpc_json_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                              const struct mrpc_json_options *options, char **out, size_t *size) MRPC_MUST_USE;

/** The same with flags alone. */
MRPC_API int mrpc_json_print(const struct mrpc_message_info *info, const ProtobufCMessage *message, unsigned flags,
                             char **out) MRPC_MUST_USE;

MRPC_END_DECLS
#endif

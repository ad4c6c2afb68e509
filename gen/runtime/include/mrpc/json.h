/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_JSON_H
#define MRPC_JSON_H

#include <mrpc/codec.h>

MRPC_BEGIN_DECLS

/* The canonical JSON form of protocol buffers. Source: protobuf.dev/programming-guides/json. */

enum mrpc_json_flag {
    MRPC_JSON_INDENT = 1 << 0,        /* two spaces a level; else one line */
    MRPC_JSON_DEFAULTS = 1 << 1,      /* write fields that hold their default too */
    MRPC_JSON_PROTO_NAMES = 1 << 2,   /* snake_case as in the .proto */
};

/** Ownership: *@out is malloc'ed, NUL-terminated, the caller frees it. Errors: MRPC_ERR_NOMEM, MRPC_ERR_INVALID. */
MRPC_API int mrpc_json_print(const struct mrpc_message_info *info, const ProtobufCMessage *message, unsigned flags,
                             char **out) MRPC_MUST_USE;

MRPC_END_DECLS
#endif

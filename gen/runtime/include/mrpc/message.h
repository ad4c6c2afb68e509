/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_MESSAGE_H
#define MRPC_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/* What protobuf-c's descriptors leave out and decoder, encoder and JSON need. protoc-gen-mrpc-c writes one constant
 * mrpc_message_info beside each message, named as the message's descriptor with __info for __descriptor:
 *     extern const struct mrpc_message_info helloworld__hello_request__info;                                        */

enum mrpc_field_flag {
    MRPC_FIELD_MAP = 1 << 0,       /* a repeated map entry: the last of equal keys wins */
    MRPC_FIELD_PRESENCE = 1 << 1,  /* set and default differ (proto2, proto3 optional, oneof, message) */
    MRPC_FIELD_UTF8 = 1 << 2,      /* a string whose bytes are checked */
    MRPC_FIELD_PACKED = 1 << 3,    /* the encoder packs it */
    MRPC_FIELD_REQUIRED = 1 << 4,  /* proto2 required */
};

/** Messages whose JSON form is special. */
enum mrpc_wellknown {
    MRPC_WELLKNOWN_NONE,
    MRPC_WELLKNOWN_ANY,
    MRPC_WELLKNOWN_DURATION,
    MRPC_WELLKNOWN_TIMESTAMP,
    MRPC_WELLKNOWN_FIELD_MASK,
    MRPC_WELLKNOWN_STRUCT,
    MRPC_WELLKNOWN_VALUE,
    MRPC_WELLKNOWN_LIST_VALUE,
    MRPC_WELLKNOWN_EMPTY,
    MRPC_WELLKNOWN_WRAPPER,
};

struct mrpc_message_info;

struct mrpc_field_info {
    const char *proto_name;                  /* as in the .proto; the descriptor's name may have been altered for C */
    const char *json_name;
    const struct mrpc_message_info *message; /* of a message or group field, else NULL */
    uint32_t flags;                          /* enum mrpc_field_flag */
};

struct mrpc_message_info {
    const ProtobufCMessageDescriptor *descriptor;
    const char *full_name;                   /* "helloworld.HelloRequest" */
    enum mrpc_wellknown wellknown;
    const struct mrpc_field_info *fields;    /* in the order of descriptor->fields */
    uint32_t required_count;                 /* fields with MRPC_FIELD_REQUIRED; always 0 in proto3 */
};

MRPC_END_DECLS
#endif

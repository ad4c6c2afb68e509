/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_JSON_DECODE_H
#define MRPC_CODEC_JSON_DECODE_H

#include <mrpc/json.h>

#include "codec/decode_internal.h"
#include "codec/json_reader.h"

/* JSON to messages: json_decode.c (messages, lists, maps), json_scalar.c, json_decode_wellknown.c. Every function finds
 * the reader at the first token of what it reads and leaves it at the last. */

struct mrpc_json_decoder {
    struct mrpc_decoder base; /* errors and memory, as of the binary decoder */
    struct mrpc_json_reader reader;
    struct mrpc_json_options options;
    size_t scanned_bytes; /* looked at ahead, for the types of Any */
};

enum mrpc_json_read {
    MRPC_JSON_READ_FAILED = -1,
    MRPC_JSON_READ_DONE = 0,
    MRPC_JSON_READ_NOTHING = 1, /* an unknown name of an enum value, which is to be ignored */
};

#define MRPC_JSON_NO_FIELD UINT_MAX

/** Record what is wrong: @reason, or what the reader found. */
enum mrpc_json_read mrpc_json_decode_fail(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                          const char *reason);
enum mrpc_json_read mrpc_json_decode_no_memory(struct mrpc_json_decoder *decoder,
                                               const struct mrpc_decode_scope *scope);

/** json_decode.c: a value of a message type, into @message, which is fresh. @outer: what it lies in. */
enum mrpc_json_read mrpc_json_decode_message(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *outer,
                                             const struct mrpc_message_info *info, void *message);
/** The members of an object as fields of @scope's message; @in_any: "@type" is none of them. */
enum mrpc_json_read mrpc_json_decode_object(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                            bool in_any);
/** A value of the field that @scope is at: singular, list or map. */
enum mrpc_json_read mrpc_json_decode_field(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope);
/** A message of @info, in its initial state. NULL: the failure is recorded. */
void *mrpc_json_decode_new(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                           const struct mrpc_message_info *info);
/** Whether @key, the reader's KEY, is to be passed over; else the failure is recorded. */
enum mrpc_json_read mrpc_json_decode_unknown(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope);

/** json_scalar.c: a value of any other type. */
enum mrpc_json_read mrpc_json_decode_scalar(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                            const ProtobufCFieldDescriptor *field, void *slot);
/** The key of a map, which the reader is at. */
enum mrpc_json_read mrpc_json_decode_map_key(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                             const ProtobufCFieldDescriptor *field, void *slot);
/** The reader's STRING or KEY as C text in the arena. NULL: the failure is recorded. */
char *mrpc_json_decode_text(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope);
/** Bytes in base64, of either alphabet, padded or not. */
enum mrpc_json_read mrpc_json_decode_bytes(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                           ProtobufCBinaryData *slot);
bool mrpc_json_is_null_value(const ProtobufCEnumDescriptor *descriptor);

/** json_decode_wellknown.c: whether messages of this kind have a form of their own. */
bool mrpc_json_is_special(enum mrpc_wellknown wellknown);
enum mrpc_json_read mrpc_json_decode_special(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope);

#endif

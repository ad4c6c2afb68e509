/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_ENCODE_H
#define MRPC_CODEC_ENCODE_H

#include <mrpc/codec.h>

/** Messages nested deeper than this are refused by mrpc_encoded_size(): a cycle of pointers ends there. */
#define MRPC_ENCODE_DEPTH_MAX 1000

/** Write @message so that it ends before @end and begins at *@start, not before @begin. Writing from the back needs no
 *  size of a sub-message before it is written. Errors: MRPC_ERR_AGAIN when there is not enough room, else as
 *  mrpc_encoded_size(), @bad_field too. What lies between @begin and @end is then undefined. */
int mrpc_encode_backward(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *begin,
                         uint8_t *end, uint8_t **start, const char **bad_field) MRPC_MUST_USE;

/** Write exactly the @size bytes that mrpc_encoded_size() has just counted and checked; returns their end. */
uint8_t *mrpc_encode_counted(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *out,
                             size_t size);

#endif

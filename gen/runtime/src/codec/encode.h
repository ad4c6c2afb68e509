/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_ENCODE_H
#define MRPC_CODEC_ENCODE_H

#include <mrpc/codec.h>

/** Messages nested deeper than this are refused by mrpc_encoded_size(): a cycle of pointers ends there. */
#define MRPC_ENCODE_DEPTH_MAX 1000

/** Write @message so that it ends before @end; there must be room for what mrpc_encoded_size() counted. Returns where it
 *  begins. Writing from the back needs no size of a sub-message before it is written. */
uint8_t *mrpc_encode_backward(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *end);

#endif

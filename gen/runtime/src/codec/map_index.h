/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_MAP_INDEX_H
#define MRPC_CODEC_MAP_INDEX_H

#include <mrpc/arena.h>
#include <mrpc/message.h>

/** Put @entry, a decoded map entry, into the map @field of @message, whose array has room for one more. An entry of
 *  the same key takes over @entry's value and @entry is kept as the spare for the next one. Constant time on average;
 *  keys are hashed with a secret of the process, so that a peer cannot choose colliding ones.
 *  Errors: -1 when memory or budget is out. */
int mrpc_map_put(struct mrpc_arena *arena, const ProtobufCFieldDescriptor *field, void *message,
                 ProtobufCMessage *entry) MRPC_MUST_USE;

/** An entry that an earlier put left over, or NULL; its contents are undefined. */
ProtobufCMessage *mrpc_map_take_spare(const ProtobufCFieldDescriptor *field, const void *message);

#endif

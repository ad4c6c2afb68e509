/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_PACKED_H
#define MRPC_CODEC_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/message.h>

/* Arrays of numbers, packed: loops with the type fixed outside. */

/** How many values @length bytes hold; never less than mrpc_packed_read() takes from them. */
size_t mrpc_packed_count(ProtobufCType type, const uint8_t *at, size_t length);

/** Read until @end or a bad value; returns where it stopped, *@count is how many were stored. */
const uint8_t *mrpc_packed_read(ProtobufCType type, const uint8_t *at, const uint8_t *end, void *values, size_t *count);

/** Bytes that @count values take, without tag and length. */
size_t mrpc_packed_size(ProtobufCType type, const void *values, size_t count);

/** Write them so that they end before @end; returns where they begin. */
uint8_t *mrpc_packed_write_backward(ProtobufCType type, const void *values, size_t count, uint8_t *end);

#endif

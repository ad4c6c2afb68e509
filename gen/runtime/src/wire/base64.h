/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_BASE64_H
#define MRPC_WIRE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* Base64 of RFC 4648 section 4. gRPC sends "-bin" metadata unpadded and accepts both forms; JSON pads. */

/** Characters that encoding @size bytes gives; at most SIZE_MAX / 2 bytes. */
size_t mrpc_base64_encoded_size(size_t size, bool pad);

/** Writes exactly mrpc_base64_encoded_size() characters, no NUL; returns the end. */
char *mrpc_base64_encode(const void *bytes, size_t size, bool pad, char *out);

/** An upper bound of what decoding @size characters gives. */
size_t mrpc_base64_decoded_bound(size_t size);

/** Decode one value, padded or not. Unused low bits of the last character are ignored, as grpc-go and C-core do.
 *  Errors: MRPC_ERR_MALFORMED for a character outside the alphabet, wrong padding or a lone character. */
int mrpc_base64_decode(const char *text, size_t size, uint8_t *out, size_t *out_bytes) MRPC_MUST_USE;

/** What the character stands for, 0..63, or -1. */
int mrpc_base64_value(unsigned char c);

#endif

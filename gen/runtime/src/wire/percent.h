/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_PERCENT_H
#define MRPC_WIRE_PERCENT_H

#include <stddef.h>

/* The percent-encoding of grpc-message. Source: gRPC PROTOCOL-HTTP2, "Status-Message". */

/** A decoded message is cut at this many bytes, at a character's edge. */
#define MRPC_STATUS_MESSAGE_MAX_BYTES 8192

/** Characters that encoding gives: printable ASCII but '%' stands for itself, all else becomes %XX. */
size_t mrpc_percent_encoded_size(const char *text, size_t size);

/** Writes exactly mrpc_percent_encoded_size() characters, no NUL; returns the end. */
char *mrpc_percent_encode(const char *text, size_t size, char *out);

/** Decode what a peer sent; never fails. Broken escapes and %00 stay as they are, bytes that are not UTF-8 become
 *  U+FFFD. @out has room for MRPC_STATUS_MESSAGE_MAX_BYTES + 1 and gets a NUL; returns the length. */
size_t mrpc_percent_decode(const char *text, size_t size, char *out);

#endif

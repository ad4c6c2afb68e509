/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_ADDRESS_H
#define MRPC_SERVER_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#include <mrpc/attributes.h>

/** Room for "[v6]:port" and "unix:" with a path. */
#define ADDRESS_TEXT_BYTES 128

/** A listening, non-blocking socket on "HOST:PORT", "[V6]:PORT", "unix:PATH", "unix-abstract:NAME" or "fd:N" (which is
 *  then ours). A stale socket file at PATH is replaced, a live one is not.
 *  Errors: MRPC_ERR_ADDRESS, MRPC_ERR_IN_USE, MRPC_ERR_SYSTEM. */
int mrpc_address_listen(const char *address, int *fd) MRPC_MUST_USE;

/** "127.0.0.1:50051", "[::1]:50051", "unix:PATH", "unix-abstract:NAME", "unix:" for a client without a name. */
void mrpc_address_format(const struct sockaddr *address, socklen_t length, char *text, size_t text_bytes);

#endif

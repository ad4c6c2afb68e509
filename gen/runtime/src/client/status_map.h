/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_STATUS_MAP_H
#define MRPC_CLIENT_STATUS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/status.h>

/** The status of a reply without grpc-status, from its HTTP status. Source: gRPC http-grpc-status-mapping.md. */
enum mrpc_code mrpc_code_from_http(int http_status);

/** The status of a stream that the peer reset. Source: gRPC PROTOCOL-HTTP2, "Errors". */
enum mrpc_code mrpc_code_from_reset(uint32_t http2_error_code);

/** The value of a grpc-status header: digits. False when it is none; a number outside 0..16 gives UNKNOWN. */
bool mrpc_code_from_text(const char *text, size_t size, enum mrpc_code *out);

/** The value of a grpc-retry-pushback-ms trailer: a signed 32-bit number without unnecessary zeros. -1 when it is none:
 *  the server is then taken to say no. Source: gRFC A6, "Pushback". */
int32_t mrpc_pushback_from_text(const char *text, size_t size);

/** "CANCEL", "REFUSED_STREAM"; "unknown error" for a number that RFC 9113 does not name. */
const char *mrpc_http2_error_name(uint32_t http2_error_code);

#endif

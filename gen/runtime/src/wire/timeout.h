/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_TIMEOUT_H
#define MRPC_WIRE_TIMEOUT_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* The value of grpc-timeout: 1 to 8 digits and one of H M S m u n. Source: gRPC PROTOCOL-HTTP2, "Timeout". */

/** The largest value that the wire can carry, 99999999H. Added to any clock it does not overflow. */
#define MRPC_TIMEOUT_MAX_MS (INT64_C(99999999) * 3600 * 1000)

/** Milliseconds, rounded up, so that only a zero timeout gives 0. Errors: MRPC_ERR_MALFORMED; *@timeout_ms is then
 *  untouched. */
int mrpc_timeout_parse(const char *text, size_t size, int64_t *timeout_ms) MRPC_MUST_USE;

#define MRPC_TIMEOUT_TEXT_BYTES 10

/** The finest unit that fits 8 digits, rounded up; negative counts as 0, too large as MRPC_TIMEOUT_MAX_MS. NUL follows;
 *  returns the length. */
size_t mrpc_timeout_format(int64_t timeout_ms, char out[MRPC_TIMEOUT_TEXT_BYTES]);

#endif

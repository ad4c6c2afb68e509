/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_STATUS_H
#define MRPC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/** The status codes of gRPC; the numbers are the wire's. Source: gRPC statuscodes.md. */
enum mrpc_code {
    MRPC_OK = 0,
    MRPC_CANCELLED = 1,
    MRPC_UNKNOWN = 2,
    MRPC_INVALID_ARGUMENT = 3,
    MRPC_DEADLINE_EXCEEDED = 4,
    MRPC_NOT_FOUND = 5,
    MRPC_ALREADY_EXISTS = 6,
    MRPC_PERMISSION_DENIED = 7,
    MRPC_RESOURCE_EXHAUSTED = 8,
    MRPC_FAILED_PRECONDITION = 9,
    MRPC_ABORTED = 10,
    MRPC_OUT_OF_RANGE = 11,
    MRPC_UNIMPLEMENTED = 12,
    MRPC_INTERNAL = 13,
    MRPC_UNAVAILABLE = 14,
    MRPC_DATA_LOSS = 15,
    MRPC_UNAUTHENTICATED = 16,
};

/* Unless a function says otherwise: Thread: one at a time for a status. Ownership: texts are copied;
 * mrpc_code_name() is constant. */

/** The name as in the specification, "NOT_FOUND"; "UNKNOWN" for a number outside 0..16. Thread: any. */
MRPC_API const char *mrpc_code_name(int code);

/** How a call ended.
 *  Ownership: message and details belong to the status and are released by mrpc_status_fini(). */
struct mrpc_status {
    enum mrpc_code code;
    char *message;        /* UTF-8, NULL when empty */
    uint8_t *details;     /* an encoded google.rpc.Status, NULL when there is none */
    size_t details_bytes;
};

#define MRPC_STATUS_INIT {MRPC_OK, NULL, NULL, 0}

/** Set code and formatted message, releasing what was there. A failed allocation keeps the code and drops the
 *  message. Returns @code. */
MRPC_API int mrpc_status_set(struct mrpc_status *status, enum mrpc_code code, const char *format, ...)
    MRPC_PRINTF(3, 4);
MRPC_API void mrpc_status_fini(struct mrpc_status *status);

MRPC_END_DECLS
#endif

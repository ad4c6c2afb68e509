/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_ERROR_H
#define MRPC_ERROR_H

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/** What a function of the library itself can return: 0, or one of these. A gRPC status is not among them: it belongs
 *  to a call (mrpc/status.h), these belong to the program that uses the library. */
enum mrpc_error {
    MRPC_ERR_NOMEM = -1,
    MRPC_ERR_INVALID = -2,         /* an argument breaks the function's contract */
    MRPC_ERR_DONE = -3,            /* the call has already ended */
    MRPC_ERR_AGAIN = -4,           /* no room now; on_writable follows */
    MRPC_ERR_WOULD_DEADLOCK = -5,  /* a blocking form was called on the loop's own thread */
    MRPC_ERR_ADDRESS = -6,         /* an address cannot be parsed or bound */
    MRPC_ERR_IN_USE = -7,          /* the address is in use */
    MRPC_ERR_TLS = -8,             /* certificate, key or TLS set-up */
    MRPC_ERR_LIMIT = -9,           /* a configured limit is reached */
    MRPC_ERR_MALFORMED = -10,      /* bytes that are not what they should be */
    MRPC_ERR_SYSTEM = -11,         /* a system call failed: errno */
    MRPC_ERR_CLOSED = -12,         /* the connection or object is closed */
    MRPC_ERR_VERSION = -13,        /* a library is too old to be safe */
};

/** A short English text for @error, e.g. "address in use". Thread: any. Ownership: constant. */
MRPC_API const char *mrpc_error_text(int error);

MRPC_END_DECLS
#endif

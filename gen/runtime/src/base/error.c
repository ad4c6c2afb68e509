/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/error.h>

const char *mrpc_error_text(int error)
{
    switch (error) {
    case 0:
        return "no error";
    case MRPC_ERR_NOMEM:
        return "out of memory";
    case MRPC_ERR_INVALID:
        return "invalid argument";
    case MRPC_ERR_DONE:
        return "call has ended";
    case MRPC_ERR_AGAIN:
        return "no room now";
    case MRPC_ERR_WOULD_DEADLOCK:
        return "blocking call on the loop's own thread";
    case MRPC_ERR_ADDRESS:
        return "address cannot be used";
    case MRPC_ERR_IN_USE:
        return "address in use";
    case MRPC_ERR_TLS:
        return "TLS set-up failed";
    case MRPC_ERR_LIMIT:
        return "limit reached";
    case MRPC_ERR_MALFORMED:
        return "malformed input";
    case MRPC_ERR_SYSTEM:
        return "system call failed";
    case MRPC_ERR_CLOSED:
        return "closed";
    case MRPC_ERR_VERSION:
        return "library too old";
    default:
        return "unknown error";
    }
}

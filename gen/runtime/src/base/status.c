/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *mrpc_code_name(int code)
{
    static const char *const names[] = {
        [MRPC_OK] = "OK",
        [MRPC_CANCELLED] = "CANCELLED",
        [MRPC_UNKNOWN] = "UNKNOWN",
        [MRPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
        [MRPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
        [MRPC_NOT_FOUND] = "NOT_FOUND",
        [MRPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
        [MRPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
        [MRPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
        [MRPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
        [MRPC_ABORTED] = "ABORTED",
        [MRPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
        [MRPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
        [MRPC_INTERNAL] = "INTERNAL",
        [MRPC_UNAVAILABLE] = "UNAVAILABLE",
        [MRPC_DATA_LOSS] = "DATA_LOSS",
        [MRPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
    };
    if (code < 0 || (size_t)code >= sizeof(names) / sizeof(names[0]))
        return "UNKNOWN";
    return names[code];
}

int mrpc_status_set(struct mrpc_status *status, enum mrpc_code code, const char *format, ...)
{
    char *message = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    if (message && message[0] == '\0') {
        free(message);
        message = NULL;
    }
    /* Only now: the arguments may point into the old message. */
    mrpc_status_fini(status);
    status->code = code;
    status->message = message;
    return code;
}

void mrpc_status_fini(struct mrpc_status *status)
{
    free(status->message);
    free(status->details);
    *status = (struct mrpc_status)MRPC_STATUS_INIT;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8/utf8.h"

static MRPC_PRINTF(2, 0) void write_text(struct fault *fault, const char *format, va_list args)
{
    vsnprintf(fault->text, sizeof fault->text, format, args);
    utf8_mend(fault->text);
}

int fault_set(struct fault *fault, enum mrpc_code code, const char *format, ...)
{
    if (!fault)
        return code;
    va_list args;
    va_start(args, format);
    *fault = (struct fault){.code = code};
    write_text(fault, format, args);
    va_end(args);
    return code;
}

int fault_field(struct fault *fault, const char *field, const char *format, ...)
{
    if (!fault)
        return MRPC_INVALID_ARGUMENT;
    va_list args;
    va_start(args, format);
    *fault = (struct fault){.code = MRPC_INVALID_ARGUMENT};
    snprintf(fault->field, sizeof fault->field, "%s", field);
    utf8_mend(fault->field);
    write_text(fault, format, args);
    va_end(args);
    return fault->code;
}

int fault_retry(struct fault *fault, enum mrpc_code code, int64_t retry_after_ms, const char *format, ...)
{
    if (!fault)
        return code;
    va_list args;
    va_start(args, format);
    *fault = (struct fault){.code = code, .retry_after_ms = retry_after_ms};
    write_text(fault, format, args);
    va_end(args);
    return code;
}

int fault_prefix(struct fault *fault, const char *format, ...)
{
    if (!fault)
        return MRPC_UNKNOWN;
    char old[sizeof fault->text];
    memcpy(old, fault->text, sizeof old);
    va_list args;
    va_start(args, format);
    write_text(fault, format, args);
    va_end(args);
    size_t used = strlen(fault->text);
    snprintf(fault->text + used, sizeof fault->text - used, ": %s", old);
    utf8_mend(fault->text);
    return fault->code;
}

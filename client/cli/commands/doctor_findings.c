/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "commands/doctor.h"

void doctor_find(struct doctor *doctor, Mltrainer__Admin__V1__Severity severity, const char *check, const char *remedy,
                 const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    Mltrainer__Admin__V1__Finding *finding = mrpc_arena_alloc(doctor->arena, sizeof *finding);
    if (!finding || doctor->count == DOCTOR_FINDINGS_MAX)
        return;
    mltrainer__admin__v1__finding__init(finding);
    finding->severity = severity;
    finding->check = mrpc_arena_strdup(doctor->arena, check);
    finding->text = mrpc_arena_strdup(doctor->arena, text);
    finding->remedy = mrpc_arena_strdup(doctor->arena, severity == DOCTOR_OK ? "" : remedy);
    if (finding->check && finding->text && finding->remedy)
        doctor->findings[doctor->count++] = finding;
}

void doctor_find_failure(struct doctor *doctor, const char *check, const struct mrpc_status *status)
{
    bool denied = status->code == MRPC_PERMISSION_DENIED || status->code == MRPC_UNAUTHENTICATED;
    doctor_find(doctor, denied ? DOCTOR_WARNING : DOCTOR_ERROR, check,
                denied ? "ask with a token of the role operator or admin (--token-file)" : "see the server's log",
                "could not be asked: %s", status->message ? status->message : mrpc_code_name(status->code));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <google/rpc/error_details.mrpc.h>
#include <google/rpc/status.mrpc.h>

#include "client.h"

enum { DETAILS_BYTES = 1 << 20 };

static const char *type_of(const Google__Protobuf__Any *any)
{
    const char *slash = strrchr(any->type_url, '/');
    return slash ? slash + 1 : any->type_url;
}

static void read_detail(struct mlt_error *error, const Google__Protobuf__Any *any, struct mrpc_arena *arena)
{
    ProtobufCMessage *message;
    const char *type = type_of(any);
    if (strcmp(type, "google.rpc.BadRequest") == 0) {
        if (mrpc_decode(&google__rpc__bad_request__info, any->value.data, any->value.len, NULL, arena, &message,
                        NULL) != 0)
            return;
        const Google__Rpc__BadRequest *bad = (const Google__Rpc__BadRequest *)message;
        if (bad->n_field_violations > 0)
            snprintf(error->field, sizeof error->field, "%s", bad->field_violations[0]->field);
    } else if (strcmp(type, "google.rpc.RetryInfo") == 0) {
        if (mrpc_decode(&google__rpc__retry_info__info, any->value.data, any->value.len, NULL, arena, &message, NULL) !=
            0)
            return;
        const Google__Rpc__RetryInfo *retry = (const Google__Rpc__RetryInfo *)message;
        if (retry->retry_delay)
            error->retry_after_ms = retry->retry_delay->seconds * 1000 + retry->retry_delay->nanos / 1000000;
    }
}

static void read_details(struct mlt_error *error, const struct mrpc_status *status)
{
    struct mrpc_arena *arena = mrpc_arena_new(DETAILS_BYTES);
    ProtobufCMessage *message;
    if (arena && mrpc_decode(&google__rpc__status__info, status->details, status->details_bytes, NULL, arena, &message,
                             NULL) == 0) {
        const Google__Rpc__Status *details = (const Google__Rpc__Status *)message;
        for (size_t i = 0; i < details->n_details; i++)
            read_detail(error, details->details[i], arena);
    }
    mrpc_arena_free(arena);
}

int client_fail(struct mlt_error *error, const struct mrpc_status *status)
{
    if (!error)
        return (int)status->code;
    *error = (struct mlt_error){.code = (int)status->code};
    snprintf(error->message, sizeof error->message, "%s",
             status->message ? status->message : mrpc_code_name(status->code));
    if (status->details_bytes > 0)
        read_details(error, status);
    return error->code;
}

int client_fail_text(struct mlt_error *error, int code, const char *format, ...)
{
    if (!error)
        return code;
    va_list args;
    va_start(args, format);
    *error = (struct mlt_error){.code = code};
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return code;
}

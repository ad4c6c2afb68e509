/* SPDX-License-Identifier: Apache-2.0 */

/* Failures that explain themselves: grpc-message, and google.rpc.Status with details in grpc-status-details-bin.
 * Source: gRPC PROTOCOL-HTTP2 "Status-Details"; google/rpc/error_details.proto; AIP-193. */

#include <stdarg.h>
#include <string.h>

#include <google/rpc/error_details.mrpc.h>
#include <google/rpc/status.mrpc.h>

#include <mrpc/codec.h>

#include "server/call.h"

#define TYPE_PREFIX "type.googleapis.com/"

/* In the call's arena. */
struct call_detail {
    struct call_detail *next;
    Mrpc__Priv__Google__Protobuf__Any any;
};

static MRPC_PRINTF(2, 0) void set_message(struct mrpc_call *call, const char *format, va_list args)
{
    struct call_words *words = mrpc_call_words(call);
    if (words == NULL)
        return;
    const char *text = mrpc_arena_vprintf(call->arena, format, args);
    words->message = text != NULL ? text : "out of memory";
}

int mrpc_call_fail(struct mrpc_call *call, enum mrpc_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_message(call, format, args);
    va_end(args);
    return code;
}

int mrpc_call_add_detail(struct mrpc_call *call, const struct mrpc_message_info *info, const ProtobufCMessage *detail)
{
    size_t size;
    int error = mrpc_encoded_size(info, detail, &size, NULL);
    if (error != 0)
        return error;
    struct call_words *words = mrpc_call_words(call);
    if (words == NULL)
        return MRPC_ERR_NOMEM;
    struct call_detail *entry = mrpc_arena_alloc(call->arena, sizeof(*entry));
    uint8_t *bytes = mrpc_arena_alloc(call->arena, size);
    char *type = mrpc_arena_printf(call->arena, TYPE_PREFIX "%s", info->full_name);
    if (entry == NULL || bytes == NULL || type == NULL)
        return MRPC_ERR_NOMEM;
    mrpc_encode(info, detail, bytes);
    mrpc__priv__google__protobuf__any__init(&entry->any);
    entry->any.type_url = type;
    entry->any.value = (ProtobufCBinaryData){.len = size, .data = bytes};
    entry->next = words->details;
    words->details = entry;
    words->detail_count++;
    return 0;
}

int mrpc_call_fail_field(struct mrpc_call *call, const char *field, const char *format, ...)
{
    struct mrpc_arena *arena = mrpc_call_own_arena(call);
    va_list args;
    va_start(args, format);
    char *description = arena != NULL ? mrpc_arena_vprintf(arena, format, args) : NULL;
    va_end(args);
    if (description == NULL)
        return mrpc_call_fail(call, MRPC_INVALID_ARGUMENT, "%s", field);
    Mrpc__Priv__Google__Rpc__BadRequest__FieldViolation violation;
    mrpc__priv__google__rpc__bad_request__field_violation__init(&violation);
    violation.field = mrpc_arena_strdup(arena, field);
    violation.description = description;
    if (violation.field == NULL)
        violation.field = description;
    Mrpc__Priv__Google__Rpc__BadRequest__FieldViolation *violations[] = {&violation};
    Mrpc__Priv__Google__Rpc__BadRequest bad_request;
    mrpc__priv__google__rpc__bad_request__init(&bad_request);
    bad_request.n_field_violations = 1;
    bad_request.field_violations = violations;
    (void)!mrpc_call_add_detail(call, &mrpc__priv__google__rpc__bad_request__info, &bad_request.base);
    return mrpc_call_fail(call, MRPC_INVALID_ARGUMENT, "%s: %s", field, description);
}

int mrpc_call_fail_retry(struct mrpc_call *call, enum mrpc_code code, int64_t retry_after_ms, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_message(call, format, args);
    va_end(args);
    if (call->words != NULL)
        call->words->pushback = mrpc_arena_printf(call->arena, "%lld", (long long)retry_after_ms);
    Mrpc__Priv__Google__Protobuf__Duration delay;
    mrpc__priv__google__protobuf__duration__init(&delay);
    delay.seconds = retry_after_ms / 1000;
    delay.nanos = (int32_t)(retry_after_ms % 1000) * 1000000;
    Mrpc__Priv__Google__Rpc__RetryInfo retry;
    mrpc__priv__google__rpc__retry_info__init(&retry);
    retry.retry_delay = &delay;
    (void)!mrpc_call_add_detail(call, &mrpc__priv__google__rpc__retry_info__info, &retry.base);
    return code;
}

const uint8_t *mrpc_call_status_details(struct mrpc_call *call, int code, size_t *size)
{
    const struct call_words *words = call->words;
    if (words == NULL || words->detail_count == 0)
        return NULL;
    Mrpc__Priv__Google__Rpc__Status status;
    mrpc__priv__google__rpc__status__init(&status);
    status.code = code;
    if (words->message != NULL)
        status.message = (char *)(uintptr_t)words->message;
    status.details = mrpc_arena_calloc(call->arena, words->detail_count, sizeof(*status.details));
    if (status.details == NULL)
        return NULL;
    status.n_details = words->detail_count;
    size_t at = words->detail_count;
    for (struct call_detail *detail = words->details; detail != NULL; detail = detail->next)
        status.details[--at] = &detail->any;
    size_t encoded_bytes;
    if (mrpc_encoded_size(&mrpc__priv__google__rpc__status__info, &status.base, &encoded_bytes, NULL) != 0)
        return NULL;
    uint8_t *bytes = mrpc_arena_alloc(call->arena, encoded_bytes);
    if (bytes == NULL)
        return NULL;
    mrpc_encode(&mrpc__priv__google__rpc__status__info, &status.base, bytes);
    *size = encoded_bytes;
    return bytes;
}

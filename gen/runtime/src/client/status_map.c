/* SPDX-License-Identifier: Apache-2.0 */
#include "client/status_map.h"

#include <nghttp2/nghttp2.h>

enum mrpc_code mrpc_code_from_http(int http_status)
{
    switch (http_status) {
    case 400:
        return MRPC_INTERNAL;
    case 401:
        return MRPC_UNAUTHENTICATED;
    case 403:
        return MRPC_PERMISSION_DENIED;
    case 404:
        return MRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return MRPC_UNAVAILABLE;
    default:
        return MRPC_UNKNOWN;
    }
}

enum mrpc_code mrpc_code_from_reset(uint32_t http2_error_code)
{
    switch (http2_error_code) {
    case NGHTTP2_REFUSED_STREAM:
        return MRPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return MRPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return MRPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return MRPC_PERMISSION_DENIED;
    default:
        return MRPC_INTERNAL;
    }
}

bool mrpc_code_from_text(const char *text, size_t size, enum mrpc_code *out)
{
    unsigned value = 0;
    if (size == 0 || size > 9)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = value <= MRPC_UNAUTHENTICATED ? (enum mrpc_code)value : MRPC_UNKNOWN;
    return true;
}

int32_t mrpc_pushback_from_text(const char *text, size_t size)
{
    int64_t value = 0;
    if (size == 0 || size > 10 || (text[0] == '0' && size > 1))
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1; /* negative, or not a number: the same */
        value = value * 10 + (text[i] - '0');
    }
    return value <= INT32_MAX ? (int32_t)value : -1;
}

const char *mrpc_http2_error_name(uint32_t http2_error_code)
{
    static const char *const names[] = {
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    };
    if (http2_error_code >= sizeof names / sizeof names[0])
        return "unknown error";
    return names[http2_error_code];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/api.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "execution/catalog/model.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

void *api_message_new(struct mrpc_arena *arena, const struct mrpc_message_info *info, void (*init)(void *message))
{
    void *message = mrpc_arena_alloc(arena, info->descriptor->sizeof_message);
    if (message)
        init(message);
    return message;
}

int api_encode(const struct mrpc_message_info *info, const void *message, struct api_bytes *out, struct fault *fault)
{
    size_t size;
    const char *field = "";
    if (mrpc_encoded_size(info, message, &size, &field) != 0)
        return fault_set(fault, MRPC_INTERNAL, "%s cannot be encoded: %s", info->full_name, field);
    uint8_t *data = malloc(size + 1);
    if (!data)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    mrpc_encode(info, message, data);
    *out = (struct api_bytes){data, size};
    return 0;
}

int api_decode(const struct mrpc_message_info *info, const void *bytes, size_t size, struct mrpc_arena *arena,
               void *out, struct fault *fault)
{
    struct mrpc_decode_error error;
    if (mrpc_decode(info, bytes, size, NULL, arena, (ProtobufCMessage **)out, &error) != 0)
        return fault_set(fault, MRPC_DATA_LOSS, "not a %s: %s", info->full_name, error.reason);
    return 0;
}

Google__Protobuf__Timestamp *api_timestamp(struct mrpc_arena *arena, int64_t ms)
{
    Google__Protobuf__Timestamp *timestamp = mrpc_arena_alloc(arena, sizeof *timestamp);
    if (!timestamp)
        return NULL;
    google__protobuf__timestamp__init(timestamp);
    timestamp->seconds = ms / 1000;
    timestamp->nanos = (int32_t)(ms % 1000) * 1000000;
    return timestamp;
}

int64_t api_timestamp_ms(const Google__Protobuf__Timestamp *timestamp)
{
    return timestamp ? timestamp->seconds * 1000 + timestamp->nanos / 1000000 : 0;
}

Google__Protobuf__Duration *api_duration(struct mrpc_arena *arena, int64_t us)
{
    Google__Protobuf__Duration *duration = mrpc_arena_alloc(arena, sizeof *duration);
    if (!duration)
        return NULL;
    google__protobuf__duration__init(duration);
    duration->seconds = us / 1000000;
    duration->nanos = (int32_t)(us % 1000000) * 1000;
    return duration;
}

int64_t api_duration_ms(const Google__Protobuf__Duration *duration)
{
    if (!duration)
        return 0;
    if (duration->seconds > INT64_MAX / 1000 - 1)
        return INT64_MAX;
    if (duration->seconds < INT64_MIN / 1000 + 1)
        return INT64_MIN;
    return duration->seconds * 1000 + duration->nanos / 1000000;
}

int64_t api_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t api_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int api_page_size(int32_t page_size, size_t *out, struct fault *fault)
{
    if (page_size < 0 || page_size > PAGE_MAX)
        return fault_field(fault, "page_size", "%d is not in 0 to %d", page_size, PAGE_MAX);
    *out = page_size ? (size_t)page_size : PAGE_DEFAULT;
    return 0;
}

int api_identifier(const char *text, const char *field, struct fault *fault)
{
    if (catalog_identifier(text))
        return 0;
    return fault_field(fault, field, "\"%.64s\" is not an identifier [A-Za-z0-9._-]{1,128}", text);
}

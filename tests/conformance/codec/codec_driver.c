/* SPDX-License-Identifier: Apache-2.0 */
/* Answers cases on stdin until it ends. All numbers are little endian.
 *   case:    u8 message (index below; 0x80: the bytes are JSON, 0x40: with unknown fields ignored), u32 size, bytes
 *   answer:  u8 1 if decoded; then u32 size and the message encoded again (unknown fields kept), u32 size and its JSON
 *            (size 0 when it has none); else u32 size and "reason|path", u32 0 */
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <everything.mrpc.h>
#include <google/protobuf/wrappers.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/codec.h>
#include <mrpc/json.h>

static const struct mrpc_message_info *const MESSAGES[] = {
    &mrpc__test__everything__info,
    &mrpc__test__legacy__info,
    &mrpc__test__legacy_holder__info,
};

#define JSON_CASE 0x80
#define IGNORE_UNKNOWN 0x40

static const struct mrpc_message_info *find_message(void *arg, const char *full_name)
{
    static const struct mrpc_message_info *const known[] = {
        &mrpc__test__leaf__info,           &mrpc__test__everything__info,      &mrpc__test__legacy__info,
        &google__protobuf__duration__info, &google__protobuf__timestamp__info, &google__protobuf__int64_value__info,
        &google__protobuf__empty__info,    &google__protobuf__value__info,     &google__protobuf__any__info,
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i]->full_name, full_name) == 0)
            return known[i];
    return NULL;
}

static void put(const void *bytes, size_t size)
{
    if (size && fwrite(bytes, 1, size, stdout) != size)
        exit(1);
}

static void put_block(const void *bytes, size_t size)
{
    uint32_t length = htole32((uint32_t)size);
    put(&length, sizeof(length));
    put(bytes, size);
}

static void answer_failure(const struct mrpc_decode_error *error)
{
    char text[512];
    int size = snprintf(text, sizeof(text), "%s|%s", error->reason, error->path);
    put("\0", 1);
    put_block(text, (size_t)size);
    put_block("", 0);
}

static void answer_message(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                           const struct mrpc_json_options *json_options)
{
    size_t size;
    char *json = NULL;
    if (mrpc_encoded_size(info, message, &size, NULL))
        size = 0; /* a proto2 string that is not UTF-8 is not checked, so this does not happen */
    uint8_t *bytes = malloc(size + 1);
    if (!bytes || mrpc_encode(info, message, bytes) != bytes + size)
        exit(1);
    if (mrpc_json_encode(info, message, json_options, &json, NULL))
        json = NULL;
    put("\1", 1);
    put_block(bytes, size);
    put_block(json, json ? strlen(json) : 0);
    free(bytes);
    free(json);
}

static int answer_one(struct mrpc_arena *arena)
{
    static const struct mrpc_decode_options options = {.keep_unknown = 1};
    uint8_t head[5];
    uint32_t size;
    if (fread(head, 1, sizeof(head), stdin) != sizeof(head))
        return 0;
    memcpy(&size, head + 1, sizeof(size));
    size = le32toh(size);
    uint8_t *bytes = malloc(size + !size); /* exact, for AddressSanitizer */
    unsigned kind = head[0] & 0x3f;
    if (!bytes || kind >= sizeof(MESSAGES) / sizeof(MESSAGES[0]) || fread(bytes, 1, size, stdin) != size)
        exit(1);
    const struct mrpc_json_options json_options = {.struct_bytes = sizeof(json_options),
                                                   .flags = head[0] & IGNORE_UNKNOWN ? MRPC_JSON_IGNORE_UNKNOWN : 0,
                                                   .find = find_message};
    bool json = head[0] & JSON_CASE;
    struct mrpc_decode_error error = {0};
    ProtobufCMessage *message;
    if (json ? mrpc_json_decode(MESSAGES[kind], (const char *)bytes, size, &json_options, arena, &message, &error)
             : mrpc_decode(MESSAGES[kind], bytes, size, &options, arena, &message, &error))
        answer_failure(&error);
    else
        answer_message(MESSAGES[kind], message, json ? &json_options : NULL);
    free(bytes);
    mrpc_arena_reset(arena);
    return 1;
}

int main(void)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    if (!arena)
        return 1;
    while (answer_one(arena))
        continue;
    mrpc_arena_free(arena);
    return 0;
}

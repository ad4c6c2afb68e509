/* SPDX-License-Identifier: Apache-2.0 */
/* Z2, in JSON: what is read has a binary form, and what is written of it is read as the same message, all within the
 * budget. The first byte chooses the message and whether unknown fields are ignored. */
#include <string.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/json.h>

#include "fuzzer.h"

#define BUDGET_BYTES ((size_t)1 << 22)

static const struct mrpc_message_info *const INFOS[] = {
    &mrpc__test__everything__info,   &mrpc__test__everything__info,   &mrpc__test__legacy__info,
    &google__protobuf__any__info,    &google__protobuf__value__info,  &mrpc__test__leaf__info,
    &google__protobuf__struct__info, &google__protobuf__duration__info,
};

static const struct mrpc_message_info *find_message(void *arg, const char *full_name)
{
    for (size_t i = 0; i < sizeof(INFOS) / sizeof(INFOS[0]); i++)
        if (strcmp(INFOS[i]->full_name, full_name) == 0)
            return INFOS[i];
    return NULL;
}

/* The caller frees. */
static uint8_t *encode(const struct mrpc_message_info *info, const ProtobufCMessage *message, size_t *size)
{
    MUST(mrpc_encoded_size(info, message, size, NULL) == 0);
    uint8_t *bytes = malloc(*size ? *size : 1);
    MUST(bytes && mrpc_encode(info, message, bytes) == bytes + *size);
    return bytes;
}

static void check_again(const struct mrpc_message_info *info, const struct mrpc_json_options *options,
                        const ProtobufCMessage *message)
{
    char *text;
    size_t text_bytes, size, again_size;
    uint8_t *bytes = encode(info, message, &size);
    if (mrpc_json_encode(info, message, options, &text, &text_bytes) == 0) {
        struct mrpc_arena *arena = mrpc_arena_new(0);
        ProtobufCMessage *again;
        MUST(arena && mrpc_json_decode(info, text, text_bytes, options, arena, &again, NULL) == 0);
        uint8_t *again_bytes = encode(info, again, &again_size);
        MUST(again_size == size && memcmp(again_bytes, bytes, size) == 0);
        free(again_bytes);
        mrpc_arena_free(arena);
        free(text);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct mrpc_message_info *info = INFOS[data[0] % (sizeof(INFOS) / sizeof(INFOS[0]))];
    const struct mrpc_json_options options = {.struct_bytes = sizeof(options),
                                              .flags = data[0] >> 7 ? MRPC_JSON_IGNORE_UNKNOWN : 0,
                                              .find = find_message};
    struct mrpc_arena *arena = mrpc_arena_new(BUDGET_BYTES);
    struct mrpc_decode_error error;
    ProtobufCMessage *message = NULL;
    MUST(arena);
    int result = mrpc_json_decode(info, (const char *)data + 1, size - 1, &options, arena, &message, &error);
    if (result == 0) {
        check_again(info, &options, message);
    } else {
        MUST(!message && (result == MRPC_ERR_MALFORMED || result == MRPC_ERR_LIMIT));
        MUST(error.offset_bytes <= size - 1 && strlen(error.path) < sizeof(error.path));
    }
    MUST(mrpc_arena_used_bytes(arena) <= BUDGET_BYTES);
    mrpc_arena_free(arena);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Z2: what decodes must encode to bytes that decode to the same message, copy, and print, all within its budget. The
 * first byte chooses the message and whether unknown fields are kept. */
#include <string.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/codec.h>
#include <mrpc/json.h>

#include "fuzzer.h"

#define BUDGET_BYTES ((size_t)1 << 22)

struct encoded {
    uint8_t *bytes;
    size_t size;
};

static struct encoded encode(const struct mrpc_message_info *info, const ProtobufCMessage *message)
{
    struct encoded out;
    MUST(mrpc_encoded_size(info, message, &out.size, NULL) == 0);
    out.bytes = malloc(out.size ? out.size : 1);
    MUST(out.bytes && mrpc_encode(info, message, out.bytes) == out.bytes + out.size);
    return out;
}

static void check_same(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                       const struct encoded *expected)
{
    struct encoded again = encode(info, message);
    MUST(again.size == expected->size && memcmp(again.bytes, expected->bytes, again.size) == 0);
    free(again.bytes);
}

static void check_message(const struct mrpc_message_info *info, const struct mrpc_decode_options *options,
                          const ProtobufCMessage *message)
{
    struct encoded first = encode(info, message);
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *again, *copy;
    char *json;
    MUST(arena && mrpc_decode(info, first.bytes, first.size, options, arena, &again, NULL) == 0);
    check_same(info, again, &first);
    MUST(mrpc_message_copy(info, message, arena, &copy) == 0);
    check_same(info, copy, &first);
    if (mrpc_json_print(info, message, MRPC_JSON_INDENT, &json) == 0)
        free(json);
    mrpc_arena_free(arena);
    free(first.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mrpc_message_info *const infos[] = {&mrpc__test__everything__info,
                                                            &mrpc__test__everything__info, &mrpc__test__legacy__info,
                                                            &mrpc__test__legacy_holder__info};
    if (size == 0)
        return 0;
    const struct mrpc_message_info *info = infos[data[0] % 4];
    struct mrpc_decode_options options = {.keep_unknown = data[0] >> 7};
    struct mrpc_arena *arena = mrpc_arena_new(BUDGET_BYTES);
    struct mrpc_decode_error error;
    ProtobufCMessage *message = NULL;
    MUST(arena);
    int result = mrpc_decode(info, data + 1, size - 1, &options, arena, &message, &error);
    if (result == 0) {
        check_message(info, &options, message);
    } else {
        MUST(!message && (result == MRPC_ERR_MALFORMED || result == MRPC_ERR_LIMIT));
        MUST(error.offset_bytes <= size - 1 && strlen(error.path) < sizeof(error.path));
    }
    MUST(mrpc_arena_used_bytes(arena) <= BUDGET_BYTES);
    mrpc_arena_free(arena);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Z3: the values of gRPC's headers. The first byte chooses the parser. */
#include <string.h>

#include <mrpc/error.h>

#include "codec/utf8.h"
#include "fuzzer.h"
#include "wire/base64.h"
#include "wire/content_type.h"
#include "wire/encoding.h"
#include "wire/metadata_wire.h"
#include "wire/path.h"
#include "wire/percent.h"
#include "wire/timeout.h"

static void check_timeout(const char *text, size_t size)
{
    int64_t ms, again;
    char out[MRPC_TIMEOUT_TEXT_BYTES];
    if (mrpc_timeout_parse(text, size, &ms))
        return;
    MUST(ms >= 0 && ms <= MRPC_TIMEOUT_MAX_MS);
    size_t length = mrpc_timeout_format(ms, out);
    MUST(mrpc_timeout_parse(out, length, &again) == 0 && again >= ms);
}

static void check_base64(const char *text, size_t size)
{
    size_t decoded, again_bytes;
    uint8_t *bytes = malloc(mrpc_base64_decoded_bound(size)), *again = malloc(mrpc_base64_decoded_bound(size) + 4);
    MUST(bytes && again);
    if (mrpc_base64_decode(text, size, bytes, &decoded) == 0) {
        for (int pad = 0; pad <= 1; pad++) {
            size_t length = mrpc_base64_encoded_size(decoded, pad);
            char *out = malloc(length + 1);
            MUST(out && mrpc_base64_encode(bytes, decoded, pad, out) == out + length);
            MUST(mrpc_base64_decode(out, length, again, &again_bytes) == 0);
            MUST(again_bytes == decoded && memcmp(again, bytes, decoded) == 0);
            free(out);
        }
    }
    free(bytes);
    free(again);
}

static void check_percent(const char *text, size_t size)
{
    char out[MRPC_STATUS_MESSAGE_MAX_BYTES + 1], back[MRPC_STATUS_MESSAGE_MAX_BYTES + 1];
    size_t length = mrpc_percent_decode(text, size, out);
    MUST(length <= MRPC_STATUS_MESSAGE_MAX_BYTES && strlen(out) == length);
    MUST(mrpc_utf8_valid_prefix(out, length) == length);
    size_t coded_bytes = mrpc_percent_encoded_size(out, length);
    char *coded = malloc(coded_bytes + 1);
    MUST(coded && mrpc_percent_encode(out, length, coded) == coded + coded_bytes);
    MUST(mrpc_percent_decode(coded, coded_bytes, back) == length && memcmp(back, out, length) == 0);
    free(coded);
}

static void check_path(const char *text, size_t size)
{
    struct mrpc_path path;
    if (mrpc_path_split(text, size, &path))
        return;
    MUST(path.service == text + 1 && path.method + path.method_bytes == text + size);
    MUST(path.service_bytes + path.method_bytes + 2 == size && !memchr(path.method, '/', path.method_bytes));
}

/* "name\nvalue" */
static void check_metadata(const char *text, size_t size)
{
    const char *end = memchr(text, '\n', size);
    size_t name_bytes = end ? (size_t)(end - text) : size;
    const char *value = end ? end + 1 : text + size;
    struct mrpc_arena *arena = mrpc_arena_new(1 << 16);
    struct mrpc_metadata metadata = {.arena = arena};
    MUST(arena);
    int error = mrpc_metadata_add_wire(&metadata, text, name_bytes, value, (size_t)(text + size - value));
    MUST(error == 0 || error == MRPC_ERR_MALFORMED || error == MRPC_ERR_LIMIT);
    for (size_t i = 0; i < metadata.count; i++) {
        size_t wire_bytes;
        MUST(metadata.entries[i].value[metadata.entries[i].value_bytes] == '\0');
        const char *wire = mrpc_metadata_wire_value(&metadata.entries[i], arena, &wire_bytes);
        if (wire && !error)
            MUST(mrpc_metadata_add_wire(&metadata, text, name_bytes, wire, wire_bytes) != MRPC_ERR_MALFORMED);
        if (i == 100)
            break;
    }
    mrpc_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size--;
    switch (data[0] % 7) {
    case 0:
        check_timeout(text, size);
        break;
    case 1:
        check_base64(text, size);
        break;
    case 2:
        check_percent(text, size);
        break;
    case 3:
        check_path(text, size);
        break;
    case 4:
        check_metadata(text, size);
        break;
    case 5:
        MUST(mrpc_content_type_parse(text, size) <= MRPC_CONTENT_UNKNOWN);
        break;
    default:
        MUST(mrpc_accept_encoding_parse(text, size) & MRPC_ENCODING_IDENTITY);
        break;
    }
    return 0;
}

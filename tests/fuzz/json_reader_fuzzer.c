/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader ends on any text, within it, and its tokens are as its grammar says. The first byte is the depth
 * limit. */
#include <string.h>

#include "codec/json_number.h"
#include "codec/json_reader.h"
#include "codec/utf8.h"
#include "fuzzer.h"

static void check_string(const struct mrpc_json_reader *reader)
{
    char *text = malloc(reader->decoded_bytes + 1);
    MUST(text && reader->decoded_bytes <= reader->raw_bytes);
    mrpc_json_decode_string(reader, text);
    text[reader->decoded_bytes] = '\0';
    MUST(mrpc_utf8_valid_prefix(text, reader->decoded_bytes) == reader->decoded_bytes);
    if (strlen(text) == reader->decoded_bytes)
        MUST(mrpc_json_string_is(reader, text));
    free(text);
}

static void check_number(const struct mrpc_json_reader *reader)
{
    int64_t whole;
    double value = mrpc_json_number_double(reader->raw, reader->raw_bytes);
    if (mrpc_json_number_int64(reader->raw, reader->raw_bytes, &whole))
        MUST((double)whole == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrpc_json_reader reader, skipper;
    if (size == 0)
        return 0;
    mrpc_json_reader_init(&reader, (const char *)data + 1, size - 1, data[0]);
    skipper = reader;
    for (size_t count = 0; mrpc_json_next(&reader) > MRPC_JSON_END; count++) {
        MUST(count <= size && reader.at <= size - 1 && reader.depth <= reader.depth_limit);
        if (reader.token == MRPC_JSON_STRING || reader.token == MRPC_JSON_KEY)
            check_string(&reader);
        else if (reader.token == MRPC_JSON_NUMBER)
            check_number(&reader);
    }
    MUST(reader.token == MRPC_JSON_END || (reader.reason && reader.at <= size - 1));
    mrpc_json_next(&skipper);
    bool whole = mrpc_json_skip(&skipper) && mrpc_json_next(&skipper) == MRPC_JSON_END;
    MUST(whole == (reader.token == MRPC_JSON_END));
    return 0;
}

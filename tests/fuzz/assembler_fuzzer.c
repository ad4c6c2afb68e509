/* SPDX-License-Identifier: Apache-2.0 */
/* Z4: a stream of messages fed whole and fed in pieces must give the same messages and the same end. The first byte
 * chooses the encoding, the second the seed of the pieces' sizes. */
#include <string.h>

#include "fuzzer.h"
#include "wire/assembler.h"

#define LIMIT_BYTES ((size_t)1 << 16)

struct outcome {
    struct mrpc_buffer messages; /* length and bytes of each */
    int error;
    bool at_boundary;
};

static int feed(struct mrpc_assembler *assembler, const uint8_t *bytes, size_t size, struct outcome *outcome)
{
    const uint8_t *message;
    size_t message_bytes;
    int got;
    while ((got = mrpc_assembler_feed(assembler, &bytes, &size, &message, &message_bytes)) > 0) {
        MUST(message && message_bytes <= LIMIT_BYTES);
        MUST(mrpc_buffer_append(&outcome->messages, &message_bytes, sizeof(message_bytes)) == 0);
        MUST(mrpc_buffer_append(&outcome->messages, message, message_bytes) == 0);
    }
    MUST(got < 0 || size == 0);
    return got;
}

/* @seed 0: all at once; else pieces of 0 to 16 bytes from a linear congruential generator. */
static struct outcome run(enum mrpc_encoding encoding, const uint8_t *bytes, size_t size, uint32_t seed)
{
    struct mrpc_assembler assembler;
    struct outcome outcome = {0};
    mrpc_assembler_init(&assembler, LIMIT_BYTES, encoding);
    while (size > 0 && outcome.error == 0) {
        seed = seed * 1664525 + (seed ? 1013904223 : 0);
        size_t piece = seed ? (seed >> 24) % 17 : size;
        if (piece > size)
            piece = size;
        outcome.error = feed(&assembler, bytes, piece, &outcome);
        bytes += piece;
        size -= piece;
        MUST(mrpc_assembler_held_bytes(&assembler) <= 6 * LIMIT_BYTES);
    }
    outcome.at_boundary = mrpc_assembler_at_boundary(&assembler);
    mrpc_assembler_fini(&assembler);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum mrpc_encoding encodings[] = {MRPC_ENCODING_IDENTITY, MRPC_ENCODING_GZIP, MRPC_ENCODING_DEFLATE,
                                                   MRPC_ENCODING_UNKNOWN};
    if (size < 2)
        return 0;
    enum mrpc_encoding encoding = encodings[data[0] % 4];
    struct outcome whole = run(encoding, data + 2, size - 2, 0);
    struct outcome pieces = run(encoding, data + 2, size - 2, data[1] + 1u);
    MUST(whole.error == pieces.error && whole.at_boundary == pieces.at_boundary);
    size_t bytes = mrpc_buffer_size(&whole.messages);
    MUST(bytes == mrpc_buffer_size(&pieces.messages));
    MUST(bytes == 0 || memcmp(mrpc_buffer_bytes(&whole.messages), mrpc_buffer_bytes(&pieces.messages), bytes) == 0);
    mrpc_buffer_fini(&whole.messages);
    mrpc_buffer_fini(&pieces.messages);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/assembler.h"

#include <string.h>

#include <mrpc/error.h>

#include "wire/compress.h"

#define PREFIX_BYTES 5

/* Storage that is kept between messages of one stream; a large message's is given back. */
#define KEPT_BYTES ((size_t)64 * 1024)

void mrpc_assembler_init(struct mrpc_assembler *assembler, size_t limit_bytes, enum mrpc_encoding encoding)
{
    *assembler = (struct mrpc_assembler){.limit_bytes = limit_bytes, .encoding = encoding};
}

void mrpc_assembler_fini(struct mrpc_assembler *assembler)
{
    mrpc_buffer_fini(&assembler->body);
    mrpc_buffer_fini(&assembler->inflated);
}

static int fail(struct mrpc_assembler *assembler, int error, const char *reason)
{
    assembler->code = error == MRPC_ERR_MALFORMED ? MRPC_INTERNAL : MRPC_RESOURCE_EXHAUSTED;
    assembler->reason = reason;
    mrpc_buffer_fini(&assembler->body);
    mrpc_buffer_fini(&assembler->inflated);
    return error;
}

static int earlier_failure(const struct mrpc_assembler *assembler)
{
    return assembler->code == MRPC_INTERNAL ? MRPC_ERR_MALFORMED : MRPC_ERR_LIMIT;
}

static size_t announced_bytes(const struct mrpc_assembler *assembler)
{
    const uint8_t *prefix = assembler->prefix;
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

/* The five bytes are in. Source: gRPC compression.md, case 6, for a flag that no encoding stands behind. */
static int check_prefix(struct mrpc_assembler *assembler)
{
    if (assembler->prefix[0] > 1)
        return fail(assembler, MRPC_ERR_MALFORMED, "compressed flag is neither 0 nor 1");
    if (assembler->prefix[0] == 1 && assembler->encoding == MRPC_ENCODING_IDENTITY)
        return fail(assembler, MRPC_ERR_MALFORMED, "compressed flag without grpc-encoding");
    if (assembler->prefix[0] == 1 && assembler->encoding == MRPC_ENCODING_UNKNOWN)
        return fail(assembler, MRPC_ERR_MALFORMED, "compressed with an unknown encoding");
    if (announced_bytes(assembler) > assembler->limit_bytes)
        return fail(assembler, MRPC_ERR_LIMIT, "message is larger than the receive limit");
    return 0;
}

static int take_prefix(struct mrpc_assembler *assembler, const uint8_t **bytes, size_t *size)
{
    size_t missing = PREFIX_BYTES - assembler->prefix_bytes;
    size_t taken = missing < *size ? missing : *size;
    if (taken == 0)
        return 0;
    memcpy(assembler->prefix + assembler->prefix_bytes, *bytes, taken);
    assembler->prefix_bytes += (unsigned)taken;
    *bytes += taken;
    *size -= taken;
    return assembler->prefix_bytes == PREFIX_BYTES ? check_prefix(assembler) : 0;
}

/* Sets *@whole when the announced bytes are there: in place if they all lie in the input, else in the body. */
static int take_body(struct mrpc_assembler *assembler, const uint8_t **bytes, size_t *size, const uint8_t **whole)
{
    size_t held = mrpc_buffer_size(&assembler->body);
    size_t missing = announced_bytes(assembler) - held;
    size_t taken = missing < *size ? missing : *size;
    if (held == 0 && taken == missing) {
        *whole = *bytes;
    } else {
        if (mrpc_buffer_append(&assembler->body, *bytes, taken))
            return fail(assembler, MRPC_ERR_NOMEM, "out of memory");
        *whole = taken == missing ? mrpc_buffer_bytes(&assembler->body) : NULL;
    }
    *bytes += taken;
    *size -= taken;
    return 0;
}

static int inflate_message(struct mrpc_assembler *assembler, const uint8_t **message, size_t *message_bytes)
{
    int error =
        mrpc_decompress(assembler->encoding, *message, *message_bytes, assembler->limit_bytes, &assembler->inflated);
    if (error == MRPC_ERR_LIMIT)
        return fail(assembler, error, "message is larger than the receive limit once decompressed");
    if (error)
        return fail(assembler, error, error == MRPC_ERR_NOMEM ? "out of memory" : "message cannot be decompressed");
    *message = mrpc_buffer_bytes(&assembler->inflated);
    *message_bytes = mrpc_buffer_size(&assembler->inflated);
    return 0;
}

static void begin_next(struct mrpc_assembler *assembler)
{
    assembler->handed_out = false;
    assembler->prefix_bytes = 0;
    mrpc_buffer_clear(&assembler->body, KEPT_BYTES);
    mrpc_buffer_clear(&assembler->inflated, KEPT_BYTES);
}

int mrpc_assembler_feed(struct mrpc_assembler *assembler, const uint8_t **bytes, size_t *size, const uint8_t **message,
                        size_t *message_bytes)
{
    static const uint8_t nothing[1];
    if (assembler->reason)
        return earlier_failure(assembler);
    if (assembler->handed_out)
        begin_next(assembler);
    int error = take_prefix(assembler, bytes, size);
    if (error || assembler->prefix_bytes < PREFIX_BYTES)
        return error;
    const uint8_t *whole = NULL;
    error = take_body(assembler, bytes, size, &whole);
    if (error || (!whole && announced_bytes(assembler) > 0))
        return error;
    size_t whole_bytes = announced_bytes(assembler);
    if (assembler->prefix[0] == 1) {
        error = inflate_message(assembler, &whole, &whole_bytes);
        if (error)
            return error;
    }
    assembler->handed_out = true;
    *message = whole_bytes ? whole : nothing;
    *message_bytes = whole_bytes;
    return 1;
}

bool mrpc_assembler_at_boundary(const struct mrpc_assembler *assembler)
{
    return !assembler->reason && (assembler->handed_out || assembler->prefix_bytes == 0);
}

void mrpc_assembler_forget(struct mrpc_assembler *assembler)
{
    if (!assembler->handed_out)
        return;
    mrpc_buffer_fini(&assembler->body);
    mrpc_buffer_fini(&assembler->inflated);
}

size_t mrpc_assembler_wire_bytes(const struct mrpc_assembler *assembler)
{
    return announced_bytes(assembler);
}

bool mrpc_assembler_compressed(const struct mrpc_assembler *assembler)
{
    return assembler->prefix[0] == 1;
}

size_t mrpc_assembler_held_bytes(const struct mrpc_assembler *assembler)
{
    return assembler->body.capacity + assembler->inflated.capacity;
}

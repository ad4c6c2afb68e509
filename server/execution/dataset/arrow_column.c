/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>
#include <zstd.h>

#include "execution/dataset/arrow_internal.h"

/* From a batch's list of buffers to columns. In a batch of flat columns, field i has node i, and its buffers follow
 * those of the fields before it. */

enum { BATCH_LENGTH = 0, BATCH_NODES = 1, BATCH_BUFFERS = 2, BATCH_COMPRESSION = 3 };
enum { NODE_BYTES = 16, BUFFER_BYTES = 16 };
enum { CODEC_NONE = -1, CODEC_LZ4 = 0, CODEC_ZSTD = 1 };
enum { DICTIONARY_BATCH_ID = 0, DICTIONARY_BATCH_DATA = 1, DICTIONARY_BATCH_IS_DELTA = 2 };

/* What compressed bodies may become: a buffer, and all of one reading. */
#define BUFFER_BYTES_MAX (INT64_C(1) << 30)
#define INFLATED_BYTES_MAX (UINT64_C(8) << 30)

struct bytes {
    const uint8_t *at;
    size_t size;
};

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

int arrow_batch_read(struct arrow_batch *batch, struct flat_table table, struct fault *fault)
{
    batch->rows = flat_integer(table, BATCH_LENGTH, 8, 0);
    batch->nodes = flat_items(table, BATCH_NODES, NODE_BYTES);
    batch->buffers = flat_items(table, BATCH_BUFFERS, BUFFER_BYTES);
    struct flat_table compression = flat_child(table, BATCH_COMPRESSION);
    batch->codec = compression.at ? (int)flat_integer(compression, 0, 1, 0) : CODEC_NONE;
    if (table.in->bad || !table.at || batch->rows < 0)
        return arrow_bad(fault, "a broken batch");
    if (batch->rows > INT32_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "Arrow: a batch of more than %d rows", INT32_MAX);
    if (batch->codec < CODEC_NONE || batch->codec > CODEC_ZSTD)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: bodies are read plain or compressed by LZ4 or ZSTD");
    return 0;
}

uint32_t arrow_buffer_count(struct arrow_type type)
{
    return type.kind == ARROW_NULL ? 0 : type.kind == ARROW_TEXT ? 3 : 2;
}

/* ---- Compressed buffers ---- */

static bool inflate_lz4(struct bytes from, uint8_t *to, size_t size)
{
    LZ4F_dctx *context;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return false;
    size_t written = 0, left = 1;
    while (left && from.size) {
        size_t taken = from.size, room = size - written;
        left = LZ4F_decompress(context, to + written, &room, from.at, &taken, NULL);
        if (LZ4F_isError(left) || (!taken && !room))
            break;
        from.at += taken;
        from.size -= taken;
        written += room;
    }
    LZ4F_freeDecompressionContext(context);
    return left == 0 && written == size && from.size == 0;
}

static int inflate(struct arrow_reader *reader, const struct arrow_batch *batch, unsigned slot, int64_t size,
                   struct bytes *io, struct fault *fault)
{
    if (size < 0)
        return arrow_bad(fault, "a compressed buffer of negative size");
    reader->inflated_bytes += (uint64_t)size;
    if (size > BUFFER_BYTES_MAX || reader->inflated_bytes > INFLATED_BYTES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "Arrow: compressed data that becomes too large");
    if ((size_t)size > reader->room[slot] || !reader->memory[slot]) {
        free(reader->memory[slot]);
        reader->room[slot] = (size_t)size + 1;
        if (!(reader->memory[slot] = malloc(reader->room[slot]))) {
            reader->room[slot] = 0;
            return no_memory(fault);
        }
    }
    uint8_t *to = reader->memory[slot];
    bool whole = batch->codec == CODEC_LZ4 ? inflate_lz4(*io, to, (size_t)size)
                                           : ZSTD_decompress(to, (size_t)size, io->at, io->size) == (size_t)size;
    *io = (struct bytes){to, (size_t)size};
    return whole ? 0 : arrow_bad(fault, "a compressed buffer that does not become what it says");
}

/* A compressed buffer begins with its size when inflated, -1 if it was left as it is. */
static int take_buffer(struct arrow_reader *reader, struct arrow_batch *batch, uint32_t index, unsigned slot,
                       struct bytes *out, struct fault *fault)
{
    if (index >= batch->buffers.count)
        return arrow_bad(fault, "a batch with too few buffers");
    uint64_t offset = (uint64_t)flat_struct_integer(batch->buffers, index, BUFFER_BYTES, 0, 8);
    uint64_t size = (uint64_t)flat_struct_integer(batch->buffers, index, BUFFER_BYTES, 8, 8);
    if (offset > batch->body_bytes || size > batch->body_bytes - offset)
        return arrow_bad(fault, "a buffer outside its body");
    *out = (struct bytes){batch->body + offset, (size_t)size};
    if (batch->codec == CODEC_NONE || size == 0)
        return 0;
    int64_t inflated;
    if (size < sizeof inflated)
        return arrow_bad(fault, "a compressed buffer without its size");
    memcpy(&inflated, out->at, sizeof inflated);
    *out = (struct bytes){out->at + sizeof inflated, (size_t)size - sizeof inflated};
    return inflated == -1 ? 0 : inflate(reader, batch, slot, inflated, out, fault);
}

/* ---- Columns ---- */

static int take_validity(struct arrow_reader *reader, struct arrow_batch *batch, uint32_t node, uint32_t buffer,
                         struct arrow_column *out, struct fault *fault)
{
    struct bytes bits;
    int code = take_buffer(reader, batch, buffer, 0, &bits, fault);
    if (code)
        return code;
    out->validity = bits.size ? bits.at : NULL;
    if (bits.size && bits.size < ((size_t)out->length + 7) / 8)
        return arrow_bad(fault, "a validity map that is too short");
    int64_t nulls = flat_struct_integer(batch->nodes, node, NODE_BYTES, 8, 8);
    return nulls > 0 && !bits.size ? arrow_bad(fault, "absent values without a validity map") : 0;
}

static int take_texts(struct arrow_reader *reader, struct arrow_batch *batch, uint32_t buffer, struct arrow_column *out,
                      struct fault *fault)
{
    struct bytes offsets, text;
    int code = take_buffer(reader, batch, buffer, 1, &offsets, fault);
    if (!code)
        code = take_buffer(reader, batch, buffer + 1, 2, &text, fault);
    if (code)
        return code;
    if (out->length && offsets.size < ((size_t)out->length + 1) * (out->type.bits / 8))
        return arrow_bad(fault, "offsets that are too few");
    out->offsets = offsets.at;
    out->values = text.at;
    out->text_bytes = text.size;
    return 0;
}

static int take_fixed(struct arrow_reader *reader, struct arrow_batch *batch, uint32_t buffer, struct arrow_column *out,
                      struct fault *fault)
{
    struct bytes values;
    int code = take_buffer(reader, batch, buffer, 1, &values, fault);
    out->values = code ? NULL : values.at;
    if (!code && values.size < ((size_t)out->length * out->type.bits + 7) / 8)
        return arrow_bad(fault, "values that are too few");
    return code;
}

/* The column of node @node whose buffers begin at @buffer. */
static int take_column(struct arrow_reader *reader, struct arrow_batch *batch, struct arrow_type type, uint32_t node,
                       uint32_t buffer, struct arrow_column *out, struct fault *fault)
{
    *out = (struct arrow_column){.type = type, .length = batch->rows};
    if (node >= batch->nodes.count || flat_struct_integer(batch->nodes, node, NODE_BYTES, 0, 8) != batch->rows)
        return arrow_bad(fault, "a column that is not as long as its batch");
    if (type.kind == ARROW_NULL)
        return 0;
    int code = take_validity(reader, batch, node, buffer, out, fault);
    if (code)
        return code;
    return type.kind == ARROW_TEXT ? take_texts(reader, batch, buffer + 1, out, fault)
                                   : take_fixed(reader, batch, buffer + 1, out, fault);
}

int arrow_reader_column(struct arrow_reader *reader, size_t index, struct arrow_column *out, struct fault *fault)
{
    const struct arrow_field *field = &reader->fields[index];
    struct arrow_type type = field->by_dictionary ? field->index : field->type;
    int code = take_column(reader, &reader->batch, type, (uint32_t)index, field->buffer, out, fault);
    out->dictionary = field->by_dictionary ? &reader->dictionaries[field->dictionary] : NULL;
    return code ? fault_prefix(fault, "column \"%s\"", field->name) : 0;
}

/* ---- Dictionaries ---- */

static void forget_pieces(struct arrow_dictionary *dictionary)
{
    for (size_t i = 0; i < dictionary->count; i++)
        for (size_t slot = 0; slot < ARROW_BUFFERS_A_COLUMN; slot++)
            free(dictionary->pieces[i].memory[slot]);
    dictionary->count = 0;
    dictionary->length = 0;
}

void arrow_dictionary_fini(struct arrow_dictionary *dictionary)
{
    forget_pieces(dictionary);
    free(dictionary->pieces);
}

/* The reader's memory of the column becomes the piece's. */
static int add_piece(struct arrow_reader *reader, struct arrow_dictionary *dictionary,
                     const struct arrow_column *column, struct fault *fault)
{
    if (dictionary->count == ARROW_PIECES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "Arrow: a dictionary of more than %d pieces",
                         ARROW_PIECES_MAX);
    if (dictionary->count == dictionary->room) {
        size_t room = dictionary->room ? 2 * dictionary->room : 1;
        struct arrow_piece *more = realloc(dictionary->pieces, room * sizeof *more);
        if (!more)
            return no_memory(fault);
        dictionary->pieces = more;
        dictionary->room = room;
    }
    struct arrow_piece *piece = &dictionary->pieces[dictionary->count++];
    *piece = (struct arrow_piece){.column = *column, .first = dictionary->length};
    memcpy(piece->memory, reader->memory, sizeof piece->memory);
    memset(reader->memory, 0, sizeof reader->memory);
    memset(reader->room, 0, sizeof reader->room);
    dictionary->length += column->length;
    return 0;
}

int arrow_dictionary_read(struct arrow_reader *reader, struct flat_table table, struct arrow_batch *batch,
                          struct fault *fault)
{
    struct arrow_column column;
    int64_t id = flat_integer(table, DICTIONARY_BATCH_ID, 8, 0);
    size_t i = 0;
    while (i < reader->dictionary_count && reader->dictionaries[i].id != id)
        i++;
    int code = arrow_batch_read(batch, flat_child(table, DICTIONARY_BATCH_DATA), fault);
    if (code || i == reader->dictionary_count)
        return code ? code : arrow_bad(fault, "a dictionary that no column has");
    struct arrow_dictionary *dictionary = &reader->dictionaries[i];
    code = take_column(reader, batch, dictionary->type, 0, 0, &column, fault);
    if (code)
        return fault_prefix(fault, "a dictionary");
    if (!flat_integer(table, DICTIONARY_BATCH_IS_DELTA, 1, 0))
        forget_pieces(dictionary);
    return add_piece(reader, dictionary, &column, fault);
}

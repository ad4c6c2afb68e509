/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/arrow_internal.h"

/* A stream is messages one after another: the schema, then dictionaries and batches, a dictionary before the first
 * batch that needs it. A file is a stream between two magics, with a footer at the end that says where everything lies;
 * it is read by the footer, dictionaries first.
 *
 *     message = FFFFFFFF  size of metadata (int32)  metadata (Message.fbs)  body        size 0: the end
 *     file    = "ARROW1" 0 0  message*  footer (File.fbs)  size of footer (int32)  "ARROW1"
 *
 * Before version 0.15 messages began with the size; those are read too. */

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "values are used as they lie in the file, which is little-endian"
#endif

static const char magic[6] = "ARROW1";

enum { MESSAGE_VERSION = 0, MESSAGE_KIND = 1, MESSAGE_HEADER = 2, MESSAGE_BODY_BYTES = 3 };
enum { KIND_SCHEMA = 1, KIND_DICTIONARY = 2, KIND_BATCH = 3 };
enum { FOOTER_SCHEMA = 1, FOOTER_DICTIONARIES = 2, FOOTER_BATCHES = 3, BLOCK_BYTES = 24 };
enum { VERSION_4 = 3, VERSION_5 = 4 };
enum { LENGTH_BYTES = 4, MARK_BYTES = 4, FILE_HEAD_BYTES = 8 };

struct message {
    int64_t kind; /* 0: the end of the stream */
    struct flat_table header;
    size_t next;
};

static uint32_t read_u32(const struct arrow_reader *reader, size_t at)
{
    uint32_t value;
    memcpy(&value, reader->bytes + at, sizeof value);
    return value;
}

/* The size of the metadata of the message at *@at, which is moved to it. 0 at the end. */
static int read_prefix(const struct arrow_reader *reader, size_t *at, size_t *size, struct fault *fault)
{
    *size = 0;
    if (*at == reader->size)
        return 0;
    if (reader->size - *at < LENGTH_BYTES)
        return arrow_bad(fault, "it ends within a message");
    uint32_t bytes = read_u32(reader, *at);
    *at += LENGTH_BYTES;
    if (bytes == UINT32_MAX) {
        if (reader->size - *at < LENGTH_BYTES)
            return arrow_bad(fault, "it ends within a message");
        bytes = read_u32(reader, *at);
        *at += LENGTH_BYTES;
    }
    if (bytes > reader->size - *at)
        return arrow_bad(fault, "it ends within a message");
    *size = bytes;
    return 0;
}

/* The message at @at; its bytes into @batch. */
static int read_message(const struct arrow_reader *reader, size_t at, struct arrow_batch *batch, struct message *out,
                        struct fault *fault)
{
    size_t size;
    *batch = (struct arrow_batch){.codec = -1};
    *out = (struct message){.kind = 0};
    int code = read_prefix(reader, &at, &size, fault);
    if (code || size == 0)
        return code;
    batch->metadata = (struct flatbuffer){reader->bytes + at, size, false};
    struct flat_table root = flat_root(&batch->metadata);
    int64_t version = flat_integer(root, MESSAGE_VERSION, 2, 0);
    int64_t body = flat_integer(root, MESSAGE_BODY_BYTES, 8, 0);
    out->kind = flat_integer(root, MESSAGE_KIND, 1, 0);
    out->header = flat_child(root, MESSAGE_HEADER);
    at += size;
    if (batch->metadata.bad || !out->kind || !out->header.at)
        return arrow_bad(fault, "a broken message");
    if (version < VERSION_4 || version > VERSION_5)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: metadata of versions 4 and 5 is read, not of this one");
    if (body < 0 || (uint64_t)body > reader->size - at)
        return arrow_bad(fault, "it ends within a body");
    batch->body = reader->bytes + at;
    batch->body_bytes = (size_t)body;
    out->next = at + (size_t)body;
    return 0;
}

/* ---- Files ---- */

static int read_block(const struct arrow_reader *reader, struct flat_vector blocks, uint32_t index, int64_t kind,
                      struct arrow_batch *batch, struct message *message, struct fault *fault)
{
    uint64_t at = (uint64_t)flat_struct_integer(blocks, index, BLOCK_BYTES, 0, 8);
    if (at >= reader->size)
        return arrow_bad(fault, "a block outside the file");
    int code = read_message(reader, (size_t)at, batch, message, fault);
    return code || message->kind == kind ? code : arrow_bad(fault, "a block of another kind than the footer says");
}

static int read_file_dictionaries(struct arrow_reader *reader, struct flat_vector blocks, struct fault *fault)
{
    struct arrow_batch batch;
    struct message message;
    int code = 0;
    for (uint32_t i = 0; !code && i < blocks.count; i++) {
        code = read_block(reader, blocks, i, KIND_DICTIONARY, &batch, &message, fault);
        if (!code)
            code = arrow_dictionary_read(reader, message.header, &batch, fault);
    }
    return code;
}

static int open_file(struct arrow_reader *reader, struct fault *fault)
{
    size_t tail = sizeof magic + LENGTH_BYTES;
    if (reader->size < FILE_HEAD_BYTES + tail ||
        memcmp(reader->bytes + reader->size - sizeof magic, magic, sizeof magic) != 0)
        return arrow_bad(fault, "a file without its end");
    size_t end = reader->size - tail;
    size_t size = read_u32(reader, end);
    if (size > end - FILE_HEAD_BYTES)
        return arrow_bad(fault, "a footer that is larger than its file");
    reader->footer = (struct flatbuffer){reader->bytes + end - size, size, false};
    struct flat_table footer = flat_root(&reader->footer);
    struct flat_vector dictionaries = flat_items(footer, FOOTER_DICTIONARIES, BLOCK_BYTES);
    reader->file_batches = flat_items(footer, FOOTER_BATCHES, BLOCK_BYTES);
    int code = arrow_schema_read(reader, flat_child(footer, FOOTER_SCHEMA), fault);
    if (reader->footer.bad)
        return arrow_bad(fault, "a broken footer");
    reader->size = end - size;
    return code ? code : read_file_dictionaries(reader, dictionaries, fault);
}

static int next_in_file(struct arrow_reader *reader, bool *more, struct fault *fault)
{
    struct message message;
    *more = reader->file_next < reader->file_batches.count;
    if (!*more)
        return 0;
    int code =
        read_block(reader, reader->file_batches, reader->file_next++, KIND_BATCH, &reader->batch, &message, fault);
    if (!code && (size_t)(reader->batch.metadata.bytes - reader->bytes) < reader->at)
        return arrow_bad(fault, "batches that overlap"); /* else a small file could hold one batch a million times */
    reader->at = message.next;
    return code ? code : arrow_batch_read(&reader->batch, message.header, fault);
}

/* ---- Streams ---- */

static int open_stream(struct arrow_reader *reader, struct fault *fault)
{
    struct message message;
    int code = read_message(reader, 0, &reader->batch, &message, fault);
    if (code)
        return code;
    if (message.kind != KIND_SCHEMA)
        return arrow_bad(fault, "it does not begin with a schema");
    reader->at = message.next;
    return arrow_schema_read(reader, message.header, fault);
}

static int next_in_stream(struct arrow_reader *reader, bool *more, struct fault *fault)
{
    for (;;) {
        struct message message;
        int code = read_message(reader, reader->at, &reader->batch, &message, fault);
        *more = !code && message.kind;
        if (code || !message.kind)
            return code;
        reader->at = message.next;
        if (message.kind == KIND_BATCH)
            return arrow_batch_read(&reader->batch, message.header, fault);
        if (message.kind != KIND_DICTIONARY)
            return arrow_bad(fault, "a message that is neither a dictionary nor a batch");
        code = arrow_dictionary_read(reader, message.header, &reader->batch, fault);
        if (code)
            return code;
    }
}

/* ---- The reader ---- */

int arrow_reader_new(const void *bytes, size_t size, struct arrow_reader **out, struct fault *fault)
{
    struct arrow_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *reader = (struct arrow_reader){.bytes = bytes, .size = size};
    reader->is_file = size >= FILE_HEAD_BYTES && memcmp(bytes, magic, sizeof magic) == 0;
    int code = reader->is_file ? open_file(reader, fault) : open_stream(reader, fault);
    if (code) {
        arrow_reader_free(reader);
        return code;
    }
    *out = reader;
    return 0;
}

void arrow_reader_free(struct arrow_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < ARROW_BUFFERS_A_COLUMN; i++)
        free(reader->memory[i]);
    for (size_t i = 0; i < reader->dictionary_count; i++)
        arrow_dictionary_fini(&reader->dictionaries[i]);
    for (size_t i = 0; i < reader->field_count; i++)
        free(reader->fields[i].name);
    free(reader->dictionaries);
    free(reader->fields);
    free(reader);
}

size_t arrow_reader_columns(const struct arrow_reader *reader)
{
    return reader->field_count;
}

const struct arrow_field *arrow_reader_field(const struct arrow_reader *reader, size_t index)
{
    return &reader->fields[index];
}

int arrow_reader_next(struct arrow_reader *reader, bool *more, struct fault *fault)
{
    return reader->is_file ? next_in_file(reader, more, fault) : next_in_stream(reader, more, fault);
}

int64_t arrow_reader_rows(const struct arrow_reader *reader)
{
    return reader->batch.rows;
}

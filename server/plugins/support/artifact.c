/* SPDX-License-Identifier: Apache-2.0 */
#include "support/artifact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <mltrainer/plugin_parameters.h>

#define MAGIC_BYTES 8
#define HEADER_BYTES 16
#define CHECKSUM_BYTES 4

/* ---- Writing ---- */

static int reserve(struct artifact_writer *writer, size_t count)
{
    size_t need, capacity = writer->capacity;

    if (writer->failed || __builtin_add_overflow(writer->used, count, &need) || need > UINT32_MAX)
        return writer->failed = 1;
    if (need <= capacity)
        return 0;
    while (capacity < need)
        capacity = capacity ? capacity * 2 : 1024;
    uint8_t *bytes = writer->host->alloc(writer->host, capacity);
    if (!bytes)
        return writer->failed = 1;
    if (writer->used)
        memcpy(bytes, writer->bytes, writer->used);
    writer->bytes = bytes;
    writer->capacity = capacity;
    return 0;
}

void artifact_put(struct artifact_writer *writer, const void *bytes, size_t count)
{
    if (count == 0 || reserve(writer, count))
        return;
    memcpy(writer->bytes + writer->used, bytes, count);
    writer->used += count;
}

void artifact_put_u32(struct artifact_writer *writer, uint32_t value)
{
    artifact_put(writer, &value, sizeof(value));
}

void artifact_put_u64(struct artifact_writer *writer, uint64_t value)
{
    artifact_put(writer, &value, sizeof(value));
}

void artifact_put_double(struct artifact_writer *writer, double value)
{
    artifact_put(writer, &value, sizeof(value));
}

void artifact_put_doubles(struct artifact_writer *writer, const double *values, size_t count)
{
    artifact_put(writer, values, count * sizeof(*values));
}

void artifact_put_text(struct artifact_writer *writer, const char *text)
{
    artifact_put_u32(writer, (uint32_t)strlen(text));
    artifact_put(writer, text, strlen(text));
}

void artifact_start(struct artifact_writer *writer, const struct mltrainer_host *host, const char *magic,
                    uint32_t version)
{
    *writer = (struct artifact_writer){.host = host};
    artifact_put(writer, magic, MAGIC_BYTES);
    artifact_put_u32(writer, version);
    artifact_put_u32(writer, 0);
}

int32_t artifact_finish(struct artifact_writer *writer, const void **bytes, size_t *byte_count,
                        struct mltrainer_error *error)
{
    if (!writer->failed)
        artifact_put_u32(writer, (uint32_t)crc32(0, writer->bytes, (uInt)writer->used));
    if (writer->failed)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the artifact");
    *bytes = writer->bytes;
    *byte_count = writer->used;
    return MLTRAINER_OK;
}

/* ---- Reading ---- */

const void *artifact_take(struct artifact_reader *reader, size_t count)
{
    const uint8_t *at = reader->at;

    if (reader->failed || count > reader->left) {
        reader->failed = 1;
        return NULL;
    }
    reader->at += count;
    reader->left -= count;
    return at;
}

uint32_t artifact_take_u32(struct artifact_reader *reader)
{
    const void *at = artifact_take(reader, sizeof(uint32_t));
    uint32_t value = 0;

    if (at)
        memcpy(&value, at, sizeof(value));
    return value;
}

uint64_t artifact_take_u64(struct artifact_reader *reader)
{
    const void *at = artifact_take(reader, sizeof(uint64_t));
    uint64_t value = 0;

    if (at)
        memcpy(&value, at, sizeof(value));
    return value;
}

void artifact_take_doubles(struct artifact_reader *reader, double *values, size_t count)
{
    const void *at = count > reader->left / sizeof(double) ? NULL : artifact_take(reader, count * sizeof(double));

    if (!at) {
        reader->failed = 1;
        return;
    }
    memcpy(values, at, count * sizeof(double));
    for (size_t i = 0; i < count; i++)
        reader->failed |= !isfinite(values[i]);
}

double artifact_take_double(struct artifact_reader *reader)
{
    double value = 0;

    artifact_take_doubles(reader, &value, 1);
    return reader->failed ? 0 : value;
}

size_t artifact_take_count(struct artifact_reader *reader, size_t bytes_each)
{
    uint64_t count = artifact_take_u64(reader);

    if (count <= reader->left / bytes_each)
        return count;
    reader->failed = 1;
    return 0;
}

char *artifact_take_text(struct artifact_reader *reader)
{
    uint32_t length = artifact_take_u32(reader);
    const char *text = artifact_take(reader, length);

    char *copy = text && length > 0 && !memchr(text, 0, length) ? malloc((size_t)length + 1) : NULL;
    if (!copy) {
        reader->failed = 1;
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

int artifact_complete(const struct artifact_reader *reader)
{
    return !reader->failed && reader->left == 0;
}

int32_t artifact_open(struct artifact_reader *reader, const void *bytes, size_t byte_count, const char *magic,
                      uint32_t version_last, struct mltrainer_error *error)
{
    const uint8_t *start = bytes;
    uint32_t checksum;

    if (byte_count < HEADER_BYTES + CHECKSUM_BYTES || byte_count > UINT32_MAX || memcmp(start, magic, MAGIC_BYTES) != 0)
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "these are not the bytes of such a model");
    *reader = (struct artifact_reader){.at = start + MAGIC_BYTES, .left = byte_count - MAGIC_BYTES - CHECKSUM_BYTES};
    memcpy(&checksum, start + byte_count - CHECKSUM_BYTES, sizeof(checksum));
    if (crc32(0, start, (uInt)(byte_count - CHECKSUM_BYTES)) != checksum)
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact's checksum is wrong");
    reader->version = artifact_take_u32(reader);
    if (reader->version == 0 || reader->version > version_last || artifact_take_u32(reader) != 0)
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact has version %u, this plugin reads up to %u",
                              reader->version, version_last);
    return MLTRAINER_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include <zlib.h>

#include <mltrainer/plugin_parameters.h>

#include "model.h"

/* The bytes of a model, little endian:
 *
 *     0  "mltlinr\n"      8   magic
 *     8  version          4   1
 *    12  method           4   enum linear_method
 *    16  features         4
 *    20  0                4
 *    24  intercept        8
 *        for each feature: coefficient 8, length of its name 4, name
 *        CRC-32           4   of everything before it                                                          */

#define MAGIC "mltlinr\n"
#define MAGIC_BYTES 8
#define VERSION 1
#define HEADER_BYTES 32
#define CHECKSUM_BYTES 4
#define FEATURE_BYTES_LEAST 12

static uint8_t *put(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    return put(at, &value, sizeof(value));
}

static int32_t save(const struct mltrainer_host *host, const void *object, const void **bytes, size_t *byte_count,
                    struct mltrainer_error *error)
{
    const struct linear_model *model = object;
    size_t size = HEADER_BYTES + CHECKSUM_BYTES;

    for (size_t i = 0; i < model->feature_count; i++)
        size += FEATURE_BYTES_LEAST + strlen(model->names[i]);
    uint8_t *start = host->alloc(host, size);
    if (!start)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the artifact");
    uint8_t *at = put(start, MAGIC, MAGIC_BYTES);
    at = put_u32(at, VERSION);
    at = put_u32(at, model->method);
    at = put_u32(at, (uint32_t)model->feature_count);
    at = put_u32(at, 0);
    at = put(at, &model->intercept, sizeof(double));
    for (size_t i = 0; i < model->feature_count; i++) {
        uint32_t length = (uint32_t)strlen(model->names[i]);
        at = put(at, &model->coefficients[i], sizeof(double));
        at = put_u32(at, length);
        at = put(at, model->names[i], length);
    }
    put_u32(at, (uint32_t)crc32(0, start, (uInt)(at - start)));
    *bytes = start;
    *byte_count = size;
    return MLTRAINER_OK;
}

/* What is left to read; take() gives NULL when there is less than asked for. */
struct reader {
    const uint8_t *at;
    size_t left;
};

static const void *take(struct reader *reader, size_t bytes)
{
    const uint8_t *at = reader->at;

    if (bytes > reader->left)
        return NULL;
    reader->at += bytes;
    reader->left -= bytes;
    return at;
}

static uint32_t read_u32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static int32_t read_feature(struct reader *reader, struct linear_model *model, size_t index)
{
    const uint8_t *fixed = take(reader, FEATURE_BYTES_LEAST);
    if (!fixed)
        return MLTRAINER_CORRUPT;
    memcpy(&model->coefficients[index], fixed, sizeof(double));
    uint32_t length = read_u32(fixed + sizeof(double));
    const char *name = take(reader, length);
    if (!name || length == 0 || memchr(name, 0, length) || !isfinite(model->coefficients[index]))
        return MLTRAINER_CORRUPT;
    return linear_model_set_name(model, index, name, length);
}

static int32_t read_model(struct reader *reader, struct linear_model **out)
{
    const uint8_t *header = take(reader, HEADER_BYTES);
    uint32_t method = read_u32(header + 12), features = read_u32(header + 16);
    int32_t status = MLTRAINER_OK;

    if (method < LINEAR_OLS || method > LINEAR_ELASTIC_NET || features > reader->left / FEATURE_BYTES_LEAST)
        return MLTRAINER_CORRUPT;
    struct linear_model *model = linear_model_new(method, features);
    if (!model)
        return MLTRAINER_OUT_OF_MEMORY;
    memcpy(&model->intercept, header + 24, sizeof(double));
    if (!isfinite(model->intercept))
        status = MLTRAINER_CORRUPT;
    for (size_t i = 0; !status && i < features; i++)
        status = read_feature(reader, model, i);
    if (!status && reader->left != 0)
        status = MLTRAINER_CORRUPT;
    if (status) {
        linear_model_free(model);
        return status;
    }
    *out = model;
    return MLTRAINER_OK;
}

static int32_t restore(const struct mltrainer_host *host, const void *bytes, size_t byte_count, void **object,
                       struct mltrainer_error *error)
{
    const uint8_t *start = bytes;

    if (byte_count < HEADER_BYTES + CHECKSUM_BYTES || byte_count > UINT32_MAX || memcmp(start, MAGIC, MAGIC_BYTES) != 0)
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "these are not the bytes of a linear model");
    if (read_u32(start + 8) != VERSION)
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact has version %u, this plugin reads %u",
                              read_u32(start + 8), VERSION);
    struct reader reader = {.at = start, .left = byte_count - CHECKSUM_BYTES};
    if (crc32(0, start, (uInt)reader.left) != read_u32(start + reader.left))
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact's checksum is wrong");
    switch (read_model(&reader, (struct linear_model **)object)) {
    case MLTRAINER_OK:
        return MLTRAINER_OK;
    case MLTRAINER_OUT_OF_MEMORY:
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    default:
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact contradicts itself");
    }
}

const struct mltrainer_serializable linear_serializable = {
    .size = sizeof(linear_serializable), .format_version = VERSION, .save = save, .restore = restore};

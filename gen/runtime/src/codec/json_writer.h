/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_JSON_WRITER_H
#define MRPC_CODEC_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/json.h>

#include "base/buffer.h"

/** JSON text in the making. The first error stays and makes everything after it a no-op. */
struct mrpc_json_writer {
    struct mrpc_buffer text;
    unsigned flags; /* enum mrpc_json_flag */
    const struct mrpc_message_info *(*find)(void *arg, const char *full_name); /* as in struct mrpc_json_options */
    void *arg;
    unsigned level; /* open objects and arrays */
    bool first;     /* the next member is the first of its object or array */
    int error;
};

void mrpc_json_fail(struct mrpc_json_writer *writer, int error);

/** Text as it is. */
void mrpc_json_raw(struct mrpc_json_writer *writer, const char *text, size_t size);
void mrpc_json_literal(struct mrpc_json_writer *writer, const char *text);

/** In quotes and escaped; MRPC_ERR_INVALID when it is not UTF-8. */
void mrpc_json_string(struct mrpc_json_writer *writer, const char *text, size_t size);
void mrpc_json_base64(struct mrpc_json_writer *writer, const void *bytes, size_t size);

/** The shortest digits that read back as the same number; "NaN", "Infinity" and "-Infinity" in quotes. */
void mrpc_json_float(struct mrpc_json_writer *writer, float value);
void mrpc_json_double(struct mrpc_json_writer *writer, double value);

void mrpc_json_open(struct mrpc_json_writer *writer, char bracket);
void mrpc_json_close(struct mrpc_json_writer *writer, char bracket);
/** Comma, line break and indentation before a member of an array; for an object's, the key too. */
void mrpc_json_element(struct mrpc_json_writer *writer);
void mrpc_json_key(struct mrpc_json_writer *writer, const char *key);

/** Well-known types whose form is a string; MRPC_ERR_INVALID outside the ranges that they define. */
void mrpc_json_timestamp(struct mrpc_json_writer *writer, int64_t seconds, int32_t nanos);
void mrpc_json_duration(struct mrpc_json_writer *writer, int64_t seconds, int32_t nanos);
void mrpc_json_field_mask(struct mrpc_json_writer *writer, char *const *paths, size_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_writer.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/utf8.h"
#include "wire/base64.h"

void mrpc_json_fail(struct mrpc_json_writer *writer, int error)
{
    if (!writer->error)
        writer->error = error;
}

void mrpc_json_raw(struct mrpc_json_writer *writer, const char *text, size_t size)
{
    if (!writer->error && mrpc_buffer_append(&writer->text, text, size))
        writer->error = MRPC_ERR_NOMEM;
}

void mrpc_json_literal(struct mrpc_json_writer *writer, const char *text)
{
    mrpc_json_raw(writer, text, strlen(text));
}

static bool must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void escape(struct mrpc_json_writer *writer, unsigned char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char text[8];
    for (const char *at = letters; *at; at += 2) {
        if ((unsigned char)at[0] != c)
            continue;
        snprintf(text, sizeof(text), "\\%c", at[1]);
        mrpc_json_literal(writer, text);
        return;
    }
    snprintf(text, sizeof(text), "\\u%04x", c);
    mrpc_json_literal(writer, text);
}

void mrpc_json_string(struct mrpc_json_writer *writer, const char *text, size_t size)
{
    const char *end = text + size;
    if (mrpc_utf8_valid_prefix(text, size) < size)
        mrpc_json_fail(writer, MRPC_ERR_INVALID);
    mrpc_json_raw(writer, "\"", 1);
    while (text < end && !writer->error) {
        const char *plain = text;
        while (text < end && !must_escape((unsigned char)*text))
            text++;
        mrpc_json_raw(writer, plain, (size_t)(text - plain));
        if (text < end)
            escape(writer, (unsigned char)*text++);
    }
    mrpc_json_raw(writer, "\"", 1);
}

void mrpc_json_base64(struct mrpc_json_writer *writer, const void *bytes, size_t size)
{
    size_t length = mrpc_base64_encoded_size(size, true);
    mrpc_json_raw(writer, "\"", 1);
    char *room = writer->error ? NULL : (char *)mrpc_buffer_reserve(&writer->text, length);
    if (!room) {
        mrpc_json_fail(writer, MRPC_ERR_NOMEM);
        return;
    }
    mrpc_base64_encode(bytes, size, true, room);
    mrpc_buffer_commit(&writer->text, length);
    mrpc_json_raw(writer, "\"", 1);
}

/* printf and strtod follow the locale; JSON has a point. */
static void write_digits(struct mrpc_json_writer *writer, char *digits)
{
    for (char *at = digits; *at; at++) {
        if (!strchr("0123456789+-e", *at))
            *at = '.';
    }
    mrpc_json_literal(writer, digits);
}

static bool write_special(struct mrpc_json_writer *writer, double value)
{
    if (isfinite(value))
        return false;
    mrpc_json_literal(writer, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return true;
}

/* FLT_DIG digits and DBL_DIG digits always survive, so that the search begins there; subnormal numbers have fewer. */
void mrpc_json_float(struct mrpc_json_writer *writer, float value)
{
    char digits[32];
    if (write_special(writer, (double)value))
        return;
    for (int precision = fabsf(value) < FLT_MIN ? 1 : 6; precision <= 9; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, (double)value);
        if (strtof(digits, NULL) == value)
            break;
    }
    write_digits(writer, digits);
}

void mrpc_json_double(struct mrpc_json_writer *writer, double value)
{
    char digits[32];
    if (write_special(writer, value))
        return;
    for (int precision = fabs(value) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    write_digits(writer, digits);
}

static void break_line(struct mrpc_json_writer *writer)
{
    if (!(writer->flags & MRPC_JSON_INDENT))
        return;
    mrpc_json_raw(writer, "\n", 1);
    for (unsigned i = 0; i < writer->level; i++)
        mrpc_json_raw(writer, "  ", 2);
}

void mrpc_json_open(struct mrpc_json_writer *writer, char bracket)
{
    mrpc_json_raw(writer, &bracket, 1);
    writer->level++;
    writer->first = true;
}

void mrpc_json_close(struct mrpc_json_writer *writer, char bracket)
{
    writer->level--;
    if (!writer->first)
        break_line(writer);
    writer->first = false;
    mrpc_json_raw(writer, &bracket, 1);
}

void mrpc_json_element(struct mrpc_json_writer *writer)
{
    if (!writer->first)
        mrpc_json_raw(writer, ",", 1);
    writer->first = false;
    break_line(writer);
}

void mrpc_json_key(struct mrpc_json_writer *writer, const char *key)
{
    mrpc_json_element(writer);
    mrpc_json_string(writer, key, strlen(key));
    mrpc_json_literal(writer, writer->flags & MRPC_JSON_INDENT ? ": " : ":");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "execution/fetch/csv_writer.h"
#include "execution/fetch/source_kind.h"

static void flush(struct csv_writer *writer)
{
    if (writer->used && !writer->fault->code)
        (void)writer->sink->take(writer->sink->arg, writer->buffer, writer->used, writer->fault); /* which is kept */
    writer->used = 0;
}

static void put(struct csv_writer *writer, const char *bytes, size_t size)
{
    while (size) {
        if (writer->used == sizeof writer->buffer)
            flush(writer);
        size_t room = sizeof writer->buffer - writer->used, part = size < room ? size : room;
        memcpy(writer->buffer + writer->used, bytes, part);
        writer->used += part;
        bytes += part;
        size -= part;
    }
}

static void separate(struct csv_writer *writer)
{
    if (writer->fields++)
        put(writer, ",", 1);
}

void csv_writer_plain(struct csv_writer *writer, const char *text, size_t bytes)
{
    separate(writer);
    put(writer, text, bytes);
}

void csv_writer_text(struct csv_writer *writer, const char *text, size_t bytes)
{
    separate(writer);
    put(writer, "\"", 1);
    while (bytes) {
        const char *quote = memchr(text, '"', bytes);
        size_t part = quote ? (size_t)(quote - text) + 1 : bytes;
        put(writer, text, part);
        if (quote)
            put(writer, "\"", 1);
        text += part;
        bytes -= part;
    }
    put(writer, "\"", 1);
}

/* A row of one absent value must not be an empty line, which would be none. */
void csv_writer_absent(struct csv_writer *writer)
{
    csv_writer_plain(writer, "NA", 2);
}

void csv_writer_number(struct csv_writer *writer, double value)
{
    char text[40];
    if (isnan(value))
        return csv_writer_absent(writer);
    csv_writer_plain(writer, text, (size_t)snprintf(text, sizeof text, "%.17g", value));
}

void csv_writer_integer(struct csv_writer *writer, int64_t value)
{
    char text[24];
    csv_writer_plain(writer, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

int csv_writer_end_row(struct csv_writer *writer)
{
    put(writer, "\n", 1);
    writer->fields = 0;
    writer->rows++;
    if (!writer->fault->code && writer->rows % 256 == 0 && writer->sink->stopped(writer->sink->arg))
        return fetch_stopped(writer->fault);
    return writer->fault->code;
}

int csv_writer_finish(struct csv_writer *writer)
{
    flush(writer);
    return writer->fault->code;
}

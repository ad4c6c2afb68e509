/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_CSV_H
#define MLT_EXECUTION_DATASET_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "fault/fault.h"

/* CSV as bytes, in chunks of any size, to rows of fields. Knows nothing of types, headers and files.
 * Source: RFC 4180, with these choices: rows end with LF or CRLF; empty lines are skipped; a byte order mark is
 * skipped; a quote inside an unquoted field, text behind a closing quote, a lone CR and a NUL are errors. */

enum {
    CSV_COLUMNS_MAX = 4096,
    CSV_ROW_BYTES_MAX = 1024 * 1024,
};

struct csv_field {
    const char *text; /* unescaped, not NUL-terminated */
    size_t bytes;
    bool quoted;
};

/** One row, valid during the callback. */
struct csv_row {
    uint64_t line; /* of the file, from 1, where the row begins */
    size_t count;
    const struct csv_field *fields;
    const char *readable; /* bytes behind a field may be read up to here, whatever they are; NULL: not known */
};

/** How many bytes from @field's text on may be read; at least its own. */
static inline size_t csv_field_room(const struct csv_row *row, const struct csv_field *field)
{
    return row->readable ? (size_t)(row->readable - field->text) : field->bytes;
}

/** Returns 0, or a code to stop with, @fault filled. */
typedef int csv_row_callback(void *arg, const struct csv_row *row, struct fault *fault);

struct csv_reader;

/** @delimiter 0: found out from the first row: that of , ; | and tab that stands most often outside quotes; a
 *  comma if none does. Thread: one at a time. */
struct csv_reader *csv_reader_new(char delimiter, csv_row_callback *callback, void *arg) MRPC_MUST_USE;
void csv_reader_free(struct csv_reader *reader);

/** Read the next bytes. Errors: INVALID_ARGUMENT naming line and column, RESOURCE_EXHAUSTED over a limit (columns, row,
 *  memory), or what the callback returned; the reader is of no use afterwards. */
int csv_reader_feed(struct csv_reader *reader, const void *bytes, size_t size, struct fault *fault) MRPC_MUST_USE;
/** The end: the last row may lack its line end. Errors as above. */
int csv_reader_finish(struct csv_reader *reader, struct fault *fault) MRPC_MUST_USE;

/** The delimiter in use; 0 while it is not known. */
char csv_reader_delimiter(const struct csv_reader *reader);

#endif

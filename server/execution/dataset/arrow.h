/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_ARROW_H
#define MLT_EXECUTION_DATASET_ARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "execution/dataset/schema.h"
#include "fault/fault.h"

/* Arrow IPC in memory, stream or file, batch by batch and column by column; what it says about itself is believed only
 * after it has been checked. Flat columns of whole numbers, numbers, truth values, texts, dates, timestamps and nothing
 * (null), also by dictionary; bodies plain or compressed by LZ4 or ZSTD. Anything else is refused with its name.
 * Source: "Arrow Columnar Format", Serialization and Interprocess Communication; Schema.fbs, Message.fbs, File.fbs.
 *
 *     arrow_reader_new ─► (arrow_reader_next ─► (arrow_reader_column ─► arrow_cell*)*)* ─► arrow_reader_free */

enum arrow_kind { ARROW_NULL, ARROW_INTEGER, ARROW_FLOAT, ARROW_BOOL, ARROW_TEXT, ARROW_TIME };

struct arrow_type {
    enum arrow_kind kind;
    unsigned bits; /* of a value; of an offset for texts */
    bool is_signed;
    int64_t a_day; /* of times: units of a day, 1 for dates that count days */
};

struct arrow_field {
    char *name;
    struct arrow_type type;
    bool by_dictionary;
    struct arrow_type index;
    size_t dictionary;
    uint32_t buffer; /* the first of its buffers in a batch */
};

struct arrow_dictionary;

/** A column of a batch, or a piece of a dictionary. Its memory is the reader's. */
struct arrow_column {
    struct arrow_type type; /* of what lies in `values` */
    int64_t length;
    const uint8_t *validity; /* NULL: all are there */
    const uint8_t *values;
    const uint8_t *offsets; /* of texts */
    size_t text_bytes;
    const struct arrow_dictionary *dictionary; /* what the values are positions in, or NULL */
};

struct arrow_cell {
    bool present;
    double number;   /* not of texts */
    int64_t integer; /* of whole numbers, truth values and times (days since 1970) */
    bool too_large;  /* a whole number above INT64_MAX: `number` alone tells */
    const char *text;
    size_t bytes;
};

struct arrow_reader;

/** @bytes, borrowed while the reader lives. Errors: INVALID_ARGUMENT saying what is wrong or not held,
 *  RESOURCE_EXHAUSTED. Thread: one at a time. */
int arrow_reader_new(const void *bytes, size_t size, struct arrow_reader **out, struct fault *fault) MRPC_MUST_USE;
void arrow_reader_free(struct arrow_reader *reader);

size_t arrow_reader_columns(const struct arrow_reader *reader);
const struct arrow_field *arrow_reader_field(const struct arrow_reader *reader, size_t index);

/** Go to the next batch; *@more false: there is none. Errors as above. */
int arrow_reader_next(struct arrow_reader *reader, bool *more, struct fault *fault) MRPC_MUST_USE;
/** Rows of this batch. */
int64_t arrow_reader_rows(const struct arrow_reader *reader);
/** Column @index of this batch; valid until the next call of this or of _next. Errors as above. */
int arrow_reader_column(struct arrow_reader *reader, size_t index, struct arrow_column *out,
                        struct fault *fault) MRPC_MUST_USE;
/** One value, @row < length. Errors: INVALID_ARGUMENT when it is none: a position outside the dictionary, a text
 *  outside its bytes or not UTF-8, a time of day, a date beyond the years 1..9999. */
int arrow_cell(const struct arrow_column *column, int64_t row, struct arrow_cell *out,
               struct fault *fault) MRPC_MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FETCH_CSV_WRITER_H
#define MLT_EXECUTION_FETCH_CSV_WRITER_H

#include <stdint.h>

#include "execution/fetch/fetch.h"

/* Rows of values as CSV that our reader gives back unchanged: texts are quoted, so that none is taken for absent. The
 * first fault stays and is what the end returns; until then calls need not be looked at. */

enum { CSV_WRITER_BYTES = 64 * 1024 };

struct csv_writer {
    const struct fetch_sink *sink;
    struct fault *fault;
    size_t used;
    size_t fields; /* of this row */
    uint64_t rows;
    char buffer[CSV_WRITER_BYTES];
};

void csv_writer_text(struct csv_writer *writer, const char *text, size_t bytes);
/** Digits of a number, a date: as they are. */
void csv_writer_plain(struct csv_writer *writer, const char *text, size_t bytes);
void csv_writer_absent(struct csv_writer *writer);
void csv_writer_number(struct csv_writer *writer, double value);
void csv_writer_integer(struct csv_writer *writer, int64_t value);
/** Returns the fault's code, CANCELLED when the sink wants to stop. */
int csv_writer_end_row(struct csv_writer *writer) MRPC_MUST_USE;
int csv_writer_finish(struct csv_writer *writer) MRPC_MUST_USE;

#endif

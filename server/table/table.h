/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TABLE_H
#define MLT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <mltrainer/plugin.h>
#include <mrpc/arena.h>
#include <mrpc/attributes.h>

#include "fault/fault.h"

/* Columnar tables in memory, in the form of the plugin ABI (mltrainer/plugin.h, "Tables"): an Arrow struct array whose
 * children are the columns. What owns one fills it column by column, then hands it on as read-only Arrow structs.
 * Thread: one while it is filled; any number of readers afterwards. */

struct table {
    struct ArrowSchema schema; /* valid from table_new() on; borrowed, never released by a reader */
    struct ArrowArray array;
};

/** Where a column's values go. Buffers are zeroed and aligned to 64 bytes. */
struct table_column {
    const char *name;
    const char *format;  /* "g", "f", "l", "i", "b", "u", "tdD", "tsn:UTC" */
    int64_t length;      /* rows */
    int64_t null_count;  /* the filler sets it: table_set_null_count() */
    uint8_t *validity;   /* one bit a row, least significant first, 1 = there; NULL: no nulls */
    void *values;        /* fixed width values; for "u" the text bytes */
    int32_t *offsets;    /* for "u" alone: length + 1 of them */
    size_t values_bytes;
};

/** An empty table of @rows rows. NULL when out of memory. */
struct table *table_new(int64_t rows) MRPC_MUST_USE;
/** The same in @arena, with room for @capacity columns at first: it lives as long as that, and table_free() leaves it
 *  alone. For small tables of a short life. Thread: the arena's, as long as it is filled. */
struct table *table_new_in(struct mrpc_arena *arena, int64_t rows, size_t capacity) MRPC_MUST_USE;
void table_free(struct table *table);

/** Append a column. @text_bytes is the size of all texts together for "u", else 0; @nullable asks for a validity map,
 *  which starts with every row absent. *@out (may be NULL) tells where the values go; its pointers live as long as
 *  the table. Errors: INVALID_ARGUMENT for an unknown format or a name that is there already, RESOURCE_EXHAUSTED. */
int table_add(struct table *table, const char *name, const char *format, size_t text_bytes, int nullable,
              struct table_column *out, struct fault *fault) MRPC_MUST_USE;
/** Append a column of fixed width without nulls whose name and @values lie elsewhere and outlive the table; they are
 *  aligned as they are. For tables of table_new_in(). Errors: as table_add(). */
int table_add_borrowed(struct table *table, const char *name, const char *format, const void *values,
                       struct fault *fault) MRPC_MUST_USE;
/** Tell how many rows of column @index are absent (it cannot be seen from outside). */
void table_set_null_count(struct table *table, size_t index, int64_t null_count);

/** Give the texts of column @index, which is "u", once their size is known: its offsets say where each begins. Copied.
 *  Errors: RESOURCE_EXHAUSTED. */
int table_set_text(struct table *table, size_t index, const char *text, size_t text_bytes,
                   struct fault *fault) MRPC_MUST_USE;

int64_t table_rows(const struct ArrowArray *array);
size_t table_columns(const struct ArrowArray *array);
/** Position of the column @name, or -1. */
int64_t table_find(const struct ArrowSchema *schema, const char *name);
/** Read access to column @index of any table in the form above (offsets 0). */
void table_column_view(const struct ArrowSchema *schema, const struct ArrowArray *array, size_t index,
                       struct table_column *out);
/** Bytes of one value of @format; 0 for "b" (bits) and "u" (text); -1 for a format that tables do not have. */
int table_format_width(const char *format);

/** How many of the first @rows bits of a validity map are set. */
int64_t table_count_valid(const uint8_t *validity, int64_t rows);
/** Is each text of a "u" column within @text_bytes, in order, and UTF-8? For columns that come from elsewhere. */
int table_text_valid(const int32_t *offsets, int64_t rows, const char *text, size_t text_bytes);

#endif

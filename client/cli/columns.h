/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_COLUMNS_H
#define MLTCTL_COLUMNS_H

#include <stdio.h>

#include <mrpc/attributes.h>

/* A table for people: cells are gathered, then printed with each column as wide as its widest cell. Texts from the
 * server are printed with their control characters replaced. */

struct columns;

/** @titles: "NAME", "STATE", … NULL-terminated, borrowed. A title that begins with '>' makes its column right-aligned.
 *  Exits when out of memory. */
struct columns *columns_new(const char *const *titles);
/** The next cell, row by row. */
void columns_add(struct columns *columns, const char *format, ...) MRPC_PRINTF(2, 3);
/** Print on stdout, or on @out, and free. */
void columns_print(struct columns *columns);
void columns_print_to(struct columns *columns, FILE *out);

#endif

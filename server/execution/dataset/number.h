/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_NUMBER_H
#define MLT_EXECUTION_DATASET_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values as they stand in data files, independent of the locale. Each function takes the whole text, which need not
 * end with NUL, and returns whether all of it is such a value; *@out is untouched if not. Thread: any. */

/** [+-] digits, within int64. */
bool number_integer(const char *text, size_t bytes, int64_t *out);

/** [+-] digits [. digits] [e[+-]digits], at least one digit before or behind the point; "inf" and "infinity" in any
 *  case. The nearest double, ties to even. At most 512 bytes. */
bool number_double(const char *text, size_t bytes, double *out);

/** Whole numbers up to it are exact in a double. */
#define NUMBER_EXACT (UINT64_C(1) << 53)

/** What nearly all numbers are, in one look: [+-] at most 18 digits, perhaps a point among them, exact. False says
 *  nothing: it may still be a number. @whole: a number for number_integer(). number_quickly() is quicker, and takes
 *  fewer. */
bool number_plain(const char *text, size_t bytes, bool *whole, double *out);

/** YYYY-MM-DD in the Gregorian calendar, years 0001..9999, as days since 1970-01-01. */
bool number_date(const char *text, size_t bytes, int32_t *days);

/** true, True, TRUE, false, False, FALSE. */
bool number_bool(const char *text, size_t bytes, bool *out);

/** The inverse of number_date(): "2026-11-23" and NUL into @text. @days within the years above. */
void number_date_text(int32_t days, char text[11]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_CATALOG_NEAREST_H
#define MLT_EXECUTION_CATALOG_NEAREST_H

#include <stddef.h>

/** The name that @text was probably meant to be: the one with the least edits (insert, delete, replace, swap
 * neighbours), at most a third of its length and one; the first of equals. NULL when none is near. @name_at(names, i)
 * gives name i. */
const char *nearest_name(const char *text, const void *names, size_t count,
                         const char *(*name_at)(const void *names, size_t index));

#endif

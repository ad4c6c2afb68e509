/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FAILING_MALLOC_H
#define MLT_FAILING_MALLOC_H

#include <stddef.h>

/* malloc, calloc and realloc that fail on demand, and count what is out. Link with mlt_wrap_malloc(TARGET). Calls that
 * the C library makes inside itself are not seen. */

/** The @nth call from now fails (1 is the next), and all after it too if @forever; 0: none fails. */
void failing_malloc_at(size_t nth, int forever);

/** Calls since the last failing_malloc_at(). */
size_t failing_malloc_calls(void);

#endif

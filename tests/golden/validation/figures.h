/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_GOLDEN_FIGURES_H
#define MLT_GOLDEN_FIGURES_H

#include <stddef.h>

/* Figures by name, read from the file that make.py wrote: a name and its values a line. */

/** Read @path; fails the test when it cannot. */
void figures_open(const char *path);
void figures_close(void);
/** The values of @name, *@count of them (may be NULL). Fails the test when there is no such name. */
const double *figures(const char *name, size_t *count);
/** The one value of @name. */
double figure(const char *name);
/** Fails the test unless |value - figure| is within 1e-12 of its size, or both are NaN. */
void figure_is(double value, const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TREE_CODES_H
#define PLUGIN_SUPPORT_TREE_CODES_H

#include <stddef.h>
#include <stdint.h>

/** The first of @count ascending edges (255 at most) that is not below @value; @count where there is none. Branches
 *  would be guesses, so there are none. */
static inline uint8_t code_of(const double *edges, size_t count, double value)
{
    const double *at = edges;

    while (count > 1) {
        size_t half = count / 2;
        at += at[half - 1] < value ? half : 0;
        count -= half;
    }
    return (uint8_t)((size_t)(at - edges) + (count == 1 && *at < value));
}

#endif

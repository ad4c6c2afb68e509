/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/catalog/nearest.h"

enum { LENGTH_MAX = 128 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance, three rows of it. Source: Damerau, CACM 7(3), 1964. */
static size_t distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > LENGTH_MAX || columns > LENGTH_MAX)
        return LENGTH_MAX;
    unsigned char table[3][LENGTH_MAX + 1];
    for (size_t j = 0; j <= columns; j++)
        table[0][j] = (unsigned char)j;
    for (size_t i = 1; i <= rows; i++) {
        unsigned char *now = table[i % 3], *before = table[(i + 2) % 3], *older = table[(i + 1) % 3];
        now[0] = (unsigned char)i;
        for (size_t j = 1; j <= columns; j++) {
            size_t best =
                least(before[j - 1] + (size_t)(a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + (size_t)1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, older[j - 2] + (size_t)1);
            now[j] = (unsigned char)best;
        }
    }
    return table[rows % 3][columns];
}

const char *nearest_name(const char *text, const void *names, size_t count,
                         const char *(*name_at)(const void *names, size_t index))
{
    const char *best = NULL;
    size_t best_distance = strlen(text) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(names, i);
        size_t edits = distance(text, name);
        if (edits >= best_distance)
            continue;
        best = name;
        best_distance = edits;
    }
    return best;
}

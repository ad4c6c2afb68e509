/* SPDX-License-Identifier: Apache-2.0 */
#include "nearest.h"

#include <string.h>

enum { LETTERS_MAX = 40 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, by rows; both words are at most LETTERS_MAX long. */
static unsigned edits_between(const char *a, const char *b)
{
    unsigned rows[3][LETTERS_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; a[i - 1]; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= length; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[length];
}

void nearest_offer(struct nearest *nearest, const char *word)
{
    size_t length = strlen(nearest->text);
    if (length == 0 || length > LETTERS_MAX || strlen(word) > LETTERS_MAX)
        return;
    unsigned edits = edits_between(nearest->text, word);
    if (edits > length / 3 + 1 || edits >= length || (nearest->word && edits >= nearest->edits))
        return;
    nearest->word = word;
    nearest->edits = edits;
}

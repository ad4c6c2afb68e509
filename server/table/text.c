/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "table/table.h"
#include "utf8/utf8.h"

int64_t table_count_valid(const uint8_t *validity, int64_t rows)
{
    int64_t count = 0;
    int64_t words = rows / 64;

    for (int64_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, validity + i * 8, sizeof(word));
        count += __builtin_popcountll(word);
    }
    for (int64_t row = words * 64; row < rows; row++)
        count += validity[row / 8] >> (row % 8) & 1;
    return count;
}

int table_text_valid(const int32_t *offsets, int64_t rows, const char *text, size_t text_bytes)
{
    if (offsets[0] != 0)
        return 0;
    for (int64_t row = 0; row < rows; row++) {
        if (offsets[row + 1] < offsets[row] || (size_t)offsets[row + 1] > text_bytes)
            return 0;
        if (!utf8_valid(text + offsets[row], (size_t)(offsets[row + 1] - offsets[row])))
            return 0;
    }
    return 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_NUMBER_QUICK_H
#define MLT_EXECUTION_DATASET_NUMBER_QUICK_H

#include <string.h>

#include "execution/dataset/number.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Numbers as nearly all are, without a loop over their digits and so without a branch that is guessed wrong: what is no
 * digit is found in sixteen bytes at once, and eight digits become a value by three multiplications. Here, that it is
 * compiled into the loop over a row's values. */

enum { NUMBER_ROOM_BYTES = 16 };

#ifdef __SSE2__
static inline uint64_t number_load_eight(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* The value of the first @count of eight digits, 1 to 8, that stand in a little-endian word: of pairs, then of all.
 * Source: Lemire, "Number parsing at a gigabyte per second", 2021, section 6. */
static inline uint64_t number_eight_digits(uint64_t word, unsigned count)
{
    const uint64_t pairs = UINT64_C(0x000000ff000000ff);
    word = (word - UINT64_C(0x3030303030303030)) << (64 - 8 * count);
    word = word * 10 + (word >> 8);
    return ((word & pairs) * (UINT64_C(100) + (UINT64_C(1000000) << 32)) +
            ((word >> 16) & pairs) * (UINT64_C(1) + (UINT64_C(10000) << 32))) >>
           32;
}

static inline uint64_t number_sixteen_digits(const char *text, unsigned count)
{
    if (count <= 8)
        return number_eight_digits(number_load_eight(text), count);
    return number_eight_digits(number_load_eight(text), count - 8) * 100000000 +
           number_eight_digits(number_load_eight(text + count - 8), 8);
}

/* Digits around a point, @before and @behind of it: 1 to 8 each. Few become one word, where what is behind the point
 * has come a byte sooner. */
static inline uint64_t number_digits_around(const char *text, unsigned before, unsigned behind)
{
    static const uint64_t scales[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    if (before + behind > 8)
        return number_eight_digits(number_load_eight(text), before) * scales[behind] +
               number_eight_digits(number_load_eight(text + before + 1), behind);
    const uint64_t kept = (UINT64_C(1) << (8 * before)) - 1;
    return number_eight_digits((number_load_eight(text) & kept) | (number_load_eight(text + 1) & ~kept),
                               before + behind);
}

/* Which of sixteen bytes are no digits, a bit each. */
static inline unsigned number_not_digits(const char *text)
{
    __m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)text), _mm_set1_epi8('0'));
    return ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits));
}

/** One to sixteen digits, or one to eight on either side of a point, perhaps behind a minus: what number_plain() says
 *  of them. False says nothing. NUMBER_ROOM_BYTES may be read behind the text. */
static inline bool number_quickly(const char *text, size_t bytes, bool *whole, double *out)
{
    static const double powers[9] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    bool negative = *text == '-';
    text += negative;
    bytes -= negative;
    if (bytes - 1 >= 16)
        return false;
    double value;
    unsigned others = number_not_digits(text) & ((1u << bytes) - 1);
    if (others) {
        unsigned before = (unsigned)__builtin_ctz(others), behind = (unsigned)bytes - before - 1;
        if ((others & (others - 1)) | (unsigned)(text[before] ^ '.') | ((before - 1) & ~7u) | ((behind - 1) & ~7u))
            return false;
        uint64_t mantissa = number_digits_around(text, before, behind);
        if (mantissa > NUMBER_EXACT)
            return false;
        value = (double)(int64_t)mantissa / powers[behind];
    } else {
        value = (double)(int64_t)number_sixteen_digits(text, (unsigned)bytes);
    }
    *whole = !others;
    *out = negative ? -value : value;
    return true;
}
#else
static inline bool number_quickly(const char *text, size_t bytes, bool *whole, double *out)
{
    return false;
}
#endif

#endif

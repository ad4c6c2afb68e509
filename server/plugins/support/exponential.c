/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: Cody and Waite (1980), "Software manual for the elementary functions", for reducing arguments; the series of
 * Taylor and of artanh, as far as they change what is rounded. */
#include "support/exponential.h"

#include <stdint.h>
#include <string.h>

#include "support/wide.h"

#define LANES 4

typedef double lanes __attribute__((vector_size(32)));
typedef uint64_t bits __attribute__((vector_size(32)));
typedef double lanes_at __attribute__((vector_size(32), aligned(8), may_alias)); /* in memory */
typedef uint64_t bits_at __attribute__((vector_size(32), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* ln 2 in two parts: the first has so few digits that its product with a whole number is exact. */
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
/* Added and taken away again: the nearest whole number, which the sum's bits are that many above this one's. */
#define WHOLE 0x1.8p52
#define WHOLE_BITS 0x4338000000000000u

/* ---- exp: 2^n exp(r), |r| at most ln 2 / 2 ---- */

#define LEAST (-746.0) /* exp of it is 0, and of what is more than MOST infinite */
#define MOST 710.0

/* 1/n!, from 1/13! on: what is left away is below a fifth of a unit. */
static const double factorials[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                    1.0 / 40320,      1.0 / 5040,      1.0 / 720,      1.0 / 120,     1.0 / 24,
                                    1.0 / 6,          1.0 / 2};

/* Of LANES numbers. The power of two in halves: 2^n alone need not be a number where the product is. */
INLINE void exponential_of(const double *from, double *to)
{
    lanes x = *(const lanes_at *)from, odd = {0}, even = {0}, least = odd + LEAST, most = odd + MOST;
    bits is_low = (bits)(x < least), is_high = (bits)(x > most); /* NaN is neither */

    x = (lanes)(((bits)x & ~(is_low | is_high)) | ((bits)least & is_low) | ((bits)most & is_high));
    lanes near = x * 0x1.71547652b82fep0 + WHOLE, n = near - WHOLE;
    lanes r = (x - n * LN2_HIGH) - n * LN2_LOW, z = r * r;
    for (size_t i = 0; i < sizeof(factorials) / sizeof(factorials[0]); i += 2) {
        odd = odd * z + factorials[i];
        even = even * z + factorials[i + 1];
    }
    bits whole = (bits)near - WHOLE_BITS + 2048, half = whole >> 1; /* n + 2048, above 0 */
    lanes one = (lanes)((half - 1) << 52), other = (lanes)((whole - half - 1) << 52);
    *(lanes_at *)to = (1 + (r + z * (even + r * odd))) * one * other;
}

/* ---- log: n ln 2 + log(1 + f). With s = f / (2 + f) that is 2 artanh s, whose first term 2 s = f - f²/2 + s f²/2 is
 * taken apart: f is exact ---- */

#define ROOT_HALF_BITS 0x3fe6a09e667f3bcdu
#define FRACTION_BITS 0x000fffffffffffffu

INLINE void logarithm_of(const double *from, double *to)
{
    bits above = *(const bits_at *)from - ROOT_HALF_BITS + ((uint64_t)1024 << 52);
    lanes n = (lanes)((above >> 52) - 1024 + WHOLE_BITS) - WHOLE;
    lanes f = (lanes)((above & FRACTION_BITS) + ROOT_HALF_BITS) - 1, half = f * f * 0.5;
    lanes s = f / (2 + f), z = s * s, sum = {0};

    for (int odd = 21; odd >= 3; odd -= 2)
        sum = sum * z + 2.0 / odd;
    *(lanes_at *)to = n * LN2_HIGH - ((half - (s * (half + z * sum) + n * LN2_LOW)) - f);
}

/* ---- All ---- */

#define OVER_ALL(name)                                                                                                 \
    WIDE void name(const double *x, size_t count, double *out)                                                         \
    {                                                                                                                  \
        size_t i = 0;                                                                                                  \
        for (; i + LANES <= count; i += LANES)                                                                         \
            name##_of(x + i, out + i);                                                                                 \
        if (i < count) {                                                                                               \
            double rest[LANES] = {1, 1, 1, 1};                                                                         \
            memcpy(rest, x + i, (count - i) * sizeof(double));                                                         \
            name##_of(rest, rest);                                                                                     \
            memcpy(out + i, rest, (count - i) * sizeof(double));                                                       \
        }                                                                                                              \
    }

OVER_ALL(exponential)
OVER_ALL(logarithm)

/* SPDX-License-Identifier: Apache-2.0 */
/* Mallat's pyramid: at each level a low-pass and a high-pass filter, and every second of what they give; the low part
 * goes on. Sources: Mallat (1989); Daubechies (1992), "Ten lectures on wavelets", table 6.1; layout and borders as
 * PyWavelets. */
#include "support/tabular.h"

enum { LEVEL, POSITION, COEFFICIENT, LENGTH_MAX = 8 };
enum border { SYMMETRIC, ZERO, PERIODIC };

/* Low-pass filters of the decomposition; the high-pass one is it backwards with alternating signs. */
static const struct wavelet {
    int64_t length;
    double low[LENGTH_MAX];
} wavelets[] = {
    {2, {0.7071067811865476, 0.7071067811865476}},
    {4, {-0.12940952255126037, 0.2241438680420134, 0.8365163037378079, 0.48296291314453416}},
    {8,
     {-0.010597401785069032, 0.0328830116668852, 0.030841381835560764, -0.18703481171909309, -0.027983769416859854,
      0.6308807679298589, 0.7148465705529157, 0.2303778133088965}},
};

static double beyond(const double *x, int64_t count, int64_t at, enum border border)
{
    if (at >= 0 && at < count)
        return x[at];
    if (border == ZERO)
        return 0;
    int64_t turn = border == PERIODIC ? count : 2 * count, place = (at % turn + turn) % turn;
    return x[place < count ? place : turn - 1 - place];
}

/* One level: @low and @high get (count + length - 1) / 2 numbers. */
static int64_t step(const struct wavelet *wavelet, const double *x, int64_t count, enum border border, double *low,
                    double *high)
{
    int64_t half = (count + wavelet->length - 1) / 2;

    for (int64_t i = 0; i < half; i++) {
        low[i] = high[i] = 0;
        for (int64_t k = 0; k < wavelet->length; k++) {
            double value = beyond(x, count, 2 * i + 1 - k, border);
            low[i] += wavelet->low[k] * value;
            high[i] += (k % 2 ? 1 : -1) * wavelet->low[wavelet->length - 1 - k] * value;
        }
    }
    return half;
}

/* As many as leave at least one number that no border touches. */
static int64_t levels_of(int64_t rows, int64_t length)
{
    int64_t levels = 0;

    while (rows >= (length - 1) * ((int64_t)2 << levels))
        levels++;
    return levels;
}

static void put(struct call *call, int64_t *row, int64_t level, const double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++, (*row)++) {
        call->out[LEVEL][*row] = (double)level;
        call->out[POSITION][*row] = (double)i;
        call->out[COEFFICIENT][*row] = values[i];
    }
}

extern const struct mltrainer_computable wavelet_computable;
static int32_t fill(struct call *call);
TABULAR(wavelet, .inputs = {"@column"}, .outputs = {"level", "position", "coefficient"}, .own_rows = 1, .fill = fill);

static int32_t fill(struct call *call)
{
    static const char *const names[] = {"haar", "db2", "db4", NULL}, *const borders[] = {"symmetric", "zero",
                                                                                         "periodic", NULL};
    const struct wavelet *wavelet = &wavelets[call_choice(call, "wavelet", names)];
    enum border border = (enum border)call_choice(call, "mode", borders);
    int64_t levels = call_integer(call, "level", 0, 60), most = levels_of(call->rows, wavelet->length), rows = 0,
            at = 0;

    if (!call->status && (most == 0 || levels > most))
        call_fail(call, levels > most && most ? MLTRAINER_INVALID_PARAMETER : MLTRAINER_INVALID_DATA,
                  most ? "level" : "", "%lld rows are enough for %lld levels of this wavelet", (long long)call->rows,
                  (long long)most);
    if (call->status)
        return call->status;
    levels = levels ? levels : most;
    double *low = call_numbers(call, 2 * call->rows + 2 * LENGTH_MAX), *details[60];
    int64_t counts[60], count = call->rows;
    if (call->status)
        return call->status;
    memcpy(low, call->in[0], (size_t)count * sizeof(double));
    double *next = low + call->rows + LENGTH_MAX;
    for (int64_t level = 0; level < levels && !call_step(call, (double)level, (double)levels); level++) {
        details[level] = call_numbers(call, (count + wavelet->length) / 2);
        if (call->status)
            return call->status;
        counts[level] = count = step(wavelet, low, count, border, next, details[level]);
        memcpy(low, next, (size_t)count * sizeof(double));
        rows += count;
    }
    if (call->status || tabular_start(call, &wavelet_tabular, rows + count))
        return call->status;
    put(call, &at, 0, low, count);
    for (int64_t level = levels; level-- > 0;)
        put(call, &at, level + 1, details[level], counts[level]);
    return call->status;
}

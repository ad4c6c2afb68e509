/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/tune/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STARTUP_DEFAULT = 10, CANDIDATES_DEFAULT = 24, GOOD_MAX = 25, WINDOWS_MAX = 100 };

/* One trial, in the space where every number is in [0, 1]. */
struct told {
    double loss;
    double at[];
};

struct search {
    struct search_options options;
    struct search_dimension dimensions[SEARCH_DIMENSIONS_MAX];
    struct told **told; /* best first */
    size_t count, room;
};

struct search *search_new(const struct search_options *options)
{
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return NULL;
    search->options = *options;
    memcpy(search->dimensions, options->dimensions, options->dimension_count * sizeof *options->dimensions);
    if (!search->options.startup_trials)
        search->options.startup_trials = STARTUP_DEFAULT;
    if (!search->options.candidates)
        search->options.candidates = CANDIDATES_DEFAULT;
    return search;
}

void search_free(struct search *search)
{
    for (size_t i = 0; search && i < search->count; i++)
        free(search->told[i]);
    if (search)
        free(search->told);
    free(search);
}

/* ---- Drawing ---- */

/* SplitMix64, begun anew for each trial, so that trials may be asked for in any order. */
static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t stream_of(uint64_t seed, uint64_t number)
{
    uint64_t state = seed;
    uint64_t first = mix(&state);
    state = first ^ (number + 1) * UINT64_C(0xd1342543de82ef95);
    return mix(&state);
}

static double uniform(uint64_t *state)
{
    return (double)(mix(state) >> 11) * 0x1p-53;
}

/* ---- Between values and [0, 1] ---- */

/* Integers own half a step on either side, so that the outer ones are as likely as the others. */
static void bounds(const struct search_dimension *dimension, double *low, double *high)
{
    double margin = dimension->kind == SEARCH_INTEGER ? 0.5 : 0;
    *low = dimension->low - margin;
    *high = dimension->high + margin;
    if (dimension->log) {
        *low = log(*low);
        *high = log(*high);
    }
}

static double to_value(const struct search_dimension *dimension, double at)
{
    double low, high;
    if (dimension->kind == SEARCH_CHOICE)
        return at;
    bounds(dimension, &low, &high);
    double value = low + at * (high - low);
    if (dimension->log)
        value = exp(value);
    if (dimension->kind == SEARCH_INTEGER)
        value = round(value);
    return fmin(fmax(value, dimension->low), dimension->high);
}

static double from_value(const struct search_dimension *dimension, double value)
{
    double low, high;
    if (dimension->kind == SEARCH_CHOICE)
        return value;
    bounds(dimension, &low, &high);
    if (dimension->log)
        value = log(value);
    return high > low ? fmin(fmax((value - low) / (high - low), 0), 1) : 0;
}

static double draw_anywhere(const struct search_dimension *dimension, uint64_t *state)
{
    double at = uniform(state);
    return dimension->kind == SEARCH_CHOICE ? floor(at * (double)dimension->choice_count) : at;
}

/* ---- Parzen estimators ---- */

/* A density on [0, 1]: a window over each of some trials, and a wide one for what nobody tried. */
struct windows {
    double centres[WINDOWS_MAX + 1], widths[WINDOWS_MAX + 1];
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* As wide as the gap to the farther neighbour, within limits. */
static void open_windows(struct told *const *trials, size_t count, size_t dimension, struct windows *out)
{
    if (count > WINDOWS_MAX)
        count = WINDOWS_MAX;
    out->count = count + 1;
    for (size_t i = 0; i < count; i++)
        out->centres[i] = trials[i]->at[dimension];
    out->centres[count] = 0.5;
    qsort(out->centres, out->count, sizeof *out->centres, by_value);
    double narrowest = 1 / (double)(out->count + 1);
    bool prior = false;
    for (size_t i = 0; i < out->count; i++) {
        double before = i ? out->centres[i] - out->centres[i - 1] : out->centres[i];
        double after = i + 1 < out->count ? out->centres[i + 1] - out->centres[i] : 1 - out->centres[i];
        out->widths[i] = fmin(fmax(fmax(before, after), narrowest), 1);
        if (!prior && out->centres[i] == 0.5) {
            out->widths[i] = 1;
            prior = true;
        }
    }
}

static double below(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

static double density(const struct windows *windows, double at)
{
    double sum = 0;
    for (size_t i = 0; i < windows->count; i++) {
        double width = windows->widths[i], z = (at - windows->centres[i]) / width;
        double inside = below((1 - windows->centres[i]) / width) - below(-windows->centres[i] / width);
        sum += exp(-z * z / 2) / (width * sqrt(2 * M_PI) * inside);
    }
    return sum / (double)windows->count;
}

/* A window's share that lies in [0, 1] is at least a third or so: few draws are lost. */
static double draw_window(const struct windows *windows, uint64_t *state)
{
    size_t which = (size_t)(uniform(state) * (double)windows->count);
    for (int i = 0; i < 100; i++) {
        double radius = sqrt(-2 * log(1 - uniform(state)));
        double at = windows->centres[which] + windows->widths[which] * radius * cos(2 * M_PI * uniform(state));
        if (at >= 0 && at <= 1)
            return at;
    }
    return windows->centres[which];
}

static double propose_number(const struct search *search, size_t dimension, size_t good, uint64_t *state)
{
    struct windows better, worse;
    double best = 0.5, best_ratio = -INFINITY;
    open_windows(search->told, good, dimension, &better);
    open_windows(search->told + good, search->count - good, dimension, &worse);
    for (unsigned i = 0; i < search->options.candidates; i++) {
        double at = draw_window(&better, state);
        double ratio = log(density(&better, at)) - log(density(&worse, at));
        if (ratio > best_ratio) {
            best_ratio = ratio;
            best = at;
        }
    }
    return best;
}

/* Counts, with one more for each choice. */
static double share(const struct search *search, size_t dimension, size_t first, size_t end, double choice)
{
    double count = 1, choices = (double)search->dimensions[dimension].choice_count;
    for (size_t i = first; i < end; i++)
        count += search->told[i]->at[dimension] == choice;
    return count / ((double)(end - first) + choices);
}

static double draw_choice(const struct search *search, size_t dimension, size_t good, uint64_t *state)
{
    double left = uniform(state);
    size_t choices = search->dimensions[dimension].choice_count;
    for (size_t i = 0; i + 1 < choices; i++) {
        left -= share(search, dimension, 0, good, (double)i);
        if (left < 0)
            return (double)i;
    }
    return (double)(choices - 1);
}

static double propose_choice(const struct search *search, size_t dimension, size_t good, uint64_t *state)
{
    double best = 0, best_ratio = -INFINITY;
    for (unsigned i = 0; i < search->options.candidates; i++) {
        double choice = draw_choice(search, dimension, good, state);
        double ratio = share(search, dimension, 0, good, choice) /
                       share(search, dimension, good, search->count, choice);
        if (ratio > best_ratio) {
            best_ratio = ratio;
            best = choice;
        }
    }
    return best;
}

/* ---- Asking and telling ---- */

/* The best tenth, 25 at most, are those to be like. */
static size_t good_count(const struct search *search)
{
    size_t tenth = (search->count + 9) / 10;
    return tenth < GOOD_MAX ? tenth : GOOD_MAX;
}

void search_ask(const struct search *search, uint64_t number, double *point)
{
    uint64_t state = stream_of(search->options.seed, number);
    bool learnt =
        search->options.method == SEARCH_TPE && number >= search->options.startup_trials && search->count >= 2;
    size_t good = good_count(search);
    for (size_t i = 0; i < search->options.dimension_count; i++) {
        const struct search_dimension *dimension = &search->dimensions[i];
        double at = !learnt                            ? draw_anywhere(dimension, &state)
                    : dimension->kind == SEARCH_CHOICE ? propose_choice(search, i, good, &state)
                                                       : propose_number(search, i, good, &state);
        point[i] = to_value(dimension, at);
    }
}

int search_tell(struct search *search, const double *point, double loss)
{
    size_t dimensions = search->options.dimension_count;
    struct told *told = calloc(1, sizeof *told + dimensions * sizeof *told->at);
    if (search->count == search->room) {
        size_t room = search->room ? search->room * 2 : 64;
        struct told **longer = realloc(search->told, room * sizeof *longer);
        if (longer) {
            search->told = longer;
            search->room = room;
        }
    }
    if (!told || search->count == search->room) {
        free(told);
        return -1;
    }
    told->loss = loss;
    for (size_t i = 0; i < dimensions; i++)
        told->at[i] = from_value(&search->dimensions[i], point[i]);
    size_t place = search->count++;
    for (; place > 0 && search->told[place - 1]->loss > loss; place--)
        search->told[place] = search->told[place - 1];
    search->told[place] = told;
    return 0;
}

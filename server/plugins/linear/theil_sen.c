/* SPDX-License-Identifier: Apache-2.0 */
/* The middle of many lines: one through each few rows that determine it, and of their coefficients the point whose
 * summed distance from all of them is least. Up to max_subpopulation sets of rows all are taken, else so many at
 * random. Sources: Dang, Peng, Wang and Zhang (2009), "Theil-Sen estimators in a multiple linear regression model"; the
 * middle: Vardi and Zhang (2000). */
#include <stdlib.h>

#include <lapacke.h>

#include "line.h"
#include "standardized.h"
#include "support/random.h"

#define FEATURES_MAX 256 /* a line is cubic in them */

struct lines {
    struct call *call;
    struct standardized rows;
    size_t each;             /* rows a line */
    size_t count, width;     /* lines; coefficients of one */
    double *coefficients;    /* line after line: slopes, constant */
    uint32_t *chosen;
    double *system, *right, *singular;
};

/* C(rows, each), or @most + 1 when it is more. */
static size_t combinations(int64_t rows, size_t each, size_t most)
{
    double count = 1;

    for (size_t i = 0; i < each && count <= (double)most; i++)
        count = count * (double)(rows - (int64_t)i) / (double)(i + 1);
    return count > (double)most ? most + 1 : (size_t)(count + 0.5);
}

/* The set that follows @chosen, in the order of dictionaries. */
static void choose_next(uint32_t *chosen, size_t each, int64_t rows)
{
    size_t at = each;

    while (at > 0 && chosen[at - 1] == (uint32_t)rows - (uint32_t)(each - at) - 1)
        at--;
    if (at == 0)
        return;
    chosen[at - 1]++;
    for (; at < each; at++)
        chosen[at] = chosen[at - 1] + 1;
}

static void choose_at_random(struct random *random, size_t each, int64_t rows, uint32_t *chosen)
{
    for (size_t i = 0; i < each;) {
        uint32_t row = (uint32_t)random_below(random, (uint64_t)rows);
        size_t before = 0;
        while (before < i && chosen[before] != row)
            before++;
        chosen[i] = row;
        i += before == i;
    }
}

/* The line through the chosen rows (of all, the shortest in standardized columns) as slopes and constant of the columns
 * as they came: where the middle is depends on the scale. */
static void go_through(struct lines *lines, double *out)
{
    size_t each = lines->each, width = lines->width;
    const struct standardized *rows = &lines->rows;
    lapack_int rank;

    for (size_t i = 0; i < each; i++) {
        for (size_t column = 0; column < width; column++)
            lines->system[column * each + i] = rows->columns[column * rows->rows + lines->chosen[i]];
        lines->right[i] = lines->call->target[lines->chosen[i]];
    }
    if (LAPACKE_dgelsd(LAPACK_COL_MAJOR, (int)each, (int)width, 1, lines->system, (int)each, lines->right, (int)width,
                       lines->singular, 1e-13, &rank) != 0) {
        call_fail(lines->call, MLTRAINER_NOT_CONVERGED, "", "the singular values of a line were not found");
        return;
    }
    out[width - 1] = lines->right[width - 1];
    for (size_t i = 0; i + 1 < width; i++) {
        out[i] = rows->deviations[i] > 0 ? lines->right[i] / rows->deviations[i] : 0;
        out[width - 1] -= out[i] * rows->means[i];
    }
}

static void draw_lines(struct lines *lines, int all)
{
    struct random random;

    random_start(&random, lines->call->host, 0);
    for (size_t i = 0; i < lines->each; i++)
        lines->chosen[i] = (uint32_t)i;
    for (size_t line = 0; line < lines->count && !call_step(lines->call, (double)line, (double)lines->count); line++) {
        if (!all)
            choose_at_random(&random, lines->each, lines->call->rows, lines->chosen);
        go_through(lines, lines->coefficients + line * lines->width);
        if (all)
            choose_next(lines->chosen, lines->each, lines->call->rows);
    }
}

static double distance(const double *a, const double *b, size_t width)
{
    double squares = 0;

    for (size_t i = 0; i < width; i++)
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(squares);
}

/* One step of Weiszfeld's, mended by Vardi and Zhang for a middle that is one of the points; how far it went. */
static double step(const struct lines *lines, double *middle, double *next, double *pull)
{
    size_t width = lines->width;
    double nearness = 0, strength = 0;
    int is_a_point = 0;

    memset(next, 0, width * sizeof(double));
    memset(pull, 0, width * sizeof(double));
    for (size_t line = 0; line < lines->count; line++) {
        const double *point = lines->coefficients + line * width;
        double far = distance(point, middle, width);
        if (!(far > 0)) {
            is_a_point = 1;
            continue;
        }
        nearness += 1 / far;
        for (size_t i = 0; i < width; i++) {
            next[i] += point[i] / far;
            pull[i] += (point[i] - middle[i]) / far;
        }
    }
    for (size_t i = 0; i < width; i++)
        strength += pull[i] * pull[i];
    strength = sqrt(strength);
    if (!(nearness > 0) || (is_a_point && strength <= 1))
        return 0;
    double stay = is_a_point ? 1 / strength : 0, moved = 0;
    for (size_t i = 0; i < width; i++) {
        double there = (1 - stay) * next[i] / nearness + stay * middle[i];
        moved += (there - middle[i]) * (there - middle[i]);
        middle[i] = there;
    }
    return sqrt(moved);
}

static void find_middle(struct lines *lines, int64_t rounds, double tolerance, double *middle)
{
    size_t width = lines->width;
    double *next = call_memory(lines->call, width, sizeof(double)),
           *pull = call_memory(lines->call, width, sizeof(double)),
           *origin = call_memory(lines->call, width, sizeof(double));

    if (lines->call->status)
        return;
    for (size_t line = 0; line < lines->count; line++)
        for (size_t i = 0; i < width; i++)
            middle[i] += lines->coefficients[line * width + i] / (double)lines->count;
    for (int64_t round = 0; round < rounds && !call_step(lines->call, (double)round, (double)rounds); round++)
        if (step(lines, middle, next, pull) <= tolerance * distance(middle, origin, width))
            break;
}

static int32_t fit(struct call *call, void **state)
{
    size_t most = (size_t)call_integer(call, "max_subpopulation", 1, 1000000), width = call->feature_count + 1;
    int64_t rounds = call_integer(call, "max_iter", 1, 100000);
    double tolerance = call_number_within(call, "tol", 1e-15, 1);
    struct lines lines = {.call = call, .width = width, .each = width};

    if (!call->status && (call->feature_count > FEATURES_MAX || call->rows > UINT32_MAX))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d, or too many rows",
                  call->feature_count, FEATURES_MAX);
    if (!call->status && call->weights)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weight", "lines through few rows know no weights");
    if (standardized_take(call, 1, &lines.rows))
        return call->status;
    if ((int64_t)lines.each > call->rows)
        lines.each = (size_t)call->rows;
    size_t sets = combinations(call->rows, lines.each, most);
    lines.count = sets > most ? most : sets;
    lines.coefficients = call_memory(call, lines.count * width, sizeof(double));
    lines.chosen = call_memory(call, width, sizeof(uint32_t));
    lines.system = call_memory(call, width * width, sizeof(double));
    lines.right = call_memory(call, width, sizeof(double));
    lines.singular = call_memory(call, width, sizeof(double));
    double *middle = call_memory(call, width, sizeof(double));
    if (call->status)
        return call->status;
    call_part(call, 0, 0.9);
    draw_lines(&lines, sets <= most);
    call_part(call, 0.9, 1);
    find_middle(&lines, rounds, tolerance, middle);
    struct line *line = call->status ? NULL : line_new(call);
    if (!line)
        return call->status;
    double *nowhere = lines.right; /* the constant is one already */
    memset(nowhere, 0, width * sizeof(double));
    memcpy(line->coefficients, middle, line->features * sizeof(double));
    call->host->metric(call->host, "lines", MLTRAINER_STEP_FINAL, (double)lines.count);
    return line_finish(call, line, nowhere, middle[width - 1], state);
}

LEARNER(theil_sen, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = line_apply,
        .save = line_save, .restore = line_restore, .release = free);

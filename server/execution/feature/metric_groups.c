/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/feature/metric_groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct grouping {
    const double *const *columns;
    size_t features, rows, groups;
    size_t *group; /* of each row */
    size_t *sizes;
    double *centres; /* groups x features */
};

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Labels become numbers from 0, in their order. */
static int number_groups(struct grouping *g, const double *labels)
{
    double *sorted = malloc((g->rows + 1) * sizeof *sorted);
    if (!sorted)
        return -1;
    if (g->rows)
        memcpy(sorted, labels, g->rows * sizeof *sorted);
    qsort(sorted, g->rows, sizeof *sorted, by_value);
    for (size_t i = 0; i < g->rows; i++)
        if (!g->groups || sorted[i] != sorted[g->groups - 1])
            sorted[g->groups++] = sorted[i];
    for (size_t row = 0; row < g->rows; row++) {
        const double *found = bsearch(&labels[row], sorted, g->groups, sizeof *sorted, by_value);
        g->group[row] = found ? (size_t)(found - sorted) : 0;
    }
    free(sorted);
    return 0;
}

static int find_centres(struct grouping *g)
{
    g->sizes = calloc(g->groups + 1, sizeof *g->sizes);
    g->centres = calloc(g->groups * g->features + 1, sizeof *g->centres);
    if (!g->sizes || !g->centres)
        return -1;
    for (size_t row = 0; row < g->rows; row++) {
        g->sizes[g->group[row]]++;
        for (size_t k = 0; k < g->features; k++)
            g->centres[g->group[row] * g->features + k] += g->columns[k][row];
    }
    for (size_t i = 0; i < g->groups * g->features; i++)
        g->centres[i] /= (double)g->sizes[i / g->features];
    return 0;
}

static double to_centre_squared(const struct grouping *g, size_t row, size_t group)
{
    double sum = 0;
    for (size_t k = 0; k < g->features; k++) {
        double step = g->columns[k][row] - g->centres[group * g->features + k];
        sum += step * step;
    }
    return sum;
}

static double calinski_harabasz(const struct grouping *g)
{
    double between = 0, within = 0;
    for (size_t k = 0; k < g->features; k++) {
        double mean = 0;
        for (size_t row = 0; row < g->rows; row++)
            mean += g->columns[k][row];
        mean /= (double)g->rows;
        for (size_t i = 0; i < g->groups; i++) {
            double step = g->centres[i * g->features + k] - mean;
            between += (double)g->sizes[i] * step * step;
        }
    }
    for (size_t row = 0; row < g->rows; row++)
        within += to_centre_squared(g, row, g->group[row]);
    if (within == 0)
        return 1;
    return between / within * (double)(g->rows - g->groups) / (double)(g->groups - 1);
}

static double between_centres(const struct grouping *g, size_t a, size_t b)
{
    double sum = 0;
    for (size_t k = 0; k < g->features; k++) {
        double step = g->centres[a * g->features + k] - g->centres[b * g->features + k];
        sum += step * step;
    }
    return sqrt(sum);
}

static double davies_bouldin(const struct grouping *g)
{
    double sum = 0, *spread = calloc(g->groups, sizeof *spread);
    if (!spread)
        return NAN;
    for (size_t row = 0; row < g->rows; row++)
        spread[g->group[row]] += sqrt(to_centre_squared(g, row, g->group[row])) / (double)g->sizes[g->group[row]];
    for (size_t a = 0; a < g->groups; a++) {
        double worst = 0;
        for (size_t b = 0; b < g->groups; b++) {
            double apart = a == b ? 0 : between_centres(g, a, b);
            if (apart > 0 && (spread[a] + spread[b]) / apart > worst)
                worst = (spread[a] + spread[b]) / apart;
        }
        sum += worst;
    }
    free(spread);
    return sum / (double)g->groups;
}

static double between_rows(const struct grouping *g, size_t a, size_t b)
{
    double sum = 0;
    for (size_t k = 0; k < g->features; k++)
        sum += (g->columns[k][a] - g->columns[k][b]) * (g->columns[k][a] - g->columns[k][b]);
    return sqrt(sum);
}

/* Rousseeuw, "Silhouettes: a graphical aid", 1987. A row alone in its group counts 0. */
static double silhouette_of(const struct grouping *g, size_t row, double *sums)
{
    size_t own = g->group[row];
    double nearest = INFINITY;
    if (g->sizes[own] == 1)
        return 0;
    memset(sums, 0, g->groups * sizeof *sums);
    for (size_t other = 0; other < g->rows; other++)
        sums[g->group[other]] += between_rows(g, row, other);
    double inside = sums[own] / (double)(g->sizes[own] - 1);
    for (size_t i = 0; i < g->groups; i++)
        if (i != own)
            nearest = fmin(nearest, sums[i] / (double)g->sizes[i]);
    double larger = fmax(inside, nearest);
    return larger > 0 ? (nearest - inside) / larger : 0;
}

static double silhouette(const struct grouping *g)
{
    double sum = 0, *sums = calloc(g->groups, sizeof *sums);
    if (!sums || g->rows > METRIC_SILHOUETTE_ROWS_MAX) {
        free(sums);
        return NAN;
    }
    for (size_t row = 0; row < g->rows; row++)
        sum += silhouette_of(g, row, sums);
    free(sums);
    return sum / (double)g->rows;
}

int metric_groups(const double *const *columns, size_t feature_count, const double *labels, size_t count,
                  struct metric_groups *out)
{
    struct grouping g = {.columns = columns, .features = feature_count, .rows = count};
    g.group = calloc(count + 1, sizeof *g.group);
    int failed = !g.group || number_groups(&g, labels) || find_centres(&g) ? -1 : 0;
    if (!failed) {
        *out = (struct metric_groups){g.groups, NAN, NAN, NAN};
        if (g.groups >= 2 && g.groups < count) {
            out->silhouette = silhouette(&g);
            out->calinski_harabasz = calinski_harabasz(&g);
            out->davies_bouldin = davies_bouldin(&g);
        }
    }
    free(g.group);
    free(g.sizes);
    free(g.centres);
    return failed;
}

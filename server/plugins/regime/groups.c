/* SPDX-License-Identifier: Apache-2.0 */
/* Lloyd (1982) from starts of Arthur and Vassilvitskii (2007). Small inside: the clustering family has the learner. */
#include "regimes.h"
#include "support/random.h"

#define ROUNDS 500

struct groups {
    const double *points;
    int64_t rows;
    size_t features, count;
    uint32_t *labels;
    double *centres, *sums, *distance;
};

static double distance_to(const struct groups *g, int64_t row, size_t group)
{
    double sum = 0;

    for (size_t i = 0; i < g->features; i++) {
        double apart = g->points[(size_t)row * g->features + i] - g->centres[group * g->features + i];
        sum += apart * apart;
    }
    return sum;
}

static void draw(struct groups *g, struct random *random)
{
    for (int64_t row = 0; row < g->rows; row++)
        g->distance[row] = 1;
    for (size_t group = 0; group < g->count; group++) {
        double total = 0;
        int64_t chosen = 0;
        for (int64_t row = 0; row < g->rows; row++)
            total += g->distance[row];
        double left = random_uniform(random) * total;
        for (; chosen < g->rows - 1 && (left -= g->distance[chosen]) >= 0; chosen++)
            ;
        memcpy(g->centres + group * g->features, g->points + (size_t)chosen * g->features,
               g->features * sizeof(double));
        for (int64_t row = 0; row < g->rows; row++) {
            double distance = distance_to(g, row, group);
            g->distance[row] = group == 0 ? distance : fmin(g->distance[row], distance);
        }
    }
}

/* Each point to its nearest centre; gives how many moved, and the sum of squares. */
static int64_t assign(struct groups *g, double *squares)
{
    int64_t moved = 0;

    *squares = 0;
    for (int64_t row = 0; row < g->rows; row++) {
        uint32_t best = 0;
        double least = INFINITY;
        for (size_t group = 0; group < g->count; group++) {
            double distance = distance_to(g, row, group);
            if (distance < least) {
                least = distance;
                best = (uint32_t)group;
            }
        }
        moved += g->labels[row] != best;
        g->labels[row] = best;
        *squares += least;
    }
    return moved;
}

/* Each centre to the mean of its points; one without points stays. */
static void move(struct groups *g)
{
    size_t each = g->features + 1;

    memset(g->sums, 0, g->count * each * sizeof(double));
    for (int64_t row = 0; row < g->rows; row++) {
        double *sum = g->sums + g->labels[row] * each;
        for (size_t i = 0; i < g->features; i++)
            sum[i] += g->points[(size_t)row * g->features + i];
        sum[g->features]++;
    }
    for (size_t group = 0; group < g->count; group++)
        for (size_t i = 0; i < g->features && g->sums[group * each + g->features] > 0; i++)
            g->centres[group * g->features + i] = g->sums[group * each + i] / g->sums[group * each + g->features];
}

static int comes_before(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return 0;
}

static void sort_into(const struct groups *g, double *sorted)
{
    for (size_t c = 0; c < g->count; c++) {
        size_t at = c, bytes = g->features * sizeof(double);
        const double *centre = g->centres + c * g->features;
        for (; at > 0 && comes_before(centre, sorted + (at - 1) * g->features, g->features); at--)
            memcpy(sorted + at * g->features, sorted + (at - 1) * g->features, bytes);
        memcpy(sorted + at * g->features, centre, bytes);
    }
}

int32_t groups_find(struct call *call, const double *points, int64_t rows, size_t features, size_t groups,
                    int64_t starts, uint64_t stream, uint32_t *labels, double *centres)
{
    struct groups g = {.points = points,
                       .rows = rows,
                       .features = features,
                       .count = groups,
                       .labels = labels,
                       .centres = call_numbers(call, (int64_t)(groups * features)),
                       .sums = call_numbers(call, (int64_t)(groups * (features + 1))),
                       .distance = call_numbers(call, rows)};
    double least = INFINITY, squares;

    for (int64_t i = 0; i < starts && !call->status; i++) {
        struct random random;
        random_start(&random, call->host, stream + (uint64_t)i);
        draw(&g, &random);
        for (int round = 0; round < ROUNDS && !call_step(call, (double)i, (double)starts); round++) {
            if (assign(&g, &squares) == 0 && round > 0)
                break;
            move(&g);
        }
        if (!call->status && squares < least) {
            least = squares;
            sort_into(&g, centres);
        }
    }
    if (call->status)
        return call->status;
    memcpy(g.centres, centres, groups * features * sizeof(double));
    assign(&g, &squares);
    return call->status;
}

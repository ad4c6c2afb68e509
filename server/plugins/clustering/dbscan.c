/* SPDX-License-Identifier: Apache-2.0 */
/* DBSCAN: a row with enough neighbours is a core; cores that are neighbours are one group, with all their neighbours.
 * Neighbours are looked for in a band of the first feature.
 * Source: Ester, Kriegel, Sander and Xu (1996). Groups are numbered by their first core, as scikit-learn does; a row
 * that two groups reach belongs to the first. */
#include "distance.h"
#include "support/order.h"
#include "support/tabular.h"

/* Rows in ascending order of the first feature, and so in memory: neighbours are within a band of it. */
struct band {
    struct call *call;
    double *points; /* by place */
    size_t features;
    double eps;
    uint32_t *order, *place; /* row at a place, place of a row */
};

/* Neighbours of @row, itself among them, into @out (room for all rows). */
static size_t neighbours_of(const struct band *band, uint32_t row, uint32_t *out)
{
    const double *center = band->points + band->place[row] * band->features;
    size_t count = 0;

    for (int side = 0; side < 2; side++)
        for (int64_t at = (int64_t)band->place[row] - side; at >= 0 && at < band->call->rows; at += side ? -1 : 1) {
            const double *other = band->points + (size_t)at * band->features;
            if (fabs(other[0] - center[0]) > band->eps)
                break;
            if (distance_within(other, center, band->features, band->eps * band->eps))
                out[count++] = band->order[at];
        }
    return count;
}

static struct band band_of(struct call *call, double eps)
{
    struct band band = {.call = call, .features = call->feature_count, .eps = eps};
    const double *rows = call_feature_rows(call);
    uint32_t *scratch = call_memory(call, (size_t)call->rows, sizeof(*scratch));

    band.order = call_memory(call, (size_t)call->rows, sizeof(*band.order));
    band.place = call_memory(call, (size_t)call->rows, sizeof(*band.place));
    band.points = call_memory(call, (size_t)call->rows * band.features, sizeof(*band.points));
    if (call->status)
        return band;
    order_indexes(call->features[0], (size_t)call->rows, band.order, scratch);
    for (int64_t i = 0; i < call->rows; i++) {
        band.place[band.order[i]] = (uint32_t)i;
        memcpy(band.points + (size_t)i * band.features, rows + band.order[i] * band.features,
               band.features * sizeof(*rows));
    }
    return band;
}

enum { UNSEEN = -2, NOISE = -1 };

/* Everything that can be reached from the core @first. */
static void grow(const struct band *band, uint32_t first, double label, size_t least, uint32_t *stack, uint32_t *near)
{
    double *labels = band->call->out[0], *core = band->call->out[1];
    size_t height = 0;

    stack[height++] = first;
    labels[first] = label;
    while (height > 0 && !call_step(band->call, first, (double)band->call->rows)) {
        uint32_t row = stack[--height];
        size_t count = neighbours_of(band, row, near);
        core[row] = count >= least;
        for (size_t i = 0; core[row] != 0 && i < count; i++)
            if (labels[near[i]] < 0) {
                int was_seen = labels[near[i]] == NOISE;
                labels[near[i]] = label;
                if (!was_seen) /* noise is known not to be a core */
                    stack[height++] = near[i];
            }
    }
}

static int32_t fill(struct call *call)
{
    double eps = call_number_within(call, "eps", 1e-300, 1e300);
    size_t least = (size_t)call_integer(call, "min_samples", 1, INT32_MAX);
    struct band band = band_of(call, eps);
    uint32_t *stack = call_memory(call, (size_t)call->rows, sizeof(*stack)),
             *near = call_memory(call, (size_t)call->rows, sizeof(*near));
    double label = 0;

    for (int64_t row = 0; !call->status && row < call->rows; row++)
        call->out[0][row] = UNSEEN;
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call->out[0][row] != UNSEEN || call_step(call, (double)row, (double)call->rows))
            continue;
        if (neighbours_of(&band, (uint32_t)row, near) < least)
            call->out[0][row] = NOISE;
        else
            grow(&band, (uint32_t)row, label++, least, stack, near);
    }
    return call->status;
}

TABULAR(dbscan, .features = 1, .outputs = {"cluster", "core"}, .fill = fill);

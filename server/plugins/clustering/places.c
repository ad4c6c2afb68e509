/* SPDX-License-Identifier: Apache-2.0 */
#include "places.h"

#include "support/order.h"

/* Memory for one half at a time. */
struct scratch {
    double *values;
    uint32_t *indexes, *order, *moved;
};

static size_t widest(const struct call *call, const struct places *p, size_t first, size_t end)
{
    double width = -1;
    size_t best = 0;

    for (size_t f = 0; f < p->features; f++) {
        double least = INFINITY, most = -INFINITY;
        for (size_t i = first; i < end; i++) {
            double value = call->features[f][p->rows[i]];
            least = value < least ? value : least;
            most = value > most ? value : most;
        }
        if (most - least > width) {
            width = most - least;
            best = f;
        }
    }
    return best;
}

/* The lower half is of whole blocks. */
static void halve(struct call *call, struct places *p, const struct scratch *s, size_t first, size_t end)
{
    size_t count = end - first, blocks = (count + p->block - 1) / p->block;

    if (blocks < 2 || call_step(call, (double)first, (double)p->count))
        return;
    const double *column = call->features[widest(call, p, first, end)];
    for (size_t i = 0; i < count; i++)
        s->values[i] = column[p->rows[first + i]];
    order_indexes(s->values, count, s->indexes, s->order);
    memcpy(s->moved, p->rows + first, count * sizeof(*s->moved));
    for (size_t i = 0; i < count; i++)
        p->rows[first + i] = s->moved[s->indexes[i]];
    halve(call, p, s, first, first + blocks / 2 * p->block);
    halve(call, p, s, first + blocks / 2 * p->block, end);
}

static void fill_places(const struct call *call, struct places *p)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t f = 0; f < p->features; f++)
            p->points[i * p->features + f] = call->features[f][p->rows[i]];
    for (size_t first = 0; first < p->count; first += p->block) {
        size_t at = first / p->block * p->features, left = p->count - first;
        places_box(p->points + first * p->features, left < p->block ? left : p->block, p->features, p->least + at,
                   p->most + at);
    }
}

int32_t places_arrange(struct call *call, size_t block, struct places *places)
{
    size_t rows = (size_t)call->rows, features = call->feature_count, blocks = (rows + block - 1) / block;
    struct scratch scratch = {.values = call_memory(call, rows, sizeof(double)),
                              .indexes = call_memory(call, rows, sizeof(uint32_t)),
                              .order = call_memory(call, rows, sizeof(uint32_t)),
                              .moved = call_memory(call, rows, sizeof(uint32_t))};

    *places = (struct places){.count = rows,
                              .features = features,
                              .block = block,
                              .rows = call_memory(call, rows, sizeof(uint32_t)),
                              .points = call_memory(call, rows * features, sizeof(double)),
                              .least = call_memory(call, blocks * features, sizeof(double)),
                              .most = call_memory(call, blocks * features, sizeof(double))};
    if (call->status)
        return call->status;
    for (size_t i = 0; i < rows; i++)
        places->rows[i] = (uint32_t)i;
    call_part(call, 0, 0.01);
    halve(call, places, &scratch, 0, rows);
    if (!call->status)
        fill_places(call, places);
    return call->status;
}

void places_box(const double *points, size_t count, size_t features, double *least, double *most)
{
    for (size_t f = 0; f < features; f++) {
        least[f] = INFINITY;
        most[f] = -INFINITY;
    }
    for (size_t i = 0; i < count * features; i++) {
        size_t f = i % features;
        least[f] = points[i] < least[f] ? points[i] : least[f];
        most[f] = points[i] > most[f] ? points[i] : most[f];
    }
}

double places_gap(const struct places *places, const double *least, const double *most, size_t block)
{
    const double *box_least = places->least + block * places->features,
                 *box_most = places->most + block * places->features;
    double sum = 0;

    for (size_t f = 0; f < places->features; f++) {
        double below = box_least[f] - most[f], above = least[f] - box_most[f], gap = below > above ? below : above;
        sum += gap > 0 ? gap * gap : 0;
    }
    return sum;
}

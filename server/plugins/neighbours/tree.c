/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_ROWS 64
#define ROUNDING (1 - 1e-12) /* of a bound that is kept by differences */

struct tree {
    size_t rows, features;
    uint32_t *order; /* rows as the leaves have them */
    uint32_t *dimensions;
    double *cuts;    /* one a node; the children of node n are 2n + 1 and 2n + 2 */
    double *leaves;
};

void tree_free(struct tree *tree)
{
    if (!tree)
        return;
    free(tree->order);
    free(tree->dimensions);
    free(tree->cuts);
    free(tree->leaves);
    free(tree);
}

/* ---- Building ---- */

struct builder {
    struct tree *tree;
    struct call *call;
    const double *points;
    uint64_t chance; /* of pivots; the tree does not depend on it */
};

static double value_of(const struct builder *b, size_t place, size_t dimension)
{
    return b->points[b->tree->order[place] * b->tree->features + dimension];
}

static size_t widest(const struct builder *b, size_t first, size_t end)
{
    size_t best = 0;
    double width = -1;

    for (size_t d = 0; d < b->tree->features; d++) {
        double least = INFINITY, most = -INFINITY;
        for (size_t i = first; i < end; i++) {
            double value = value_of(b, i, d);
            least = value < least ? value : least;
            most = value > most ? value : most;
        }
        if (most - least > width) {
            width = most - least;
            best = d;
        }
    }
    return best;
}

/* By value, then by row: no two are equal. */
static int comes_before(const struct builder *b, uint32_t one, uint32_t other, size_t dimension)
{
    double x = b->points[one * b->tree->features + dimension], y = b->points[other * b->tree->features + dimension];

    return x < y || (x == y && one < other);
}

static void swap(uint32_t *order, size_t i, size_t j)
{
    uint32_t kept = order[i];

    order[i] = order[j];
    order[j] = kept;
}

/* Hoare's selection: what stands before @middle then comes before it, the rest not. */
static void select_middle(struct builder *b, size_t first, size_t end, size_t middle, size_t dimension)
{
    uint32_t *order = b->tree->order;

    while (end - first > 1) {
        b->chance = b->chance * 6364136223846793005u + 1442695040888963407u;
        swap(order, first + (size_t)(b->chance >> 33) % (end - first), end - 1);
        uint32_t pivot = order[end - 1];
        size_t place = first;
        for (size_t i = first; i + 1 < end; i++)
            if (comes_before(b, order[i], pivot, dimension))
                swap(order, i, place++);
        swap(order, place, end - 1);
        if (place == middle)
            return;
        if (place < middle)
            first = place + 1;
        else
            end = place;
    }
}

static void fill_leaf(struct builder *b, size_t first, size_t end)
{
    double *leaf = b->tree->leaves + first * b->tree->features;

    for (size_t d = 0; d < b->tree->features; d++)
        for (size_t i = first; i < end; i++)
            *leaf++ = value_of(b, i, d);
}

static void build(struct builder *b, size_t node, size_t first, size_t end)
{
    if (b->call && end - first > 4096 && call_step(b->call, (double)first, (double)b->tree->rows))
        return;
    if (end - first <= LEAF_ROWS) {
        fill_leaf(b, first, end);
        return;
    }
    size_t middle = first + (end - first) / 2, dimension = widest(b, first, end);
    select_middle(b, first, end, middle, dimension);
    b->tree->dimensions[node] = (uint32_t)dimension;
    b->tree->cuts[node] = value_of(b, middle, dimension);
    build(b, 2 * node + 1, first, middle);
    build(b, 2 * node + 2, middle, end);
}

/* Halves are rounded up at most: so many levels leave no more than a leaf. */
static size_t node_count(size_t rows)
{
    size_t nodes = 1;

    for (; rows > LEAF_ROWS; rows = (rows + 1) / 2)
        nodes = 2 * nodes + 1;
    return nodes;
}

struct tree *tree_new(struct call *call, const double *points, size_t rows, size_t features)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    size_t nodes = node_count(rows);

    if (!tree)
        return NULL;
    *tree = (struct tree){.rows = rows,
                          .features = features,
                          .order = malloc((rows + 1) * sizeof(*tree->order)),
                          .dimensions = calloc(nodes, sizeof(*tree->dimensions)),
                          .cuts = calloc(nodes, sizeof(*tree->cuts)),
                          .leaves = malloc((rows * features + 1) * sizeof(*tree->leaves))};
    if (!tree->order || !tree->dimensions || !tree->cuts || !tree->leaves) {
        tree_free(tree);
        return NULL;
    }
    for (size_t i = 0; i < rows; i++)
        tree->order[i] = (uint32_t)i;
    build(&(struct builder){.tree = tree, .call = call, .points = points}, 0, 0, rows);
    if (call && call->status) {
        tree_free(tree);
        return NULL;
    }
    return tree;
}

/* ---- Asking ---- */

struct query {
    const struct tree *tree;
    const double *point;
    double *offsets; /* from the point to the node's box, by dimension */
    size_t count;
    struct neighbour *found; /* the nearest so far, INFINITY where there is none yet */
};

void neighbour_none(struct neighbour *found, size_t count)
{
    for (size_t i = 0; i < count; i++)
        found[i] = (struct neighbour){.distance = INFINITY, .row = UINT32_MAX};
}

void neighbour_keep(struct neighbour *found, size_t count, double distance, uint32_t row)
{
    size_t at = count - 1;

    if (distance > found[at].distance || (distance == found[at].distance && row > found[at].row))
        return;
    for (; at > 0; at--) {
        const struct neighbour *before = &found[at - 1];
        if (before->distance < distance || (before->distance == distance && before->row < row))
            break;
        found[at] = *before;
    }
    found[at] = (struct neighbour){.distance = distance, .row = row};
}

static void search_leaf(struct query *q, size_t first, size_t end)
{
    const double *leaf = q->tree->leaves + first * q->tree->features;
    double distances[LEAF_ROWS] = {0};
    size_t count = end - first;

    for (size_t d = 0; d < q->tree->features; d++, leaf += count)
        for (size_t i = 0; i < count; i++)
            distances[i] += (q->point[d] - leaf[i]) * (q->point[d] - leaf[i]);
    for (size_t i = 0; i < count; i++)
        if (distances[i] <= q->found[q->count - 1].distance)
            neighbour_keep(q->found, q->count, distances[i], q->tree->order[first + i]);
}

static void search(struct query *q, size_t node, size_t first, size_t end, double bound)
{
    if (bound * ROUNDING > q->found[q->count - 1].distance)
        return;
    if (end - first <= LEAF_ROWS) {
        search_leaf(q, first, end);
        return;
    }
    size_t middle = first + (end - first) / 2, dimension = q->tree->dimensions[node];
    double away = q->point[dimension] - q->tree->cuts[node], before = q->offsets[dimension];
    double far = bound - before * before + away * away;
    if (away < 0)
        search(q, 2 * node + 1, first, middle, bound);
    else
        search(q, 2 * node + 2, middle, end, bound);
    q->offsets[dimension] = away;
    if (away < 0)
        search(q, 2 * node + 2, middle, end, far);
    else
        search(q, 2 * node + 1, first, middle, far);
    q->offsets[dimension] = before;
}

void tree_nearest(const struct tree *tree, const double *point, size_t count, double *offsets, struct neighbour *found)
{
    struct query query = {.tree = tree, .point = point, .offsets = offsets, .count = count, .found = found};

    memset(offsets, 0, tree->features * sizeof(double));
    neighbour_none(found, count);
    search(&query, 0, 0, tree->rows, 0);
}

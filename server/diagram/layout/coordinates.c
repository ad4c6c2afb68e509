/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "diagram/layout/graph.h"

/* x by Brandes and Köpf, "Fast and simple horizontal coordinate assignment" (GD 2001), with the compaction as a longest
 * path over blocks, as in their erratum (2020).
 *
 * Four times (from above or below, from the left or the right) each vertex is aligned with the median of its
 * neighbours; what is aligned forms a column, and columns are pushed together. Each vertex gets the mean of the two
 * middle results. Parts of long edges between lanes win over other segments, so long edges are straight. Everything is
 * in doubled units of px until the end, so that the mean is exact. */

struct alignment {
    struct graph *g;
    bool *conflict;      /* segment must not be aligned along */
    int *root, *next;    /* of vertices: the column's first, and a ring through it */
    int *waiting, *queue;
    int *x;              /* of columns, at their root */
    int *at[4];          /* results, of vertices */
    bool upwards, leftwards;
};

static bool is_inner(const struct graph *g, int segment)
{
    return g->vertices[g->segments[segment].upper].kind == VERTEX_LANE &&
           g->vertices[g->segments[segment].lower].kind == VERTEX_LANE;
}

/* The inner segment that ends at @vertex, -1 if there is none. */
static int inner_above(const struct graph *g, int vertex)
{
    const struct vertex *v = &g->vertices[vertex];
    if (v->kind != VERTEX_LANE || v->up_count == 0)
        return -1;
    int segment = g->up[v->first_up];
    return is_inner(g, segment) ? segment : -1;
}

/* A segment that crosses an inner one gives way to it. */
static void mark_conflicts(struct alignment *a)
{
    struct graph *g = a->g;
    for (int row = 1; row < g->row_count; row++) {
        int left = -1, done = 0, size = g->row_count_of[row];
        for (int i = 0; i < size; i++) {
            int inner = inner_above(g, g->rows[row][i]);
            if (inner < 0 && i < size - 1)
                continue;
            int right = inner < 0 ? INT_MAX : g->vertices[g->segments[inner].upper].order;
            for (; done <= i; done++) {
                const struct vertex *v = &g->vertices[g->rows[row][done]];
                for (int k = 0; k < v->up_count; k++) {
                    int segment = g->up[v->first_up + k];
                    int order = g->vertices[g->segments[segment].upper].order;
                    a->conflict[segment] |= !is_inner(g, segment) && (order < left || order > right);
                }
            }
            left = right == INT_MAX ? left : right;
        }
    }
}

static int position(const struct alignment *a, int vertex)
{
    const struct vertex *v = &a->g->vertices[vertex];
    return a->leftwards ? a->g->row_count_of[v->row] - 1 - v->order : v->order;
}

/* The k-th neighbour segment in the direction of this pass. */
static int neighbour_segment(const struct alignment *a, const struct vertex *v, int k)
{
    int count = a->upwards ? v->down_count : v->up_count;
    if (a->leftwards)
        k = count - 1 - k;
    return a->upwards ? a->g->down[v->first_down + k] : a->g->up[v->first_up + k];
}

static void align_vertex(struct alignment *a, int vertex, int *limit)
{
    const struct vertex *v = &a->g->vertices[vertex];
    int count = a->upwards ? v->down_count : v->up_count;
    for (int k = (count - 1) / 2; count > 0 && k <= count / 2; k++) {
        int segment = neighbour_segment(a, v, k);
        int other = a->upwards ? a->g->segments[segment].lower : a->g->segments[segment].upper;
        if (a->next[vertex] != vertex || a->conflict[segment] || position(a, other) <= *limit)
            continue;
        a->next[other] = vertex;
        a->root[vertex] = a->root[other];
        a->next[vertex] = a->root[vertex];
        *limit = position(a, other);
    }
}

static void align(struct alignment *a)
{
    struct graph *g = a->g;
    for (int i = 0; i < g->vertex_count; i++)
        a->root[i] = a->next[i] = i;
    for (int step = 1; step < g->row_count; step++) {
        int row = a->upwards ? g->row_count - 1 - step : step, limit = -1, size = g->row_count_of[row];
        for (int i = 0; i < size; i++)
            align_vertex(a, g->rows[row][a->leftwards ? size - 1 - i : i], &limit);
    }
}

/* The vertex before @vertex in the direction of this pass, -1 for the first of a row. */
static int before(const struct alignment *a, int vertex)
{
    const struct vertex *v = &a->g->vertices[vertex];
    int order = a->leftwards ? v->order + 1 : v->order - 1;
    return order < 0 || order >= a->g->row_count_of[v->row] ? -1 : a->g->rows[v->row][order];
}

static int after(const struct alignment *a, int vertex)
{
    const struct vertex *v = &a->g->vertices[vertex];
    int order = a->leftwards ? v->order - 1 : v->order + 1;
    return order < 0 || order >= a->g->row_count_of[v->row] ? -1 : a->g->rows[v->row][order];
}

static int distance(const struct alignment *a, int left, int right)
{
    const struct vertex *v = &a->g->vertices[left], *w = &a->g->vertices[right];
    return v->width + w->width + 2 * graph_gap(a->g, v, w);
}

/* The least x that the left neighbours leave to a column. */
static int column_low(const struct alignment *a, int root)
{
    int low = INT_MIN, vertex = root;
    do {
        int left = before(a, vertex);
        if (left >= 0)
            low = max_int(low, a->x[a->root[left]] + distance(a, left, vertex));
        vertex = a->next[vertex];
    } while (vertex != root);
    return low == INT_MIN ? 0 : low;
}

static int column_high(const struct alignment *a, int root)
{
    int high = INT_MAX, vertex = root;
    do {
        int right = after(a, vertex);
        if (right >= 0)
            high = min_int(high, a->x[a->root[right]] - distance(a, vertex, right));
        vertex = a->next[vertex];
    } while (vertex != root);
    return high;
}

/* Columns in an order in which each follows all that lie left of it. */
static int sort_columns(struct alignment *a)
{
    struct graph *g = a->g;
    int head = 0, tail = 0;
    for (int i = 0; i < g->vertex_count; i++)
        a->waiting[i] = 0;
    for (int i = 0; i < g->vertex_count; i++)
        a->waiting[a->root[i]] += before(a, i) >= 0;
    for (int i = 0; i < g->vertex_count; i++)
        if (a->root[i] == i && a->waiting[i] == 0)
            a->queue[tail++] = i;
    while (head < tail) {
        int root = a->queue[head++], vertex = root;
        do {
            int right = after(a, vertex);
            if (right >= 0 && --a->waiting[a->root[right]] == 0)
                a->queue[tail++] = a->root[right];
            vertex = a->next[vertex];
        } while (vertex != root);
    }
    return tail;
}

static void compact(struct alignment *a, int *result)
{
    int count = sort_columns(a);
    for (int i = 0; i < count; i++)
        a->x[a->queue[i]] = column_low(a, a->queue[i]);
    for (int i = count - 1; i >= 0; i--) { /* back towards what lies right, where there is room */
        int high = column_high(a, a->queue[i]);
        if (high != INT_MAX)
            a->x[a->queue[i]] = max_int(a->x[a->queue[i]], high);
    }
    for (int i = 0; i < a->g->vertex_count; i++)
        result[i] = a->leftwards ? -a->x[a->root[i]] : a->x[a->root[i]];
}

struct extent {
    int low, high;
};

static struct extent extent_of(const struct graph *g, const int *x)
{
    struct extent extent = {INT_MAX, INT_MIN};
    for (int i = 0; i < g->vertex_count; i++) {
        extent.low = min_int(extent.low, x[i] - g->vertices[i].width);
        extent.high = max_int(extent.high, x[i] + g->vertices[i].width);
    }
    return extent;
}

/* All four start or end where the narrowest does. */
static void line_up(struct alignment *a)
{
    struct extent extents[4];
    int narrowest = 0;
    for (int i = 0; i < 4; i++) {
        extents[i] = extent_of(a->g, a->at[i]);
        if (extents[i].high - extents[i].low < extents[narrowest].high - extents[narrowest].low)
            narrowest = i;
    }
    for (int i = 0; i < 4; i++) {
        bool leftwards = i & 1;
        int shift = leftwards ? extents[narrowest].high - extents[i].high : extents[narrowest].low - extents[i].low;
        for (int v = 0; v < a->g->vertex_count; v++)
            a->at[i][v] += shift;
    }
}

static int middle_of_four(int a, int b, int c, int d)
{
    int low = min_int(min_int(a, b), min_int(c, d)), high = max_int(max_int(a, b), max_int(c, d));
    return (int)(((int64_t)a + b + c + d - low - high) >> 2); /* halved twice: mean of two, and units */
}

static void allocate(struct alignment *a)
{
    struct layout_memory *memory = &a->g->e->memory;
    int count = a->g->vertex_count;
    a->conflict = LAYOUT_NEW(memory, a->g->segment_count, bool);
    a->root = LAYOUT_NEW(memory, count, int);
    a->next = LAYOUT_NEW(memory, count, int);
    a->waiting = LAYOUT_NEW(memory, count, int);
    a->queue = LAYOUT_NEW(memory, count, int);
    a->x = LAYOUT_NEW(memory, count, int);
    for (int i = 0; i < 4; i++)
        a->at[i] = LAYOUT_NEW(memory, count, int);
}

/* Edges that enter a group at its top pass beside its title, not through it. */
static void clear_title(struct graph *g)
{
    int x = g->container->title_right_px + LANE_GAP - GROUP_PADDING;
    for (int i = 0; i < g->row_count_of[0]; i++, x += LANE_GAP) {
        struct vertex *v = &g->vertices[g->rows[0][i]];
        if (v->kind == VERTEX_PORT)
            x = v->x = max_int(v->x, x);
    }
}

void graph_place_x(struct graph *g)
{
    struct alignment a = {.g = g};
    allocate(&a);
    mark_conflicts(&a);
    for (int pass = 0; pass < 4; pass++) {
        a.upwards = pass & 2;
        a.leftwards = pass & 1;
        align(&a);
        compact(&a, a.at[pass]);
    }
    line_up(&a);
    int left = INT_MAX;
    for (int i = 0; i < g->vertex_count; i++) {
        g->vertices[i].x = middle_of_four(a.at[0][i], a.at[1][i], a.at[2][i], a.at[3][i]);
        left = min_int(left, g->vertices[i].x - g->vertices[i].width / 2);
    }
    for (int i = 0; i < g->vertex_count; i++)
        g->vertices[i].x -= left;
    clear_title(g);
}

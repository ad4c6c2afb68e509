/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "diagram/layout/graph.h"

/* Few crossings: sweeps down and up that sort each row by the barycentre of its neighbours, each followed by exchanging
 * neighbours while that helps. The best order seen is kept. Ties keep the order there was, and every comparison is of
 * whole numbers, so the result is the same everywhere.
 *
 * Most vertices are lanes, and most rows settle soon. So a row is looked at again only when it or a neighbouring one has
 * changed, and while it is, the places of its neighbours lie one after another in memory (struct place). */

/* A vertex at its place in the row under work: where its segments end in the rows above and below, ascending. */
struct place {
    int vertex;
    int up_count, down_count;
    const int *up, *down;
};

struct sweep {
    struct graph *g;
    int *order;         /* of every vertex: its place in its row */
    int *above, *below; /* as graph->up and graph->down, the vertices at the other ends */
    int *tree;          /* Fenwick tree over positions of a row */
    int *best;          /* order of every vertex in the best arrangement */
    struct rank {
        int vertex, order;
        int64_t sum;
        int count;
    } *ranks;
    struct place *places;
    int *ends;          /* what the places point at */
    int64_t *crossings; /* below each row; -1: not counted since a change */
    bool *settled;      /* row: neither it nor a neighbouring one has changed since exchanging was tried */
};

static void row_changed(struct sweep *s, int row)
{
    s->settled[row] = false;
    s->crossings[row] = -1;
    if (row > 0) {
        s->settled[row - 1] = false;
        s->crossings[row - 1] = -1;
    }
    if (row + 1 < s->g->row_count)
        s->settled[row + 1] = false;
}

static int compare_by_lower(const void *left, const void *right, void *arg)
{
    const struct graph *g = arg;
    int a = *(const int *)left, b = *(const int *)right;
    int difference = g->vertices[g->segments[a].lower].order - g->vertices[g->segments[b].lower].order;
    return difference ? difference : a - b;
}

static int compare_by_upper(const void *left, const void *right, void *arg)
{
    const struct graph *g = arg;
    int a = *(const int *)left, b = *(const int *)right;
    int difference = g->vertices[g->segments[a].upper].order - g->vertices[g->segments[b].upper].order;
    return difference ? difference : a - b;
}

static void sort_neighbours(struct graph *g, int row)
{
    for (int i = 0; i < g->row_count_of[row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        if (v->up_count > 1)
            qsort_r(g->up + v->first_up, (size_t)v->up_count, sizeof(int), compare_by_upper, g);
        if (v->down_count > 1)
            qsort_r(g->down + v->first_down, (size_t)v->down_count, sizeof(int), compare_by_lower, g);
    }
}

/* Crossings between @row and the next (Barth, Jünger, Mutzel 2002): how many earlier segments end further right. */
static int64_t crossings_below(struct sweep *s, int row)
{
    struct graph *g = s->g;
    int size = g->row_count_of[row + 1], total = 0;
    int64_t crossings = 0;
    memset(s->tree, 0, (size_t)(size + 1) * sizeof(int));
    for (int i = 0; i < g->row_count_of[row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        for (int k = 0; k < v->down_count; k++) {
            int end = s->order[s->below[v->first_down + k]], not_right = 0;
            for (int at = end + 1; at > 0; at -= at & -at)
                not_right += s->tree[at];
            crossings += total - not_right;
        }
        for (int k = 0; k < v->down_count; k++, total++) {
            int end = s->order[s->below[v->first_down + k]];
            for (int at = end + 1; at <= size; at += at & -at)
                s->tree[at]++;
        }
    }
    return crossings;
}

static int64_t count_crossings(struct sweep *s)
{
    int64_t crossings = 0;
    for (int row = 0; row + 1 < s->g->row_count; row++) {
        if (s->crossings[row] < 0)
            s->crossings[row] = crossings_below(s, row);
        crossings += s->crossings[row];
    }
    return crossings;
}

static int compare_ranks(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;
    int64_t difference = a->sum * b->count - b->sum * a->count;
    if (difference)
        return difference < 0 ? -1 : 1;
    return a->order - b->order;
}

static bool ranked(const struct rank *ranks, int size)
{
    int i = 1;
    while (i < size && compare_ranks(&ranks[i - 1], &ranks[i]) < 0)
        i++;
    return i >= size;
}

/* Later sweeps find rows nearly in order, where insertion is cheapest; what is far from it goes to qsort() half done. */
static void sort_ranks(struct rank *ranks, int size)
{
    int moves_left = 8 * size;
    for (int i = 1; i < size && moves_left > 0; i++) {
        struct rank rank = ranks[i];
        int at = i;
        for (; at > 0 && compare_ranks(&ranks[at - 1], &rank) > 0; at--, moves_left--)
            ranks[at] = ranks[at - 1];
        ranks[at] = rank;
    }
    if (moves_left <= 0)
        qsort(ranks, (size_t)size, sizeof *ranks, compare_ranks);
}

static void sort_row(struct sweep *s, int row, bool by_above)
{
    struct graph *g = s->g;
    int size = g->row_count_of[row];
    for (int i = 0; i < size; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        const int *neighbours = by_above ? s->above + v->first_up : s->below + v->first_down;
        struct rank *rank = &s->ranks[i];
        *rank = (struct rank){.vertex = g->rows[row][i], .order = i, .count = by_above ? v->up_count : v->down_count};
        for (int k = 0; k < rank->count; k++)
            rank->sum += s->order[neighbours[k]];
        if (rank->count == 0) { /* stays about where it is */
            rank->sum = i;
            rank->count = 1;
        }
    }
    if (ranked(s->ranks, size))
        return;
    row_changed(s, row);
    sort_ranks(s->ranks, size);
    for (int i = 0; i < size; i++) {
        g->rows[row][i] = s->ranks[i].vertex;
        s->order[s->ranks[i].vertex] = i;
    }
}

static int compare_ints(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

/* Most vertices have one or two. */
static void sort_ends(int *ends, int count)
{
    enum { FEW = 16 };
    if (count > FEW) {
        qsort(ends, (size_t)count, sizeof *ends, compare_ints);
        return;
    }
    for (int i = 1; i < count; i++) {
        int end = ends[i], at = i;
        for (; at > 0 && ends[at - 1] > end; at--)
            ends[at] = ends[at - 1];
        ends[at] = end;
    }
}

static const int *collect_ends(const int *order, const int *vertices, int count, int **free_at)
{
    int *ends = *free_at;
    for (int i = 0; i < count; i++)
        ends[i] = order[vertices[i]];
    sort_ends(ends, count);
    *free_at += count;
    return ends;
}

static void collect_places(struct sweep *s, int row)
{
    const struct graph *g = s->g;
    int *free_at = s->ends;
    for (int i = 0; i < g->row_count_of[row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        struct place *place = &s->places[i];
        *place = (struct place){.vertex = g->rows[row][i], .up_count = v->up_count, .down_count = v->down_count};
        place->up = collect_ends(s->order, s->above + v->first_up, v->up_count, &free_at);
        place->down = collect_ends(s->order, s->below + v->first_down, v->down_count, &free_at);
    }
}

/* Crossings among segments that end at @left and those that end at @right, both ascending, when the vertex of @left is
 * the left one. */
static int64_t ends_crossing(const int *left, int left_count, const int *right, int right_count)
{
    int64_t crossings = 0;
    if (left_count == 1 && right_count == 1)
        return right[0] < left[0];
    for (int i = 0, k = 0; i < left_count; i++) {
        while (k < right_count && right[k] < left[i])
            k++;
        crossings += k;
    }
    return crossings;
}

static int64_t places_crossing(const struct place *left, const struct place *right)
{
    return ends_crossing(left->up, left->up_count, right->up, right->up_count) +
           ends_crossing(left->down, left->down_count, right->down, right->down_count);
}

static bool transpose_row(struct sweep *s, int row)
{
    struct graph *g = s->g;
    bool improved = false;
    s->settled[row] = true;
    collect_places(s, row);
    for (int i = 0; i + 1 < g->row_count_of[row]; i++) {
        struct place *a = &s->places[i], *b = &s->places[i + 1];
        int64_t now = places_crossing(a, b);
        if (now == 0 || places_crossing(b, a) >= now)
            continue;
        struct place swapped = *a;
        *a = *b;
        *b = swapped;
        improved = true;
    }
    for (int i = 0; improved && i < g->row_count_of[row]; i++) {
        g->rows[row][i] = s->places[i].vertex;
        s->order[s->places[i].vertex] = i;
    }
    if (improved)
        row_changed(s, row);
    return improved;
}

static void transpose(struct sweep *s)
{
    enum { MAX_PASSES = 8 };
    bool improved = true;
    for (int pass = 0; improved && pass < MAX_PASSES; pass++) {
        improved = false;
        for (int row = 0; row < s->g->row_count; row++)
            improved |= !s->settled[row] && transpose_row(s, row);
    }
}

static void save(struct sweep *s)
{
    memcpy(s->best, s->order, (size_t)s->g->vertex_count * sizeof *s->best);
}

static void restore(struct sweep *s)
{
    for (int i = 0; i < s->g->vertex_count; i++) {
        struct vertex *v = &s->g->vertices[i];
        v->order = s->best[i];
        s->g->rows[v->row][v->order] = i;
    }
}

static void prepare(struct sweep *s)
{
    struct graph *g = s->g;
    struct layout_memory *memory = &g->e->memory;
    int widest = 0;
    for (int row = 0; row < g->row_count; row++)
        widest = max_int(widest, g->row_count_of[row]);
    s->tree = LAYOUT_NEW(memory, widest + 2, int);
    s->best = LAYOUT_NEW(memory, g->vertex_count, int);
    s->ranks = LAYOUT_NEW(memory, widest, struct rank);
    s->places = LAYOUT_NEW(memory, widest, struct place);
    s->ends = LAYOUT_NEW(memory, 2 * (size_t)g->segment_count, int);
    s->crossings = LAYOUT_NEW(memory, g->row_count, int64_t);
    s->settled = LAYOUT_NEW(memory, g->row_count, bool);
    for (int row = 0; row < g->row_count; row++)
        s->crossings[row] = -1;
    s->order = LAYOUT_NEW(memory, g->vertex_count, int);
    s->above = LAYOUT_NEW(memory, g->segment_count, int);
    s->below = LAYOUT_NEW(memory, g->segment_count, int);
    for (int i = 0; i < g->vertex_count; i++)
        s->order[i] = g->vertices[i].order;
    for (int i = 0; i < g->segment_count; i++) {
        s->above[i] = g->segments[g->up[i]].upper;
        s->below[i] = g->segments[g->down[i]].lower;
    }
}

void graph_order(struct graph *g)
{
    struct sweep s = {.g = g};
    prepare(&s);
    /* Big graphs get fewer sweeps: the first ones bring most. */
    int sweeps = g->segment_count < 2000 ? 16 : g->segment_count < 20000 ? 8 : 4;
    int64_t best = count_crossings(&s);
    save(&s);
    for (int sweep = 0, idle = 0; best > 0 && sweep < sweeps && idle < 4; sweep++) {
        bool down = sweep % 2 == 0;
        for (int step = 1; step < g->row_count; step++)
            sort_row(&s, down ? step : g->row_count - 1 - step, down);
        transpose(&s);
        int64_t crossings = count_crossings(&s);
        idle++;
        if (crossings >= best)
            continue;
        best = crossings;
        idle = 0;
        save(&s);
    }
    restore(&s);
    for (int row = 0; row < g->row_count; row++)
        sort_neighbours(g, row);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "diagram/layout/graph.h"

/* Few crossings: sweeps down and up that sort each row by the barycentre of its neighbours, each followed by exchanging
 * neighbours while that helps. The best order seen is kept. Ties keep the order there was, and every comparison is of
 * whole numbers, so the result is the same everywhere. */

struct sweep {
    struct graph *g;
    int *tree;          /* Fenwick tree over positions of a row */
    int *best;          /* order of every vertex in the best arrangement */
    struct rank {
        int vertex, order;
        int64_t sum;
        int count;
    } *ranks;
};

static int other_end(const struct graph *g, int segment, bool above)
{
    return above ? g->segments[segment].upper : g->segments[segment].lower;
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
            int end = g->vertices[g->segments[g->down[v->first_down + k]].lower].order, not_right = 0;
            for (int at = end + 1; at > 0; at -= at & -at)
                not_right += s->tree[at];
            crossings += total - not_right;
        }
        for (int k = 0; k < v->down_count; k++, total++) {
            int end = g->vertices[g->segments[g->down[v->first_down + k]].lower].order;
            for (int at = end + 1; at <= size; at += at & -at)
                s->tree[at]++;
        }
    }
    return crossings;
}

static int64_t count_crossings(struct sweep *s)
{
    int64_t crossings = 0;
    for (int row = 0; row + 1 < s->g->row_count; row++)
        crossings += crossings_below(s, row);
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

static void sort_row(struct sweep *s, int row, bool by_above)
{
    struct graph *g = s->g;
    int size = g->row_count_of[row];
    for (int i = 0; i < size; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        const int *neighbours = by_above ? g->up + v->first_up : g->down + v->first_down;
        struct rank *rank = &s->ranks[i];
        *rank = (struct rank){.vertex = g->rows[row][i], .order = i, .count = by_above ? v->up_count : v->down_count};
        for (int k = 0; k < rank->count; k++)
            rank->sum += g->vertices[other_end(g, neighbours[k], by_above)].order;
        if (rank->count == 0) { /* stays about where it is */
            rank->sum = i;
            rank->count = 1;
        }
    }
    qsort(s->ranks, (size_t)size, sizeof *s->ranks, compare_ranks);
    for (int i = 0; i < size; i++) {
        g->rows[row][i] = s->ranks[i].vertex;
        g->vertices[s->ranks[i].vertex].order = i;
    }
}

/* Crossings among the segments of @a and @b at one side, with a left of b; both sorted. */
static int64_t pair_crossings(const struct graph *g, const struct vertex *a, const struct vertex *b, bool above)
{
    const int *of_a = above ? g->up + a->first_up : g->down + a->first_down;
    const int *of_b = above ? g->up + b->first_up : g->down + b->first_down;
    int count_a = above ? a->up_count : a->down_count, count_b = above ? b->up_count : b->down_count;
    int64_t crossings = 0;
    for (int i = 0, k = 0; i < count_a; i++) {
        int end = g->vertices[other_end(g, of_a[i], above)].order;
        while (k < count_b && g->vertices[other_end(g, of_b[k], above)].order < end)
            k++;
        crossings += k;
    }
    return crossings;
}

static bool transpose_row(struct graph *g, int row)
{
    bool improved = false;
    sort_neighbours(g, row);
    for (int i = 0; i + 1 < g->row_count_of[row]; i++) {
        struct vertex *a = &g->vertices[g->rows[row][i]], *b = &g->vertices[g->rows[row][i + 1]];
        int64_t now = pair_crossings(g, a, b, true) + pair_crossings(g, a, b, false);
        if (now == 0)
            continue;
        if (pair_crossings(g, b, a, true) + pair_crossings(g, b, a, false) >= now)
            continue;
        int vertex = g->rows[row][i];
        g->rows[row][i] = g->rows[row][i + 1];
        g->rows[row][i + 1] = vertex;
        a->order = i + 1;
        b->order = i;
        improved = true;
    }
    return improved;
}

static void transpose(struct graph *g)
{
    enum { MAX_PASSES = 8 };
    bool improved = true;
    for (int pass = 0; improved && pass < MAX_PASSES; pass++) {
        improved = false;
        for (int row = 0; row < g->row_count; row++)
            improved |= transpose_row(g, row);
    }
}

static void save(struct sweep *s)
{
    for (int i = 0; i < s->g->vertex_count; i++)
        s->best[i] = s->g->vertices[i].order;
}

static void restore(struct sweep *s)
{
    for (int i = 0; i < s->g->vertex_count; i++) {
        struct vertex *v = &s->g->vertices[i];
        v->order = s->best[i];
        s->g->rows[v->row][v->order] = i;
    }
}

void graph_order(struct graph *g)
{
    struct layout_memory *memory = &g->e->memory;
    int widest = 0;
    for (int row = 0; row < g->row_count; row++)
        widest = max_int(widest, g->row_count_of[row]);
    struct sweep s = {.g = g};
    s.tree = LAYOUT_NEW(memory, widest + 2, int);
    s.best = LAYOUT_NEW(memory, g->vertex_count, int);
    s.ranks = LAYOUT_NEW(memory, widest, struct rank);
    /* Big graphs get fewer sweeps: the first ones bring most. */
    int sweeps = g->segment_count < 2000 ? 16 : g->segment_count < 20000 ? 8 : 4;
    int64_t best = count_crossings(&s);
    save(&s);
    for (int sweep = 0, idle = 0; best > 0 && sweep < sweeps && idle < 4; sweep++) {
        bool down = sweep % 2 == 0;
        for (int step = 1; step < g->row_count; step++)
            sort_row(&s, down ? step : g->row_count - 1 - step, down);
        transpose(g);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "diagram/layout/graph.h"

/* Few crossings: sweeps down and up that sort each row by the barycentre of its neighbours, each followed by exchanging
 * neighbours while that helps. The best order seen is kept. Ties keep the order there was, and every comparison is exact,
 * so the result is the same everywhere. (Two means of at most 10,000 places differ by a part in 10^13 at least or are
 * equal, which doubles tell.)
 *
 * Most vertices are lanes, and most settle soon. Whether two neighbours of a row should be exchanged depends on the order
 * of what they lead to and on nothing else, so a pair is tried again only when one of the two is stirred: it, or what it
 * leads to, has moved since. */

/* Where a vertex's segments end in the rows above and below, ascending. */
struct ends {
    int vertex, up_count, down_count;
    int *up, *down;
};

struct sweep {
    struct graph *g;
    int *order;         /* of every vertex: its place in its row */
    int *above, *below; /* as graph->up and graph->down, the vertices at the other ends */
    int *tree;          /* Fenwick tree over positions of a row */
    int *best;          /* order of every vertex in the best arrangement */
    struct rank {
        double mean; /* of the places of what it leads to */
        int vertex;
    } *ranks, *spare_ranks;
    struct ends pair[2]; /* the two that are tried */
    int64_t *crossings; /* below each row; -1: not counted since a change */
    bool *stirred;      /* vertex: exchanging it is to be tried (again) */
    bool *row_stirred;  /* row: has stirred vertices */
};

static void forget_crossings(struct sweep *s, int row)
{
    s->crossings[row] = -1;
    if (row > 0)
        s->crossings[row - 1] = -1;
}

/* @vertex has moved. */
static void stir(struct sweep *s, int vertex)
{
    const struct vertex *v = &s->g->vertices[vertex];
    s->stirred[vertex] = s->row_stirred[v->row] = true;
    for (int k = 0; k < v->up_count; k++)
        s->stirred[s->above[v->first_up + k]] = true;
    for (int k = 0; k < v->down_count; k++)
        s->stirred[s->below[v->first_down + k]] = true;
    if (v->up_count > 0)
        s->row_stirred[v->row - 1] = true;
    if (v->down_count > 0)
        s->row_stirred[v->row + 1] = true;
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

static bool ranked(const struct rank *ranks, int size)
{
    int i = 1;
    while (i < size && ranks[i - 1].mean <= ranks[i].mean)
        i++;
    return i >= size;
}

static void merge(const struct rank *left, const struct rank *left_end, const struct rank *right, const struct rank *right_end,
                  struct rank *out)
{
    while (left < left_end && right < right_end)
        *out++ = right->mean < left->mean ? *right++ : *left++;
    while (left < left_end)
        *out++ = *left++;
    while (right < right_end)
        *out++ = *right++;
}

/* Stable: what is equal keeps its order. Returns the sorted one of both. */
static struct rank *sort_ranks(struct rank *ranks, struct rank *spare, int size)
{
    enum { RUN = 8 };
    for (int start = 0; start < size; start += RUN)
        for (int i = start + 1; i < min_int(start + RUN, size); i++) {
            struct rank rank = ranks[i];
            int at = i;
            for (; at > start && ranks[at - 1].mean > rank.mean; at--)
                ranks[at] = ranks[at - 1];
            ranks[at] = rank;
        }
    for (int run = RUN; run < size; run *= 2) {
        for (int start = 0; start < size; start += 2 * run) {
            struct rank *middle = ranks + min_int(start + run, size);
            merge(ranks + start, middle, middle, ranks + min_int(start + 2 * run, size), spare + start);
        }
        struct rank *sorted = spare;
        spare = ranks;
        ranks = sorted;
    }
    return ranks;
}

/* What leads nowhere in that direction stays about where it is. */
static double mean_place(const struct sweep *s, const int *neighbours, int count, int place)
{
    int64_t sum = 0;
    if (count == 0)
        return place;
    for (int k = 0; k < count; k++)
        sum += s->order[neighbours[k]];
    return count == 1 ? (double)sum : (double)sum / count;
}

static void sort_row(struct sweep *s, int row, bool by_above)
{
    struct graph *g = s->g;
    int size = g->row_count_of[row];
    for (int i = 0; i < size; i++) {
        int vertex = g->rows[row][i];
        const struct vertex *v = &g->vertices[vertex];
        s->ranks[i].vertex = vertex;
        s->ranks[i].mean = by_above ? mean_place(s, s->above + v->first_up, v->up_count, i)
                                    : mean_place(s, s->below + v->first_down, v->down_count, i);
    }
    if (ranked(s->ranks, size))
        return;
    forget_crossings(s, row);
    const struct rank *sorted = sort_ranks(s->ranks, s->spare_ranks, size);
    for (int i = 0; i < size; i++) {
        int vertex = sorted[i].vertex;
        if (s->order[vertex] != i)
            stir(s, vertex);
        g->rows[row][i] = vertex;
        s->order[vertex] = i;
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

static void collect_ends(const int *order, const int *vertices, int count, int *ends)
{
    for (int i = 0; i < count; i++)
        ends[i] = order[vertices[i]];
    if (count > 1)
        sort_ends(ends, count);
}

static void look_at(struct sweep *s, int vertex, struct ends *out)
{
    const struct vertex *v = &s->g->vertices[vertex];
    out->vertex = vertex;
    out->up_count = v->up_count;
    out->down_count = v->down_count;
    collect_ends(s->order, s->above + v->first_up, v->up_count, out->up);
    collect_ends(s->order, s->below + v->first_down, v->down_count, out->down);
}

/* What exchanging spares among segments that end at @left and those that end at @right, both ascending. */
static int64_t ends_spared(const int *left, int left_count, const int *right, int right_count)
{
    int64_t spared = 0;
    if (left_count == 1 && right_count == 1)
        return (right[0] < left[0]) - (left[0] < right[0]);
    for (int i = 0, less = 0, not_more = 0; i < left_count; i++) {
        while (less < right_count && right[less] < left[i])
            less++;
        while (not_more < right_count && right[not_more] <= left[i])
            not_more++;
        spared += less - (right_count - not_more);
    }
    return spared;
}

static bool exchange_spares(const struct ends *left, const struct ends *right)
{
    return ends_spared(left->up, left->up_count, right->up, right->up_count) +
               ends_spared(left->down, left->down_count, right->down, right->down_count) >
           0;
}

static void exchange(struct sweep *s, int *row, int at)
{
    int right = row[at];
    row[at] = row[at + 1];
    row[at + 1] = right;
    s->order[row[at]] = at;
    s->order[right] = at + 1;
    stir(s, row[at]);
    stir(s, right);
}

static bool transpose_row(struct sweep *s, int row_index)
{
    int *row = s->g->rows[row_index], size = s->g->row_count_of[row_index];
    struct ends *left = &s->pair[0], *right = &s->pair[1];
    bool improved = false;
    s->row_stirred[row_index] = false;
    left->vertex = right->vertex = -1;
    for (int i = 0; i + 1 < size; i++) {
        bool stirred = s->stirred[row[i]];
        s->stirred[row[i]] = false; /* after this it has been tried with both of its neighbours */
        if (!stirred && !s->stirred[row[i + 1]])
            continue;
        if (left->vertex != row[i])
            look_at(s, row[i], left);
        look_at(s, row[i + 1], right);
        if (exchange_spares(left, right)) {
            exchange(s, row, i);
            improved = true;
            continue;
        }
        struct ends *next = right;
        right = left;
        left = next;
    }
    s->stirred[row[size - 1]] = false;
    if (improved)
        forget_crossings(s, row_index);
    return improved;
}

static void transpose(struct sweep *s)
{
    enum { MAX_PASSES = 8 };
    bool improved = true;
    for (int pass = 0; improved && pass < MAX_PASSES; pass++) {
        improved = false;
        for (int row = 0; row < s->g->row_count; row++)
            improved |= s->row_stirred[row] && transpose_row(s, row);
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
    int widest = 0, most = 1;
    for (int row = 0; row < g->row_count; row++)
        widest = max_int(widest, g->row_count_of[row]);
    for (int i = 0; i < g->vertex_count; i++)
        most = max_int(most, max_int(g->vertices[i].up_count, g->vertices[i].down_count));
    s->tree = LAYOUT_NEW(memory, widest + 2, int);
    s->best = LAYOUT_NEW(memory, g->vertex_count, int);
    s->ranks = LAYOUT_NEW(memory, widest, struct rank);
    s->spare_ranks = LAYOUT_NEW(memory, widest, struct rank);
    for (int i = 0; i < 2; i++) {
        s->pair[i].up = LAYOUT_NEW(memory, most, int);
        s->pair[i].down = LAYOUT_NEW(memory, most, int);
    }
    s->crossings = LAYOUT_NEW(memory, g->row_count, int64_t);
    s->stirred = LAYOUT_NEW(memory, g->vertex_count, bool);
    s->row_stirred = LAYOUT_NEW(memory, g->row_count, bool);
    s->order = LAYOUT_NEW(memory, g->vertex_count, int);
    s->above = LAYOUT_NEW(memory, g->segment_count, int);
    s->below = LAYOUT_NEW(memory, g->segment_count, int);
    for (int row = 0; row < g->row_count; row++) {
        s->crossings[row] = -1;
        s->row_stirred[row] = true;
    }
    for (int i = 0; i < g->vertex_count; i++) {
        s->order[i] = g->vertices[i].order;
        s->stirred[i] = true;
    }
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

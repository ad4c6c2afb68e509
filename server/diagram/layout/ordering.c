/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "diagram/layout/sweep.h"

/* Few crossings: sweeps down and up that sort each row by the barycentre of its neighbours, each followed by exchanging
 * neighbours while that helps. The best order seen is kept. Ties keep the order there was, and every comparison is
 * exact, so the result is the same everywhere. (Two means of at most 10,000 places differ by a part in 10^13 at least
 * or are equal, which doubles tell.)
 *
 * When there is a picture before, and the best order would change that of boxes which were in it, all is done once more
 * with those boxes held: among each other they stay as they were. That is taken unless it has clearly more
 * crossings. */

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

static bool ranked(const struct rank *ranks, int size)
{
    int i = 1;
    while (i < size && ranks[i - 1].mean <= ranks[i].mean)
        i++;
    return i >= size;
}

static void merge(const struct rank *left, const struct rank *left_end, const struct rank *right,
                  const struct rank *right_end, struct rank *out)
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

/* The places that held boxes have in @sorted go to them in the order of before. */
static void hold(struct sweep *s, struct rank *sorted, int size)
{
    int count = 0;
    for (int i = 0; i < size; i++)
        if (s->held[sorted[i].vertex] != FREE)
            s->held_ranks[count++] = (struct rank){s->held[sorted[i].vertex], sorted[i].vertex};
    const struct rank *next = sort_ranks(s->held_ranks, s->held_ranks + size, count);
    for (int i = 0; i < size; i++)
        if (s->held[sorted[i].vertex] != FREE)
            sorted[i].vertex = next++->vertex;
}

static void set_row(struct sweep *s, int row, const struct rank *sorted)
{
    for (int i = 0; i < s->g->row_count_of[row]; i++) {
        int vertex = sorted[i].vertex;
        if (s->order[vertex] != i)
            sweep_stir(s, vertex);
        s->g->rows[row][i] = vertex;
        s->order[vertex] = i;
    }
    sweep_forget_crossings(s, row);
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
    struct rank *sorted = sort_ranks(s->ranks, s->spare_ranks, size);
    if (s->held)
        hold(s, sorted, size);
    set_row(s, row, sorted);
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
    for (int i = 0; i < g->vertex_count; i++)
        s->order[i] = g->vertices[i].order;
    for (int i = 0; i < g->segment_count; i++) {
        s->above[i] = g->segments[g->up[i]].upper;
        s->below[i] = g->segments[g->down[i]].lower;
    }
}

/* ---- sweeps ---- */

/* Sweeps from the order there is; the best one goes to s->best. Returns its crossings. */
static int64_t reduce(struct sweep *s)
{
    struct graph *g = s->g;
    size_t bytes = (size_t)g->vertex_count * sizeof *s->order;
    /* Big graphs get fewer sweeps: the first ones bring most. */
    int sweeps = g->segment_count < 2000 ? 16 : g->segment_count < 20000 ? 8 : 4;
    memset(s->stirred, true, (size_t)g->vertex_count);
    memset(s->row_stirred, true, (size_t)g->row_count);
    for (int row = 0; row < g->row_count; row++)
        s->crossings[row] = -1;
    s->best = LAYOUT_NEW(&g->e->memory, g->vertex_count, int);
    int64_t best = sweep_crossings(s);
    memcpy(s->best, s->order, bytes);
    for (int sweep = 0, idle = 0; best > 0 && sweep < sweeps && idle < 4; sweep++) {
        bool down = sweep % 2 == 0;
        for (int step = 1; step < g->row_count; step++)
            sort_row(s, down ? step : g->row_count - 1 - step, down);
        sweep_transpose(s);
        int64_t crossings = sweep_crossings(s);
        idle++;
        if (crossings >= best)
            continue;
        best = crossings;
        idle = 0;
        memcpy(s->best, s->order, bytes);
    }
    return best;
}

static void restore(struct sweep *s)
{
    for (int i = 0; i < s->g->vertex_count; i++) {
        struct vertex *v = &s->g->vertices[i];
        v->order = s->order[i] = s->best[i];
        s->g->rows[v->row][v->order] = i;
    }
}

/* ---- the picture before ---- */

/* Does the order there is change that of the picture before? If so, s->held is set. */
static bool changes_places(struct sweep *s)
{
    const struct graph *g = s->g;
    bool changes = false;
    if (!g->e->before)
        return false;
    s->held = LAYOUT_NEW(&g->e->memory, g->vertex_count, int);
    for (int i = 0; i < g->vertex_count; i++) {
        int item = g->vertices[i].item;
        s->held[i] = item >= 0 && was_there(g->e, item) ? g->e->before[item].x : FREE;
    }
    for (int row = 0; row < g->row_count; row++)
        for (int i = 0, last = FREE; i < g->row_count_of[row]; i++) {
            int x = s->held[g->rows[row][i]];
            changes |= x != FREE && x < last;
            last = max_int(last, x);
        }
    return changes;
}

static void hold_rows(struct sweep *s)
{
    const struct graph *g = s->g;
    int widest = 0;
    for (int row = 0; row < g->row_count; row++)
        widest = max_int(widest, g->row_count_of[row]);
    s->held_ranks = LAYOUT_NEW(&g->e->memory, 2 * widest, struct rank);
    for (int row = 0; row < g->row_count; row++) {
        for (int i = 0; i < g->row_count_of[row]; i++)
            s->ranks[i].vertex = g->rows[row][i];
        hold(s, s->ranks, g->row_count_of[row]);
        set_row(s, row, s->ranks);
    }
}

void graph_order(struct graph *g)
{
    struct sweep s = {.g = g};
    prepare(&s);
    int64_t crossings = reduce(&s);
    restore(&s);
    if (changes_places(&s)) {
        int *anew = s.best;
        hold_rows(&s);
        if (reduce(&s) > crossings + crossings / 4 + 2)
            s.best = anew;
        restore(&s);
    }
    for (int row = 0; row < g->row_count; row++)
        sort_neighbours(g, row);
}

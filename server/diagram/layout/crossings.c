/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "diagram/layout/sweep.h"

/* Crossings: how many there are, and fewer by exchanging neighbours of a row.
 *
 * Most vertices are lanes, and most settle soon. Whether two neighbours of a row should be exchanged depends on the
 * order of what they lead to and on nothing else, so a pair is tried again only when one of the two is stirred: it, or
 * what it leads to, has moved since. */

void sweep_forget_crossings(struct sweep *s, int row)
{
    s->crossings[row] = -1;
    if (row > 0)
        s->crossings[row - 1] = -1;
}

void sweep_stir(struct sweep *s, int vertex)
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

int64_t sweep_crossings(struct sweep *s)
{
    int64_t crossings = 0;
    for (int row = 0; row + 1 < s->g->row_count; row++) {
        if (s->crossings[row] < 0)
            s->crossings[row] = crossings_below(s, row);
        crossings += s->crossings[row];
    }
    return crossings;
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
    sweep_stir(s, row[at]);
    sweep_stir(s, right);
}

static bool both_held(const struct sweep *s, int a, int b)
{
    return s->held && s->held[a] != FREE && s->held[b] != FREE;
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
        if ((!stirred && !s->stirred[row[i + 1]]) || both_held(s, row[i], row[i + 1]))
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
        sweep_forget_crossings(s, row_index);
    return improved;
}

void sweep_transpose(struct sweep *s)
{
    enum { MAX_PASSES = 8 };
    bool improved = true;
    for (int pass = 0; improved && pass < MAX_PASSES; pass++) {
        improved = false;
        for (int row = 0; row < s->g->row_count; row++)
            improved |= s->row_stirred[row] && transpose_row(s, row);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "diagram/layout/cycles.h"

/* Rows of the picture before, and the way that arcs went in it. */

struct seen {
    int component, y, slot;
};

static int compare_seen(const void *left, const void *right)
{
    const struct seen *a = left, *b = right;
    if (a->component != b->component)
        return a->component < b->component ? -1 : 1;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return a->slot - b->slot;
}

static int find_root(int *up, int i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

/* Only what is connected has rows in common. */
static int *find_components(struct engine *e, const struct arc_graph *g)
{
    int *up = LAYOUT_NEW(&e->memory, g->count, int);
    for (int i = 0; i < g->count; i++)
        up[i] = i;
    for (int i = 0; i < g->arc_count; i++)
        up[find_root(up, g->arcs[i].from)] = find_root(up, g->arcs[i].to);
    for (int i = 0; i < g->count; i++)
        up[i] = find_root(up, i);
    return up;
}

int *before_rows(struct engine *e, const struct container *c, const struct arc_graph *g)
{
    if (!e->before)
        return NULL;
    const int *component = find_components(e, g);
    struct seen *seen = LAYOUT_NEW(&e->memory, g->count, struct seen);
    int *rows = LAYOUT_NEW(&e->memory, g->count, int), count = 0;
    for (int i = 0; i < g->count; i++) {
        rows[i] = -1;
        if (was_there(e, c->children[i]))
            seen[count++] = (struct seen){component[i], e->before[c->children[i]].y, i};
    }
    qsort(seen, (size_t)count, sizeof *seen, compare_seen);
    for (int i = 0, row = 0; i < count; i++) {
        if (i > 0)
            row = seen[i].component != seen[i - 1].component ? 0 : row + (seen[i].y != seen[i - 1].y);
        rows[seen[i].slot] = row;
    }
    return count > 0 ? rows : NULL;
}

/* What is new lies between rows: below what leads to it, or else above what it leads to. */
static int *guess_heights(struct engine *e, const struct arc_graph *g)
{
    enum { UNKNOWN = -2 };
    int *height = LAYOUT_NEW(&e->memory, g->count, int);
    for (int i = 0; i < g->count; i++)
        height[i] = g->rows_before[i] >= 0 ? 2 * g->rows_before[i] : UNKNOWN;
    for (int i = 0; i < g->arc_count; i++)
        if (g->rows_before[g->arcs[i].to] < 0 && height[g->arcs[i].from] != UNKNOWN)
            height[g->arcs[i].to] = max_int(height[g->arcs[i].to], height[g->arcs[i].from] + 1);
    for (int i = g->arc_count - 1; i >= 0; i--)
        if (height[g->arcs[i].from] == UNKNOWN && height[g->arcs[i].to] != UNKNOWN)
            height[g->arcs[i].from] = height[g->arcs[i].to] - 1;
    return height;
}

int before_flip(struct engine *e, const struct arc_graph *g)
{
    const int *height = guess_heights(e, g);
    int flipped = 0;
    for (int i = 0; i < g->arc_count; i++) {
        struct arc *arc = &g->arcs[i];
        int difference = height[arc->from] - height[arc->to];
        arc->flipped = difference > 0 || (difference == 0 && arc->from > arc->to);
        flipped += arc->flipped;
    }
    return flipped;
}

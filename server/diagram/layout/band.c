/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "diagram/layout/graph.h"

/* Where all boxes are groups, they become bands: each row is filled from the block's left to its right side, and all
 * groups of a row have one height. Lanes stay where they are, so long edges stay straight. */

struct side_pair {
    int left, right;
};

static struct side_pair sides_of(const struct graph *g, const struct vertex *v)
{
    if (v->kind != VERTEX_BOX)
        return (struct side_pair){v->x, v->x};
    int left = graph_box_left(g, v), loops = (v->width - g->e->rect[v->item].width) / 2;
    return (struct side_pair){left - loops, left + g->e->rect[v->item].width + loops};
}

static bool has_lane(const struct graph *g, int row)
{
    for (int i = 0; i < g->row_count_of[row]; i++)
        if (g->vertices[g->rows[row][i]].kind != VERTEX_BOX)
            return true;
    return false;
}

/* The box takes [left, right], self loops included. */
static void set_sides(struct graph *g, struct vertex *v, int left, int right)
{
    int loops = v->width - g->e->rect[v->item].width;
    v->width = (right - left) & ~1;
    v->x = left + v->width / 2;
    g->e->rect[v->item].width = v->width - loops;
}

/* A row of boxes alone: what is spare goes to each in equal parts. */
static void justify(struct graph *g, int row, int width)
{
    int count = g->row_count_of[row], needed = (count - 1) * GROUP_GAP, x = 0;
    for (int i = 0; i < count; i++)
        needed += g->vertices[g->rows[row][i]].width;
    int spare = width - needed;
    for (int i = 0; i < count; i++) {
        struct vertex *v = &g->vertices[g->rows[row][i]];
        int right = x + v->width + spare / count + (i < spare % count);
        set_sides(g, v, x, right);
        x = right + GROUP_GAP;
    }
}

/* A row that edges pass: each box takes the room up to them, neighbouring boxes share what is between. */
static void grow_between_lanes(struct graph *g, int row, int width)
{
    int left = 0;
    for (int i = 0; i < g->row_count_of[row]; i++) {
        struct vertex *v = &g->vertices[g->rows[row][i]];
        struct side_pair mine = sides_of(g, v), next = {width + GROUP_GAP, 0};
        const struct vertex *neighbour = NULL;
        int right = width;
        if (i + 1 < g->row_count_of[row]) {
            neighbour = &g->vertices[g->rows[row][i + 1]];
            next = sides_of(g, neighbour);
        }
        if (neighbour && v->kind == VERTEX_BOX && neighbour->kind == VERTEX_BOX)
            right = (mine.right + next.left - GROUP_GAP) / 2;
        else if (neighbour)
            right = next.left - LANE_GAP;
        if (v->kind == VERTEX_BOX)
            set_sides(g, v, min_int(left, mine.left), max_int(right, mine.right));
        left = v->kind == VERTEX_BOX ? right + GROUP_GAP : v->x + LANE_GAP;
    }
}

static int block_width(const struct graph *g)
{
    int width = 0;
    for (int i = 0; i < g->vertex_count; i++)
        width = max_int(width, g->vertices[i].x + g->vertices[i].width / 2);
    return width;
}

/* Sizes are final from here on: the content of groups follows, and with it the ports on their borders. */
static void settle_row(struct graph *g, int row)
{
    for (int i = 0; i < g->row_count_of[row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        if (v->kind == VERTEX_BOX)
            g->row_height[row] = max_int(g->row_height[row], g->e->rect[v->item].height);
    }
    for (int i = 0; i < g->row_count_of[row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        if (v->kind != VERTEX_BOX)
            continue;
        int height = g->is_banded ? g->row_height[row] : g->e->rect[v->item].height;
        item_resize(g->e, v->item, g->e->rect[v->item].width, height);
    }
}

void graph_grow_bands(struct graph *g)
{
    int width = block_width(g);
    for (int row = 0; row < g->row_count; row++) {
        if (g->is_banded && has_lane(g, row))
            grow_between_lanes(g, row, width);
        else if (g->is_banded)
            justify(g, row, width);
        settle_row(g, row);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/graph.h"

static void store_places(const struct graph *g)
{
    for (int i = 0; i < g->vertex_count; i++) {
        const struct vertex *v = &g->vertices[i];
        if (v->kind != VERTEX_BOX)
            continue;
        g->e->rect[v->item].x = graph_box_left(g, v);
        g->e->rect[v->item].y = g->row_y[v->row];
    }
}

/* What boxes, lines and pills cover from x = 0 on; a pill at the left may stick out, then everything moves right. */
static void store_size(const struct graph *g)
{
    int left = 0, right = 0;
    for (int i = 0; i < g->vertex_count; i++)
        right = max_int(right, g->vertices[i].x + g->vertices[i].width / 2);
    for (int i = 0; i < g->segment_count; i++) {
        const struct layout_rect *pill = &g->segments[i].local->pill;
        if (pill->width == 0)
            continue;
        left = min_int(left, pill->x);
        right = max_int(right, pill->x + pill->width);
    }
    for (int i = 0; i < g->vertex_count && left < 0; i++)
        if (g->vertices[i].kind == VERTEX_BOX)
            g->e->rect[g->vertices[i].item].x -= left;
    for (struct local_edge *local = g->container->edges; local && left < 0; local = local->next_of_container) {
        if (g->e->block[local->from >= 0 ? local->from : local->to] != g->block)
            continue;
        for (int k = 0; k < local->point_count; k++)
            local->points[k].x -= left;
        local->pill.x -= left;
    }
    int last = g->row_count - 1;
    g->block->rect.width = right - left;
    g->block->rect.height = g->row_y[last] + g->row_height[last];
}

void block_lay_out(struct engine *e, struct container *c, struct block *b)
{
    struct graph g = {.e = e, .container = c, .block = b};
    graph_build(&g);
    graph_order(&g);
    graph_place_x(&g);
    graph_grow_bands(&g);
    graph_place_ports(&g);
    for (int row = 0; row + 1 < g.row_count; row++)
        graph_route_channel(&g, row);
    graph_make_paths(&g);
    store_places(&g);
    store_size(&g);
}

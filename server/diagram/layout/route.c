/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/graph.h"

static void add_point(struct local_edge *local, int x, int y)
{
    local->points[local->point_count++] = (struct layout_point){x, y};
}

static int vertex_bottom(const struct graph *g, const struct vertex *v)
{
    return g->row_y[v->row] + (v->kind == VERTEX_BOX ? g->e->rect[v->item].height : 0);
}

static void add_segment(const struct graph *g, const struct segment *s)
{
    const struct vertex *upper = &g->vertices[s->upper], *lower = &g->vertices[s->lower];
    add_point(s->local, s->upper_x, vertex_bottom(g, upper));
    if (s->upper_x != s->lower_x) {
        add_point(s->local, s->upper_x, s->track_y);
        add_point(s->local, s->lower_x, s->track_y);
    }
    add_point(s->local, s->lower_x, g->row_y[lower->row]);
}

/* A self loop leaves its box at the right and comes back below; several lie around each other. */
static void make_loops(struct graph *g, const struct vertex *v)
{
    const struct layout_rect *rect = &g->e->rect[v->item];
    int right = v->x + rect->width / 2, middle = g->row_y[v->row] + min_int(rect->height, CARD_HEIGHT) / 2;
    int x = right, spread = 0;
    for (struct local_edge *local = g->e->loops[v->item]; local; local = local->next_loop) {
        int pill_px = g->e->pill_px[local->edge], step = pill_px ? pill_px + 12 : LOOP_WIDTH;
        int line = x + (pill_px ? step / 2 : step - 6);
        int reach = min_int((pill_px ? PILL_HEIGHT / 2 + 5 : 7) + spread, CARD_HEIGHT / 2 - 4);
        local->points = LAYOUT_NEW(&g->e->memory, 4, struct layout_point);
        add_point(local, right, middle - reach);
        add_point(local, line, middle - reach);
        add_point(local, line, middle + reach);
        add_point(local, right, middle + reach);
        if (pill_px)
            local->pill = (struct layout_rect){line - pill_px / 2, middle - PILL_HEIGHT / 2, pill_px, PILL_HEIGHT};
        x += step;
        spread += 4;
    }
}

void graph_make_paths(struct graph *g)
{
    for (int i = 0; i < g->segment_count; i++) {
        struct local_edge *local = g->segments[i].local;
        if (!local->points) {
            int rest = 1;
            while (i + rest < g->segment_count && g->segments[i + rest].local == local)
                rest++;
            local->points = LAYOUT_NEW(&g->e->memory, 4 * rest, struct layout_point);
        }
        add_segment(g, &g->segments[i]);
    }
    for (int i = 0; i < g->vertex_count; i++)
        if (g->vertices[i].kind == VERTEX_BOX)
            make_loops(g, &g->vertices[i]);
}

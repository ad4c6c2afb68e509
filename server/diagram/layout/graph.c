/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/graph.h"

static int loop_step(const struct engine *e, const struct local_edge *local)
{
    int pill = e->pill_px[local->edge];
    return pill ? pill + 12 : LOOP_WIDTH;
}

/* The room that @item's self loops take at one side, pills included. */
static int loop_width(const struct engine *e, int item)
{
    int width = 0;
    for (const struct local_edge *local = e->loops[item]; local; local = local->next_loop)
        width += loop_step(e, local);
    return width;
}

static bool belongs(const struct graph *g, const struct local_edge *local)
{
    return local->from != local->to && g->e->block[local->from >= 0 ? local->from : local->to] == g->block;
}

static int upper_of(const struct local_edge *local)
{
    return local->flipped ? local->to : local->from;
}

static int lower_of(const struct local_edge *local)
{
    return local->flipped ? local->from : local->to;
}

/* What the first pass finds: how much to allocate, and which border rows there are. */
struct census {
    int edges, vertices, segments;
    bool north, south;
    int last_layer;
};

static struct census take_census(const struct graph *g)
{
    struct census n = {.vertices = g->block->item_count};
    for (int i = 0; i < g->block->item_count; i++)
        n.last_layer = max_int(n.last_layer, g->e->layer[g->block->items[i]]);
    for (const struct local_edge *local = g->container->edges; local; local = local->next_of_container) {
        if (!belongs(g, local))
            continue;
        int top = upper_of(local) < 0 ? -1 : g->e->layer[upper_of(local)];
        int bottom = lower_of(local) < 0 ? n.last_layer + 1 : g->e->layer[lower_of(local)];
        n.north |= upper_of(local) < 0;
        n.south |= lower_of(local) < 0;
        n.edges++;
        n.segments += bottom - top;
        n.vertices += bottom - top + 1;
    }
    return n;
}

static int add_vertex(struct graph *g, enum vertex_kind kind, int item, int row)
{
    struct vertex *v = &g->vertices[g->vertex_count];
    *v = (struct vertex){.kind = kind, .item = item, .row = row};
    g->row_count_of[row]++;
    return g->vertex_count++;
}

static void add_chain(struct graph *g, struct local_edge *local, const int *vertex_of, int north_rows)
{
    int upper = upper_of(local), lower = lower_of(local);
    int first = upper < 0 ? 0 : g->e->layer[upper] + north_rows;
    int last = lower < 0 ? g->row_count - 1 : g->e->layer[lower] + north_rows;
    int at = upper < 0 ? add_vertex(g, VERTEX_PORT, -1, 0) : vertex_of[g->e->slot[upper]];
    for (int row = first + 1; row <= last; row++) {
        int next;
        if (row < last)
            next = add_vertex(g, VERTEX_LANE, -1, row);
        else
            next = lower < 0 ? add_vertex(g, VERTEX_PORT, -1, row) : vertex_of[g->e->slot[lower]];
        bool has_label = local->labelled && row - first - 1 == (last - first - 1) / 2;
        g->segments[g->segment_count++] =
            (struct segment){.upper = at, .lower = next, .local = local, .has_label = has_label};
        at = next;
    }
}

static void index_segments(struct graph *g)
{
    for (int i = 0; i < g->segment_count; i++) {
        g->vertices[g->segments[i].upper].down_count++;
        g->vertices[g->segments[i].lower].up_count++;
    }
    int up = 0, down = 0;
    for (int i = 0; i < g->vertex_count; i++) {
        struct vertex *v = &g->vertices[i];
        v->first_up = up;
        v->first_down = down;
        up += v->up_count;
        down += v->down_count;
        v->up_count = v->down_count = 0;
    }
    for (int i = 0; i < g->segment_count; i++) {
        struct vertex *upper = &g->vertices[g->segments[i].upper], *lower = &g->vertices[g->segments[i].lower];
        g->down[upper->first_down + upper->down_count++] = i;
        g->up[lower->first_up + lower->up_count++] = i;
    }
}

static void put_in_row(struct graph *g, int vertex)
{
    struct vertex *v = &g->vertices[vertex];
    v->order = g->row_count_of[v->row];
    g->rows[v->row][g->row_count_of[v->row]++] = vertex;
}

/* Fills the rows in the order of a depth-first walk downwards from vertices without predecessors. */
static void fill_rows(struct graph *g)
{
    bool *seen = LAYOUT_NEW(&g->e->memory, g->vertex_count, bool);
    int *stack = LAYOUT_NEW(&g->e->memory, g->segment_count + g->vertex_count + 1, int);
    for (int row = 0; row < g->row_count; row++)
        g->row_count_of[row] = 0;
    for (int start = 0; start < g->vertex_count; start++) {
        int depth = 0;
        if (g->vertices[start].up_count == 0)
            stack[depth++] = start;
        while (depth > 0) {
            int vertex = stack[--depth];
            if (seen[vertex])
                continue;
            seen[vertex] = true;
            put_in_row(g, vertex);
            const struct vertex *v = &g->vertices[vertex];
            for (int i = v->down_count - 1; i >= 0; i--)
                stack[depth++] = g->segments[g->down[v->first_down + i]].lower;
        }
    }
}

static void add_boxes(struct graph *g, int *vertex_of, int north_rows)
{
    g->is_banded = true;
    for (int i = 0; i < g->block->item_count; i++) {
        int item = g->block->items[i];
        vertex_of[g->e->slot[item]] = add_vertex(g, VERTEX_BOX, item, g->e->layer[item] + north_rows);
        g->is_banded &= g->e->scene->items[item].is_group;
    }
}

static void allocate(struct graph *g, const struct census *n)
{
    struct layout_memory *memory = &g->e->memory;
    g->row_count = n->last_layer + 1 + n->north + n->south;
    g->vertices = LAYOUT_NEW(memory, n->vertices, struct vertex);
    g->segments = LAYOUT_NEW(memory, n->segments, struct segment);
    g->up = LAYOUT_NEW(memory, n->segments, int);
    g->down = LAYOUT_NEW(memory, n->segments, int);
    g->rows = LAYOUT_NEW(memory, g->row_count, int *);
    g->row_count_of = LAYOUT_NEW(memory, g->row_count, int);
    g->row_y = LAYOUT_NEW(memory, g->row_count, int);
    g->row_height = LAYOUT_NEW(memory, g->row_count, int);
}

/* A box with many edges is widened until their ports have room; beyond MAX_PORTS they share places. */
static void widen_boxes(struct graph *g)
{
    enum { MAX_PORTS = 64, LEAST_PORT_GAP = 10 };
    int common = 0;
    for (int i = 0; i < g->vertex_count; i++) {
        struct vertex *v = &g->vertices[i];
        if (v->kind != VERTEX_BOX)
            continue;
        int ports = min_int(MAX_PORTS, max_int(v->up_count, v->down_count));
        struct layout_rect *rect = &g->e->rect[v->item];
        rect->width = max_int(rect->width, 2 * PORT_INSET + ports * LEAST_PORT_GAP);
        common = max_int(common, rect->width);
    }
    for (int i = 0; i < g->vertex_count; i++) {
        struct vertex *v = &g->vertices[i];
        if (v->kind != VERTEX_BOX)
            continue;
        struct layout_rect *rect = &g->e->rect[v->item];
        if (g->is_banded && rect->width * 2 > common)
            rect->width = common; /* columns of one width, unless that is out of proportion */
        rect->width += rect->width & 1; /* so that the middle is a whole number */
        v->width = rect->width + 2 * loop_width(g->e, v->item);
    }
}

void graph_build(struct graph *g)
{
    struct census n = take_census(g);
    int *vertex_of = LAYOUT_NEW(&g->e->memory, g->container->child_count, int);
    allocate(g, &n);
    add_boxes(g, vertex_of, n.north);
    for (struct local_edge *local = g->container->edges; local; local = local->next_of_container)
        if (belongs(g, local))
            add_chain(g, local, vertex_of, n.north);
    for (int row = 0; row < g->row_count; row++)
        g->rows[row] = LAYOUT_NEW(&g->e->memory, g->row_count_of[row], int);
    index_segments(g);
    widen_boxes(g);
    fill_rows(g);
}

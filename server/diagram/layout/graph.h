/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LAYOUT_GRAPH_H
#define MLT_DIAGRAM_LAYOUT_GRAPH_H

#include "diagram/layout/engine.h"

/* The layered graph of one block. Every segment joins neighbouring rows: where a local edge passes rows, it has a
 * vertex of kind LANE in each. Ports on the container's border are vertices of a first and a last row of no height. */

enum vertex_kind { VERTEX_BOX, VERTEX_LANE, VERTEX_PORT };

struct vertex {
    enum vertex_kind kind;
    int item; /* of a box, else -1 */
    int row, order;
    int width; /* with the room for self loops at both sides */
    int x;     /* centre */
    int first_up, up_count, first_down, down_count; /* ranges of graph->up and graph->down */
};

struct segment {
    int upper, lower; /* vertices */
    struct local_edge *local;
    bool has_label;
    int upper_x, lower_x; /* of its ends; set by ports.c */
    int track_y;          /* of its horizontal part; set by channel.c */
};

struct graph {
    struct engine *e;
    struct container *container;
    struct block *block;
    struct vertex *vertices;
    int vertex_count;
    struct segment *segments; /* those of a local edge follow each other from above to below */
    int segment_count;
    int **rows;               /* vertices from left to right */
    int *row_count_of;
    int row_count;
    int *up, *down;           /* segments above and below each vertex */
    int *row_y, *row_height;
    bool is_banded;           /* all boxes are groups */
};

/** Rows, vertices and segments; rows in the order of a walk that follows the declaration. */
void graph_build(struct graph *g);

void graph_order(struct graph *g);
void graph_place_x(struct graph *g);
void graph_grow_bands(struct graph *g);
void graph_place_ports(struct graph *g);
/** Assign tracks and pills between row @row and the next, whose tops are thereby settled. */
void graph_route_channel(struct graph *g, int row);
void graph_make_paths(struct graph *g);

/** The least distance between the sides of two neighbours of a row. */
static inline int graph_gap(const struct graph *g, const struct vertex *a, const struct vertex *b)
{
    if (a->kind == VERTEX_BOX && b->kind == VERTEX_BOX)
        return g->is_banded ? GROUP_GAP : CARD_ROUTED_GAP;
    return LANE_GAP;
}

static inline int graph_box_left(const struct graph *g, const struct vertex *v)
{
    return v->x - g->e->rect[v->item].width / 2;
}

#endif

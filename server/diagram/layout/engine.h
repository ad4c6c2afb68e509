/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LAYOUT_ENGINE_H
#define MLT_DIAGRAM_LAYOUT_ENGINE_H

#include "diagram/layout/layout.h"
#include "diagram/layout/memory.h"

/* The layout engine.
 *
 *   lift.c         an edge between items of different groups is cut into local edges, one a container on its way; at
 *   the layering.c     border of a group it has a port. From the outermost container inwards, because the layers of the
 *   outer
 *                  one decide whether an edge leaves a group at its top or at its bottom. cycles.c chooses the edges
 *                  that are drawn upwards.
 *   container.c    from the innermost container outwards: children that no edge touches go into a grid (grid.c), the
 *                  connected ones into a layered block each (block.c), and the blocks are packed (pack.c).
 *   block.c        one layered block: graph.c vertices, lanes for edges that pass layers, ports
 *                  ordering.c     few crossings: barycentre sweeps, and exchanging neighbours (crossings.c)
 *                  coordinates.c  x: Brandes and Köpf
 *                  band.c         groups grow to the block's width, which gives the look of bands
 *                  ports.c        where edges leave and enter boxes; straight where possible
 *                  channel.c      between two rows: tracks for the horizontals, places for the labels
 *                  route.c        the points of each local edge
 *   sequence.c     instead of all that, for a scene that is a sequence
 *   plot.c         lines in cards, when the cards are in their places
 *   layout.c       absolute positions, paths put together, the page around it
 *
 * For one who looks at a picture already (e->before), cycles.c, layering.c and ordering.c each find what they would do
 * anew and what keeps the most of that picture, and take the second unless it is clearly worse.
 *
 * Sugiyama, Tagawa, Toda 1981 (the method); Brandes, Köpf 2001 (coordinates); Sander 1996 (orthogonal channels);
 * Forster 2002 (nested graphs); Eades, Lin, Smyth 1993 (cycles). */

enum {
    PAGE_MARGIN = 40,
    SEQUENCE_TOP = 92,       /* of the nodes of a sequence: below title and subtitle */
    GROUP_PADDING = 16,
    GROUP_TITLE_HEIGHT = 44, /* from the top of a group to its content */
    GROUP_EMPTY_HEIGHT = 36,
    GROUP_GAP = 36,          /* between groups side by side */
    CARD_HEIGHT = 46,
    CARD_PLOT_HEIGHT = 64,   /* what a plot adds to a card's height */
    CARD_PLOT_WIDTH = 216,   /* of a card with one, at least */
    CARD_PLOT_BOTTOM = 12,
    CARD_MIN_WIDTH = 84,     /* two ports a side */
    CARD_TEXT_X = 28,        /* of the text, right of the dot */
    CARD_TEXT_X_BARE = 14,   /* without a dot; also the room right of the text */
    CARD_ICON = 24,          /* what an icon adds to a card's width */
    CARD_GAP = 12,           /* between cards of a grid */
    CARD_ROUTED_GAP = 32,    /* between cards with edges */
    LANE_GAP = 16,           /* between a lane and whatever is beside it */
    PORT_GAP = 28,           /* between edges at one side of a box, where there is room */
    PORT_INSET = 11,         /* of the outermost port from a box's corner: its radius and a little */
    LOOP_WIDTH = 22,         /* of a self loop beside its box */
    PILL_HEIGHT = 18,
    PILL_PADDING = 9,
    BLOCK_GAP = 36,
    CHANNEL_TOP = 19,        /* above the first track */
    CHANNEL_BOTTOM = 27,     /* below the last one: room for the bend and the arrow */
    TRACK_GAP = 10,
};

/** Ends of a local edge that are not children: the border of the container. */
enum { PORT_NORTH = -2, PORT_SOUTH = -3 };

struct local_edge {
    int edge;            /* of the scene */
    int container;
    int rank;            /* place in the edge's path: ascending from its start to its end */
    int from, to;        /* items that are children of the container, or a PORT_ */
    bool flipped;        /* drawn from below to above: `to` lies above `from` */
    bool labelled;
    struct layout_point *points; /* from above to below, relative to the block */
    int point_count;
    struct layout_rect pill;
    struct local_edge *next_of_edge, *next_of_container, *next_loop;
};

/* What is packed as one: a grid of children without edges, or one layered component. */
struct block {
    bool is_grid;
    bool has_ports;  /* reaches the container's top and bottom border */
    int *items;
    int item_count;
    struct layout_rect rect; /* relative to the container; set by packing */
    struct block *next;
};

struct container {
    int item;        /* -1: the page */
    int *children;
    int child_count;
    struct local_edge *edges, **edges_end;
    int edge_count;
    struct block *blocks, **blocks_end;
    int title_min_px;          /* width that title and kind need */
    int title_right_px;        /* where the title ends, from the left border */
    int width, height;
    int min_width;             /* before it grew */
};

struct engine {
    struct layout_memory memory;
    const struct scene *scene;
    const struct layout_place *before; /* of items, NULL without a picture before */
    struct text_meter *meter;
    struct layout *out;
    struct container *containers; /* [item + 1] */
    int *depth;                   /* of items, 0 at the top */
    int *layer;                   /* of items within their container, -1 without edges */
    int *slot;                    /* of items: index among their container's children */
    struct layout_rect *rect;     /* of items, relative to their block */
    struct block **block;         /* of items */
    struct local_edge **paths;    /* of scene edges: their local edges */
    struct local_edge **loops, **last_loop; /* of items: their self loops, in order of declaration */
    int *pill_px;                 /* of scene edges: width of the label's pill, 0 without */
};

static inline struct container *container_of(struct engine *e, int item)
{
    return &e->containers[item + 1];
}

/** Was @item in the picture before? */
static inline bool was_there(const struct engine *e, int item)
{
    return e->before && e->before[item].y >= 0;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int clamp_int(int value, int low, int high)
{
    return max_int(low, min_int(value, high));
}

/** Cut every edge into local edges and give every child with edges a layer. */
void lift_edges(struct engine *e);
/** Layers of one container's children from its local edges; sets `flipped`. */
void layering_assign(struct engine *e, struct container *c);

/** Size of a container and places within; its child groups are done. */
void container_lay_out(struct engine *e, struct container *c);
/** The corner of a block, relative to its container's. */
struct layout_point container_block_corner(const struct container *c, const struct block *b);
/** x of the port of scene edge @edge on the border of group @item, relative to the group; -1 when the edge ends at
 *  it. */
int container_port_x(struct engine *e, int item, int edge);

/** The size that @item needs by its text and its content. */
struct layout_point item_min_size(const struct engine *e, int item);
/** Give @item this size: in a wider group grids spread and everything else is centred. */
void item_resize(struct engine *e, int item, int width, int height);

/** A grid's cells for a block of at least @width; sets rects relative to the block and the block's size. */
void grid_lay_out(struct engine *e, struct block *b, int width);
/** A layered component: rects of its items and points of its edges relative to the block, and the block's size. */
void block_lay_out(struct engine *e, struct container *c, struct block *b);
/** Everything of a sequence; boxes and edges are absolute at once. */
void sequence_lay_out(struct engine *e);

/** The lines of all plots; boxes are absolute. */
void plots_lay_out(struct engine *e);

/** Places for the blocks, relative to the content's corner; returns the content's size. */
struct layout_point blocks_pack(struct engine *e, struct container *c, int min_width);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>

#include "diagram/layout/graph.h"

/* Where edges leave and enter boxes.
 *
 * The ports of one side of a box are in the order of what they lead to, a gap apart. First those are fixed that make
 * their segment a straight vertical, as far as the others keep their room; then the rest is spread around the
 * middle. */

enum { FREE = INT_MIN };

struct side {
    bool above; /* the side's segments lead upwards */
    int *segments;
    int count;
    int low, high, middle; /* range of x */
    int *offset;           /* of each port from the first, when all are as close as they may be */
};

static int *end_x(struct graph *g, int segment, bool upper_end)
{
    struct segment *s = &g->segments[segment];
    return upper_end ? &s->upper_x : &s->lower_x;
}

/* The x of the i-th port of a side: an upper side is where segments have their lower end. */
static int *port_x(struct graph *g, const struct side *side, int i)
{
    return end_x(g, side->segments[i], !side->above);
}

static int pill_of(const struct graph *g, int segment)
{
    const struct segment *s = &g->segments[segment];
    return s->has_label ? g->e->pill_px[s->local->edge] : 0;
}

/* ---- fixed ends ---- */

static int fixed_x(struct graph *g, const struct segment *s, int vertex)
{
    const struct vertex *v = &g->vertices[vertex];
    if (v->kind != VERTEX_BOX)
        return v->x;
    int x = container_port_x(g->e, v->item, s->local->edge);
    return x < 0 ? FREE : graph_box_left(g, v) + x;
}

struct keyed {
    int segment, key, order;
};

static int compare_keyed(const void *left, const void *right)
{
    const struct keyed *a = left, *b = right;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : a->order - b->order;
}

/* Ports that a group's inside has fixed need not be in the order of the neighbours: sort by where the ports are. */
static void sort_by_place(struct graph *g, struct side *side)
{
    bool any_fixed = false;
    for (int i = 0; i < side->count; i++)
        any_fixed |= *port_x(g, side, i) != FREE;
    if (!any_fixed)
        return;
    struct keyed *keyed = LAYOUT_NEW(&g->e->memory, side->count, struct keyed);
    for (int i = 0; i < side->count; i++) {
        const struct segment *s = &g->segments[side->segments[i]];
        int neighbour = g->vertices[side->above ? s->upper : s->lower].x;
        int x = *port_x(g, side, i);
        keyed[i] = (struct keyed){side->segments[i], x != FREE ? x : clamp_int(neighbour, side->low, side->high), i};
    }
    qsort(keyed, (size_t)side->count, sizeof *keyed, compare_keyed);
    for (int i = 0; i < side->count; i++)
        side->segments[i] = keyed[i].segment;
}

static void make_side(struct graph *g, struct vertex *v, bool above, struct side *side)
{
    int left = graph_box_left(g, v), width = g->e->rect[v->item].width;
    *side = (struct side){.above = above, .low = left + PORT_INSET, .high = left + width - PORT_INSET};
    side->segments = above ? g->up + v->first_up : g->down + v->first_down;
    side->count = above ? v->up_count : v->down_count;
    side->middle = left + width / 2;
    side->offset = LAYOUT_NEW(&g->e->memory, side->count, int);
    sort_by_place(g, side);
    for (int i = 1; i < side->count; i++) {
        int pills = (pill_of(g, side->segments[i - 1]) + pill_of(g, side->segments[i])) / 2;
        side->offset[i] = side->offset[i - 1] + max_int(PORT_GAP, pills + TRACK_GAP);
    }
    int all = side->count ? side->offset[side->count - 1] : 0, room = side->high - side->low;
    for (int i = 1; i < side->count && all > room; i++)
        side->offset[i] = (int)((int64_t)side->offset[i] * room / all);
}

/* ---- straight segments ---- */

struct range {
    int low, high;
};

/* Where the i-th port may be, so that the others, fixed or not, keep their gaps. */
static struct range range_of(struct graph *g, const struct side *side, int i)
{
    int x = *port_x(g, side, i), last = side->count - 1;
    if (x != FREE)
        return (struct range){x, x};
    struct range range = {side->low + side->offset[i], side->high - (side->offset[last] - side->offset[i])};
    int left = i - 1, right = i + 1;
    while (left >= 0 && *port_x(g, side, left) == FREE)
        left--;
    while (right <= last && *port_x(g, side, right) == FREE)
        right++;
    if (left >= 0)
        range.low = max_int(range.low, *port_x(g, side, left) + side->offset[i] - side->offset[left]);
    if (right <= last)
        range.high = min_int(range.high, *port_x(g, side, right) - (side->offset[right] - side->offset[i]));
    return range;
}

struct port_plan {
    struct graph *g;
    struct side *up, *down; /* of vertices; count 0 where there is none */
    int *index_up, *index_down; /* of segments: index within the side of its lower and upper end */
};

static int preferred_x(const struct side *side, int i)
{
    return side->middle + side->offset[i] - side->offset[side->count - 1] / 2;
}

static void straighten(struct port_plan *p, int segment)
{
    struct graph *g = p->g;
    struct segment *s = &g->segments[segment];
    const struct side *upper = &p->down[s->upper], *lower = &p->up[s->lower];
    struct range a = {s->upper_x, s->upper_x}, b = {s->lower_x, s->lower_x};
    int preferred = s->upper_x != FREE ? s->upper_x : s->lower_x;
    if (s->upper_x == FREE)
        a = range_of(g, upper, p->index_down[segment]);
    if (s->lower_x == FREE)
        b = range_of(g, lower, p->index_up[segment]);
    if (s->upper_x == FREE && s->lower_x == FREE) {
        /* The middle of the side with fewer ports; with as many, of the narrower one: there is less to choose from. */
        bool upper_decides = upper->count != lower->count ? upper->count < lower->count
                                                          : upper->high - upper->low <= lower->high - lower->low;
        preferred =
            upper_decides ? preferred_x(upper, p->index_down[segment]) : preferred_x(lower, p->index_up[segment]);
    }
    int low = max_int(a.low, b.low), high = min_int(a.high, b.high);
    if (low > high)
        return;
    s->upper_x = s->lower_x = clamp_int(preferred, low, high);
}

/* 0: one end is fixed already; 1: the only port of a side; 2: the rest. */
static int straighten_turn(const struct port_plan *p, const struct segment *s)
{
    if ((s->upper_x == FREE) != (s->lower_x == FREE))
        return 0;
    return min_int(p->down[s->upper].count, p->up[s->lower].count) == 1 ? 1 : 2;
}

/* ---- the rest ---- */

static void spread(struct graph *g, const struct side *side)
{
    for (int i = 0; i < side->count; i++) {
        int *x = port_x(g, side, i);
        if (*x != FREE)
            continue;
        int previous = i > 0 ? *port_x(g, side, i - 1) + side->offset[i] - side->offset[i - 1] : side->low;
        struct range range = range_of(g, side, i);
        int wanted = max_int(preferred_x(side, i), previous);
        *x = clamp_int(wanted, side->low, max_int(side->low, min_int(range.high, side->high)));
    }
}

static void index_side(const struct side *side, int *index)
{
    for (int i = 0; i < side->count; i++)
        index[side->segments[i]] = i;
}

void graph_place_ports(struct graph *g)
{
    struct layout_memory *memory = &g->e->memory;
    struct port_plan p = {.g = g};
    p.up = LAYOUT_NEW(memory, g->vertex_count, struct side);
    p.down = LAYOUT_NEW(memory, g->vertex_count, struct side);
    p.index_up = LAYOUT_NEW(memory, g->segment_count, int);
    p.index_down = LAYOUT_NEW(memory, g->segment_count, int);
    for (int i = 0; i < g->segment_count; i++) {
        struct segment *s = &g->segments[i];
        s->upper_x = fixed_x(g, s, s->upper);
        s->lower_x = fixed_x(g, s, s->lower);
    }
    for (int i = 0; i < g->vertex_count; i++) {
        if (g->vertices[i].kind != VERTEX_BOX)
            continue;
        make_side(g, &g->vertices[i], true, &p.up[i]);
        make_side(g, &g->vertices[i], false, &p.down[i]);
        index_side(&p.up[i], p.index_up);
        index_side(&p.down[i], p.index_down);
    }
    for (int turn = 0; turn < 3; turn++)
        for (int i = 0; i < g->segment_count; i++)
            if ((g->segments[i].upper_x == FREE || g->segments[i].lower_x == FREE) &&
                straighten_turn(&p, &g->segments[i]) == turn)
                straighten(&p, i);
    for (int i = 0; i < g->vertex_count; i++) {
        spread(g, &p.up[i]);
        spread(g, &p.down[i]);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/engine.h"

static int parent_of(const struct engine *e, int item)
{
    return e->scene->items[item].parent;
}

static int depth_of(const struct engine *e, int item)
{
    return item < 0 ? -1 : e->depth[item];
}

/* The innermost group (or -1) that holds both; an item holds itself when it is a group that the other lies in. */
static int common_container(const struct engine *e, int a, int b)
{
    while (a != b) {
        if (depth_of(e, a) >= depth_of(e, b))
            a = parent_of(e, a);
        else
            b = parent_of(e, b);
    }
    return a;
}

/* The child of @container that is @item or holds it. */
static int child_towards(const struct engine *e, int container, int item)
{
    while (parent_of(e, item) != container)
        item = parent_of(e, item);
    return item;
}

static struct local_edge *add_local(struct engine *e, int edge, int container, int rank, int from, int to)
{
    struct local_edge *local = LAYOUT_NEW(&e->memory, 1, struct local_edge);
    struct container *c = container_of(e, container);
    *local = (struct local_edge){.edge = edge, .container = container, .rank = rank, .from = from, .to = to};
    *c->edges_end = local;
    c->edges_end = &local->next_of_container;
    c->edge_count++;
    struct local_edge **at = &e->paths[edge];
    while (*at && (*at)->rank < rank)
        at = &(*at)->next_of_edge;
    local->next_of_edge = *at;
    *at = local;
    return local;
}

static void add_loop(struct engine *e, int item, struct local_edge *local)
{
    if (e->last_loop[item])
        e->last_loop[item]->next_loop = local;
    else
        e->loops[item] = local;
    e->last_loop[item] = local;
}

/* The outermost local edge: in the container where the ways to both ends part. */
static void add_top(struct engine *e, int edge)
{
    int from = e->scene->edges[edge].from, to = e->scene->edges[edge].to;
    int common = from == to ? parent_of(e, from) : common_container(e, from, to);
    /* An edge between a group and something in it stays inside: it starts or ends at the group's border. */
    int start = from == common ? PORT_NORTH : child_towards(e, common, from);
    int end = to == common ? PORT_SOUTH : child_towards(e, common, to);
    struct local_edge *local = add_local(e, edge, common, 0, start, end);
    local->labelled = e->pill_px[edge] > 0;
    if (start == end)
        add_loop(e, start, local);
}

/* Where a local edge meets a group that is not its end, it goes on inside, from a port at the side it comes from. */
static void continue_inside(struct engine *e, const struct local_edge *local)
{
    const struct scene_edge *edge = &e->scene->edges[local->edge];
    if (local->from == local->to)
        return;
    if (local->from >= 0 && local->rank <= 0 && local->from != edge->from) {
        int port = local->flipped ? PORT_NORTH : PORT_SOUTH;
        add_local(e, local->edge, local->from, local->rank - 1, child_towards(e, local->from, edge->from), port);
    }
    if (local->to >= 0 && local->rank >= 0 && local->to != edge->to) {
        int port = local->flipped ? PORT_SOUTH : PORT_NORTH;
        add_local(e, local->edge, local->to, local->rank + 1, port, child_towards(e, local->to, edge->to));
    }
}

void lift_edges(struct engine *e)
{
    for (int i = 0; i < e->scene->edge_count; i++)
        add_top(e, i);
    /* Parents come before their children, so each container has all its local edges when its turn comes. */
    for (int item = -1; item < e->scene->item_count; item++) {
        struct container *c = container_of(e, item);
        if (c->edge_count == 0)
            continue;
        layering_assign(e, c);
        for (const struct local_edge *local = c->edges; local; local = local->next_of_container)
            continue_inside(e, local);
    }
}

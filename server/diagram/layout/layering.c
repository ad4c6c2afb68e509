/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "diagram/layout/cycles.h"

/* Layers of one container's children.
 *
 * Edges that close a cycle are drawn upwards (`flipped`, cycles.c). What remains has no cycle: each child goes one
 * layer below its lowest predecessor, or further down when that layer is full (after Coffman and Graham: a star of a
 * hundred leaves is no line of a hundred boxes). Then children with more successors than predecessors are pulled down
 * to their successors, which shortens edges. What was in the picture before goes no higher than it was and is not
 * pulled, unless that makes the edges longer by more than a quarter. */

struct layering {
    struct arc *arcs;
    int arc_count;
    int count;          /* of children */
    int used_count;     /* of those with edges */
    int *first;         /* CSR: arcs that leave a slot (after sorting: in order of declaration) */
    int *leaving;
    int *in_count, *out_count;
    int *topological;   /* slots in an order in which arcs go forwards */
    int *layer;
    int *filled;        /* boxes in a layer */
    int capacity;
    const int *wish;    /* of slots: layers of the picture before, -1 for what is new; NULL: all is new */
};

static void index_arcs(struct layering *l)
{
    for (int i = 0; i <= l->count; i++)
        l->first[i] = 0;
    for (int i = 0; i < l->arc_count; i++)
        l->first[arc_start(&l->arcs[i]) + 1]++;
    for (int i = 0; i < l->count; i++)
        l->first[i + 1] += l->first[i];
    for (int i = l->arc_count - 1; i >= 0; i--) { /* backwards, filling each range from its end, keeps their order */
        int slot = arc_start(&l->arcs[i]);
        l->leaving[l->first[slot] + --l->out_count[slot]] = i;
    }
    for (int i = 0; i < l->count; i++)
        l->out_count[i] = l->first[i + 1] - l->first[i];
}

static void count_arcs(struct layering *l)
{
    for (int i = 0; i < l->count; i++)
        l->in_count[i] = l->out_count[i] = 0;
    for (int i = 0; i < l->arc_count; i++) {
        l->out_count[arc_start(&l->arcs[i])]++;
        l->in_count[arc_end(&l->arcs[i])]++;
    }
}

static bool is_wished(const struct layering *l, int slot)
{
    return l->wish && l->wish[slot] >= 0;
}

static void place(struct layering *l, int slot, int layer)
{
    if (is_wished(l, slot))
        layer = max_int(layer, l->wish[slot]);
    while (l->filled[layer] >= l->capacity && !(is_wished(l, slot) && layer == l->wish[slot]))
        layer++;
    l->layer[slot] = layer;
    l->filled[layer]++;
}

/* Kahn's order, which by the way settles the layers. Returns how many slots have edges. */
static int assign_down(struct engine *e, struct layering *l, const bool *used)
{
    int *waiting = LAYOUT_NEW(&e->memory, l->count, int);
    int *lowest = LAYOUT_NEW(&e->memory, l->count, int);
    int head = 0, tail = 0;
    for (int i = 0; i < l->count; i++) {
        waiting[i] = l->in_count[i];
        if (waiting[i] == 0 && used[i])
            l->topological[tail++] = i;
    }
    while (head < tail) {
        int slot = l->topological[head++];
        place(l, slot, lowest[slot]);
        for (int i = l->first[slot]; i < l->first[slot + 1]; i++) {
            int next = arc_end(&l->arcs[l->leaving[i]]);
            lowest[next] = max_int(lowest[next], l->layer[slot] + 1);
            if (--waiting[next] == 0)
                l->topological[tail++] = next;
        }
    }
    return tail;
}

static void pull_down(struct layering *l)
{
    for (int i = l->used_count - 1; i >= 0; i--) {
        int slot = l->topological[i];
        if (l->out_count[slot] <= l->in_count[slot] || is_wished(l, slot))
            continue;
        int target = INT_MAX;
        for (int k = l->first[slot]; k < l->first[slot + 1]; k++)
            target = min_int(target, l->layer[arc_end(&l->arcs[l->leaving[k]])] - 1);
        while (target > l->layer[slot] && l->filled[target] >= l->capacity)
            target--;
        if (target <= l->layer[slot])
            continue;
        l->filled[l->layer[slot]]--;
        l->filled[target]++;
        l->layer[slot] = target;
    }
}

/* How many layers all edges pass together. */
static int64_t assign(struct engine *e, struct layering *l, const bool *used, const int *wish)
{
    int64_t length = 0;
    l->wish = wish;
    l->layer = LAYOUT_NEW(&e->memory, l->count, int);
    l->filled = LAYOUT_NEW(&e->memory, 3 * l->count + 2, int);
    l->used_count = assign_down(e, l, used);
    pull_down(l);
    for (int i = 0; i < l->arc_count; i++)
        length += l->layer[arc_end(&l->arcs[i])] - l->layer[arc_start(&l->arcs[i])];
    return length;
}

/* Anew, and as in the picture before when that is not much longer. */
static void assign_layers(struct engine *e, struct layering *l, const bool *used, const int *rows_before)
{
    int64_t length = assign(e, l, used, NULL);
    struct layering anew = *l;
    if (rows_before && assign(e, l, used, rows_before) > length + length / 4)
        *l = anew;
}

/* Pulling down may empty layers: number the others anew. */
static void store_layers(struct engine *e, const struct container *c, struct layering *l)
{
    int next = 0;
    for (int layer = 0; layer <= 3 * c->child_count; layer++) {
        int boxes = l->filled[layer];
        l->filled[layer] = next;
        next += boxes > 0;
    }
    for (int i = 0; i < l->used_count; i++)
        e->layer[c->children[l->topological[i]]] = l->filled[l->layer[l->topological[i]]];
}

static void collect_arcs(struct engine *e, struct container *c, struct layering *l, bool *used)
{
    for (struct local_edge *local = c->edges; local; local = local->next_of_container) {
        if (local->from == local->to) {
            used[e->slot[local->from]] = true; /* a self loop makes its box part of a graph */
            continue;
        }
        if (local->from >= 0)
            used[e->slot[local->from]] = true;
        if (local->to >= 0)
            used[e->slot[local->to]] = true;
        if (local->from >= 0 && local->to >= 0)
            l->arcs[l->arc_count++] =
                (struct arc){.from = e->slot[local->from], .to = e->slot[local->to], .local = local};
    }
}

/* Groups are wide, cards narrow; both in a shape that fits a page. */
static int layer_capacity(const struct engine *e, const struct container *c)
{
    int count = c->child_count, root = 1, groups = 0;
    while (root * root < count)
        root++;
    for (int i = 0; i < count; i++)
        groups += e->scene->items[c->children[i]].is_group;
    return groups * 2 > count ? max_int(4, root) : max_int(8, root * 3 / 2);
}

void layering_assign(struct engine *e, struct container *c)
{
    int count = c->child_count;
    struct layering l = {.count = count, .capacity = layer_capacity(e, c)};
    bool *used = LAYOUT_NEW(&e->memory, count, bool);
    l.arcs = LAYOUT_NEW(&e->memory, c->edge_count, struct arc);
    l.first = LAYOUT_NEW(&e->memory, count + 1, int);
    l.leaving = LAYOUT_NEW(&e->memory, c->edge_count, int);
    l.in_count = LAYOUT_NEW(&e->memory, count, int);
    l.out_count = LAYOUT_NEW(&e->memory, count, int);
    l.topological = LAYOUT_NEW(&e->memory, count, int);
    collect_arcs(e, c, &l, used);
    count_arcs(&l);
    index_arcs(&l);
    struct arc_graph graph = {l.arcs, l.arc_count, count, l.first, l.leaving, l.in_count, l.out_count, NULL};
    graph.rows_before = before_rows(e, c, &graph);
    cycles_break(e, &graph);
    count_arcs(&l);
    index_arcs(&l);
    assign_layers(e, &l, used, graph.rows_before);
    store_layers(e, c, &l);
    for (int i = 0; i < l.arc_count; i++)
        l.arcs[i].local->flipped = l.arcs[i].flipped;
    /* What touches a border has its direction from the border. */
    for (struct local_edge *local = c->edges; local; local = local->next_of_container)
        if (local->from == PORT_SOUTH || local->to == PORT_NORTH)
            local->flipped = true;
}

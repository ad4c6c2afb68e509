/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "diagram/layout/cycles.h"

/* Which arcs close a cycle. Of two depth-first walks, from the sources and in order of declaration, the one that turns
 * fewer arcs around is taken: what is declared first tends to be meant as the top. Where both turn many there is no
 * such meaning to be seen, and walks make long chains: a tower of rows. There the greedy order of Eades, Lin and Smyth
 * (1993) is tried too. Where there is a picture before, arcs keep their ways unless that turns clearly more around. */

enum { MANY = 16 };

/* ---- walks ---- */

enum visit { UNSEEN, OPEN, DONE };

/* Depth-first from @root without recursion: @at remembers each slot's next arc. */
static void walk(const struct arc_graph *g, int root, char *seen, int *at, int *stack)
{
    int depth = 0;
    stack[depth++] = root;
    seen[root] = OPEN;
    while (depth > 0) {
        int slot = stack[depth - 1];
        if (at[slot] == g->first[slot + 1]) {
            seen[slot] = DONE;
            depth--;
            continue;
        }
        struct arc *arc = &g->arcs[g->leaving[at[slot]++]];
        if (seen[arc->to] == OPEN)
            arc->flipped = true;
        else if (seen[arc->to] == UNSEEN) {
            seen[arc->to] = OPEN;
            stack[depth++] = arc->to;
        }
    }
}

/* Walks from every slot, sources first or in order of declaration; returns how many arcs were flipped. */
static int walk_all(struct engine *e, const struct arc_graph *g, bool sources_first)
{
    char *seen = LAYOUT_NEW(&e->memory, g->count, char);
    int *at = LAYOUT_NEW(&e->memory, g->count + 1, int);
    int *stack = LAYOUT_NEW(&e->memory, g->count + 1, int);
    int flipped = 0;
    for (int i = 0; i < g->count; i++)
        at[i] = g->first[i];
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < g->count; i++)
            if (seen[i] == UNSEEN && (pass == 1 || !sources_first || g->in_count[i] == 0))
                walk(g, i, seen, at, stack);
    for (int i = 0; i < g->arc_count; i++)
        flipped += g->arcs[i].flipped;
    return flipped;
}

/* ---- the greedy order ---- */

/* Slots that are left, in lists by out-degree minus in-degree, lowest difference first; sinks and sources apart. */
struct greedy {
    const struct arc_graph *g;
    int *entering, *first_entering; /* CSR: arcs that enter a slot */
    int *in, *out;                  /* arcs to and from what is left */
    int *head, *next, *previous;    /* lists; -1 ends them */
    int *list_of;                   /* -1: taken */
    int list_count, highest;
    int *place;                     /* in the order that is made */
};

static int list_for(const struct greedy *d, int slot)
{
    if (d->out[slot] == 0)
        return 0; /* a sink */
    if (d->in[slot] == 0)
        return 1; /* a source */
    return 2 + d->out[slot] - d->in[slot] + (d->list_count - 3) / 2;
}

static void enlist(struct greedy *d, int slot)
{
    int list = list_for(d, slot), old = d->head[list];
    d->list_of[slot] = list;
    d->next[slot] = old;
    d->previous[slot] = -1;
    if (old >= 0)
        d->previous[old] = slot;
    d->head[list] = slot;
    d->highest = max_int(d->highest, list);
}

static void delist(struct greedy *d, int slot)
{
    if (d->previous[slot] >= 0)
        d->next[d->previous[slot]] = d->next[slot];
    else
        d->head[d->list_of[slot]] = d->next[slot];
    if (d->next[slot] >= 0)
        d->previous[d->next[slot]] = d->previous[slot];
}

static void take(struct greedy *d, int slot, int place)
{
    const struct arc_graph *g = d->g;
    delist(d, slot);
    d->list_of[slot] = -1;
    d->place[slot] = place;
    for (int i = g->first[slot]; i < g->first[slot + 1]; i++) {
        int other = g->arcs[g->leaving[i]].to;
        if (d->list_of[other] < 0)
            continue;
        delist(d, other);
        d->in[other]--;
        enlist(d, other);
    }
    for (int i = d->first_entering[slot]; i < d->first_entering[slot + 1]; i++) {
        int other = g->arcs[d->entering[i]].from;
        if (d->list_of[other] < 0)
            continue;
        delist(d, other);
        d->out[other]--;
        enlist(d, other);
    }
}

static void prepare(struct engine *e, struct greedy *d)
{
    const struct arc_graph *g = d->g;
    int most = 0;
    d->entering = LAYOUT_NEW(&e->memory, g->arc_count, int);
    d->first_entering = LAYOUT_NEW(&e->memory, g->count + 2, int);
    d->in = LAYOUT_NEW(&e->memory, g->count, int);
    d->out = LAYOUT_NEW(&e->memory, g->count, int);
    for (int i = 0; i < g->arc_count; i++)
        d->first_entering[g->arcs[i].to + 2]++;
    for (int i = 0; i < g->count; i++) {
        d->first_entering[i + 2] += d->first_entering[i + 1];
        d->in[i] = g->in_count[i];
        d->out[i] = g->out_count[i];
        most = max_int(most, max_int(d->in[i], d->out[i]));
    }
    for (int i = 0; i < g->arc_count; i++)
        d->entering[d->first_entering[g->arcs[i].to + 1]++] = i;
    d->list_count = 2 * most + 3;
    d->head = LAYOUT_NEW(&e->memory, d->list_count, int);
    d->next = LAYOUT_NEW(&e->memory, g->count, int);
    d->previous = LAYOUT_NEW(&e->memory, g->count, int);
    d->list_of = LAYOUT_NEW(&e->memory, g->count, int);
    d->place = LAYOUT_NEW(&e->memory, g->count, int);
    for (int i = 0; i < d->list_count; i++)
        d->head[i] = -1;
    for (int i = g->count - 1; i >= 0; i--) /* so that each list begins with what was declared first */
        enlist(d, i);
}

/* Sinks go to the end, sources to the beginning, and while there is neither the slot that gains most by going first. */
static int flip_greedily(struct engine *e, const struct arc_graph *g)
{
    struct greedy d = {.g = g};
    int first = 0, last = g->count - 1, flipped = 0;
    prepare(e, &d);
    while (first <= last) {
        while (d.head[0] >= 0)
            take(&d, d.head[0], last--);
        while (d.head[1] >= 0)
            take(&d, d.head[1], first++);
        while (d.highest > 1 && d.head[d.highest] < 0)
            d.highest--;
        if (d.highest > 1 && d.head[0] < 0)
            take(&d, d.head[d.highest], first++);
    }
    for (int i = 0; i < g->arc_count; i++) {
        g->arcs[i].flipped = d.place[g->arcs[i].from] > d.place[g->arcs[i].to];
        flipped += g->arcs[i].flipped;
    }
    return flipped;
}

/* ---- the choice ---- */

static void clear(const struct arc_graph *g)
{
    for (int i = 0; i < g->arc_count; i++)
        g->arcs[i].flipped = false;
}

static void keep(const struct arc_graph *g, bool *best)
{
    for (int i = 0; i < g->arc_count; i++)
        best[i] = g->arcs[i].flipped;
}

void cycles_break(struct engine *e, const struct arc_graph *g)
{
    bool *best = LAYOUT_NEW(&e->memory, g->arc_count, bool);
    int fewest = g->arc_count + 1;
    for (int way = 0; way < 3 && fewest > (way < 2 ? 0 : MANY); way++) {
        clear(g);
        int flips = way < 2 ? walk_all(e, g, way == 0) : flip_greedily(e, g);
        if (flips < fewest)
            keep(g, best);
        fewest = min_int(fewest, flips);
    }
    if (g->rows_before && before_flip(e, g) <= fewest + fewest / 8)
        keep(g, best);
    for (int i = 0; i < g->arc_count; i++)
        g->arcs[i].flipped = best[i];
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_CYCLES_H
#define MLT_DIAGRAM_CYCLES_H

#include "diagram/layout/engine.h"

/* The children of one container as a directed graph. */

struct arc {
    int from, to; /* slots */
    struct local_edge *local;
    bool flipped; /* drawn upwards */
};

struct arc_graph {
    struct arc *arcs;
    int arc_count;
    int count;                        /* of slots */
    const int *first, *leaving;       /* CSR: arcs that leave a slot, in order of declaration */
    const int *in_count, *out_count;
    const int *rows_before;           /* of slots: before_rows() */
};

static inline int arc_start(const struct arc *arc)
{
    return arc->flipped ? arc->to : arc->from;
}

static inline int arc_end(const struct arc *arc)
{
    return arc->flipped ? arc->from : arc->to;
}

/** Rows in the picture before, of slots; -1 for what is new. NULL when all is new. */
int *before_rows(struct engine *e, const struct container *c, const struct arc_graph *g);
/** Flip the arcs that went upwards in that picture, and of the others those that would close a cycle with them; returns
 *  how many. Only with rows_before. */
int before_flip(struct engine *e, const struct arc_graph *g);

/** Flip arcs until there is no cycle; few of them, and as seldom as can be against the order of declaration. No arc is
 *  flipped before. */
void cycles_break(struct engine *e, const struct arc_graph *graph);

#endif

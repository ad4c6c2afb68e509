/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LAYOUT_SWEEP_H
#define MLT_DIAGRAM_LAYOUT_SWEEP_H

#include <limits.h>
#include <stdint.h>

#include "diagram/layout/graph.h"

/* What ordering.c (sweeps) and crossings.c (counting and exchanging) share: the order of a graph's rows while it is
 * sought. */

enum { FREE = INT_MIN };

/* Where a vertex's segments end in the rows above and below, ascending. */
struct ends {
    int vertex, up_count, down_count;
    int *up, *down;
};

struct sweep {
    struct graph *g;
    int *order;         /* of every vertex: its place in its row */
    int *above, *below; /* as graph->up and graph->down, the vertices at the other ends */
    int *tree;          /* Fenwick tree over positions of a row */
    int *best;          /* order of every vertex in the best arrangement */
    struct rank {
        double mean; /* of the places of what it leads to */
        int vertex;
    } *ranks, *spare_ranks, *held_ranks;
    struct ends pair[2]; /* the two that are tried */
    int64_t *crossings; /* below each row; -1: not counted since a change */
    /* of vertices: x of a box in the picture before, FREE of what was not there; NULL: all are free */
    int *held;
    bool *stirred;      /* vertex: exchanging it is to be tried (again) */
    bool *row_stirred;  /* row: has stirred vertices */
};

/** @vertex has moved: exchanging it and what it leads to is to be tried again. */
void sweep_stir(struct sweep *s, int vertex);
/** @row has changed. */
void sweep_forget_crossings(struct sweep *s, int row);
/** Of all rows. */
int64_t sweep_crossings(struct sweep *s);
/** Exchange neighbours while that spares crossings. */
void sweep_transpose(struct sweep *s);

#endif

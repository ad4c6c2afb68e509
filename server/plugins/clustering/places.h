/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTERING_PLACES_H
#define CLUSTERING_PLACES_H

#include "support/call.h"

/* Rows in an order in which near ones are together: halves of halves, cut where they are widest, down to blocks. */
struct places {
    size_t count, features, block; /* rows; of a row; rows of a block */
    uint32_t *rows;                /* at a place */
    double *points;                /* place after place */
    double *least, *most;          /* a block's box, block after block */
};

/** The call's rows in blocks of @block. Memory is the call's. Returns call->status. */
int32_t places_arrange(struct call *call, size_t block, struct places *places);
/** The box around @count @points: room for as many numbers as features each. */
void places_box(const double *points, size_t count, size_t features, double *least, double *most);
/** Squared distance of a box from that of @block; 0 where they meet. */
double places_gap(const struct places *places, const double *least, const double *most, size_t block);

#endif

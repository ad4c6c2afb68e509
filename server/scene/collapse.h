/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_COLLAPSE_H
#define MLT_SCENE_COLLAPSE_H

#include "scene/scene.h"

/** More nodes than these are no picture any more. */
enum { SCENE_DRAWN_NODES = 2000 };

/** A scene of at most @node_limit nodes: @scene itself where it is small enough, else groups are folded into one node
 *  each, the deepest first and among these the largest, and what still is too much at the top becomes one node, "N
 *  more". A folded group keeps id, title, key and link; its detail line tells how many nodes it stands for, its health
 *  is its own or that of its nodes together. Edges go to what stands for their ends; several between the same two
 *  become one. The same scene gives the same result. Ownership: *@out is a reference of the caller's. Thread: any.
 *  @node_limit: at least 2.
 *  Errors: RESOURCE_EXHAUSTED. */
int scene_collapse(struct scene *scene, int node_limit, struct scene **out, struct fault *fault);

#endif

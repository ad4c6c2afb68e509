/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_MODEL_SHELF_H
#define MLT_WORKER_MODEL_SHELF_H

#include <mltrainer/plugin.h>

#include <worker.mrpc.h>

/* Restored models that stay in a worker from one prediction to the next, and with each the last task that was told in
 * full. The server says what stands where: it knows what it has put there, and so sends an artifact once, and of a task
 * that is like the last one only the values. */

enum { MODEL_SHELF_PLACES = 8 };

struct model_shelf;

/** NULL when out of memory. It lives as long as the process. */
struct model_shelf *model_shelf_new(void);
/** Release what stands at @place (1 to MODEL_SHELF_PLACES), if anything does. */
void model_shelf_clear(struct model_shelf *shelf, unsigned place);
/** Put @model at @place, which is clear; the shelf releases it. */
void model_shelf_put(struct model_shelf *shelf, unsigned place, const struct mltrainer_algorithm *algorithm,
                     void *model);
/** What stands at @place; NULL when nothing does, or a model of another algorithm. */
void *model_shelf_get(const struct model_shelf *shelf, unsigned place, const struct mltrainer_algorithm *algorithm);

/** Keep a copy of @task at its place, instead of the one that is there. -1: no memory, or there is no such place; no
 *  task is kept there then. */
int model_shelf_keep_task(struct model_shelf *shelf, const Mltrainer__Worker__Task *task);
/** The task that is kept at the place of @again, with the values of that. NULL when none is. It lives until the next
 *  call for this place. */
const Mltrainer__Worker__Task *model_shelf_repeat(struct model_shelf *shelf, const Mltrainer__Worker__Task *again);

#endif

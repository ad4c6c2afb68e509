/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_MODEL_SHELF_H
#define MLT_WORKER_MODEL_SHELF_H

#include <mltrainer/plugin.h>

/* Restored models that stay in a worker from one prediction to the next. The server says what stands where: it knows
 * what it has put there, and so sends an artifact once. */

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

#endif

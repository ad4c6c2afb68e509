/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/model_shelf.h"

#include <stdlib.h>

struct place {
    const struct mltrainer_algorithm *algorithm; /* NULL: nothing stands here */
    void *model;
};

struct model_shelf {
    struct place places[MODEL_SHELF_PLACES];
};

struct model_shelf *model_shelf_new(void)
{
    return calloc(1, sizeof(struct model_shelf));
}

void model_shelf_clear(struct model_shelf *shelf, unsigned place)
{
    struct place *at = &shelf->places[place - 1];

    if (at->algorithm)
        at->algorithm->release(at->model);
    *at = (struct place){NULL, NULL};
}

void model_shelf_put(struct model_shelf *shelf, unsigned place, const struct mltrainer_algorithm *algorithm,
                     void *model)
{
    shelf->places[place - 1] = (struct place){algorithm, model};
}

void *model_shelf_get(const struct model_shelf *shelf, unsigned place, const struct mltrainer_algorithm *algorithm)
{
    const struct place *at = &shelf->places[place - 1];

    return at->algorithm == algorithm ? at->model : NULL;
}

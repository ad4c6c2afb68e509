/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/model_shelf.h"

#include <stdlib.h>

#include <mrpc/codec.h>

#include "worker/table_span.h"

struct place {
    const struct mltrainer_algorithm *algorithm; /* NULL: nothing stands here */
    void *model;
    struct mrpc_arena *arena; /* the task's; NULL: there is none */
    Mltrainer__Worker__Task *task;
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
    at->algorithm = NULL;
    at->model = NULL;
}

void model_shelf_put(struct model_shelf *shelf, unsigned place, const struct mltrainer_algorithm *algorithm,
                     void *model)
{
    shelf->places[place - 1].algorithm = algorithm;
    shelf->places[place - 1].model = model;
}

void *model_shelf_get(const struct model_shelf *shelf, unsigned place, const struct mltrainer_algorithm *algorithm)
{
    const struct place *at = &shelf->places[place - 1];

    return at->algorithm == algorithm ? at->model : NULL;
}

static struct place *place_of(struct model_shelf *shelf, const Mltrainer__Worker__Task *task)
{
    return task->shelf >= 1 && task->shelf <= MODEL_SHELF_PLACES ? &shelf->places[task->shelf - 1] : NULL;
}

int model_shelf_keep_task(struct model_shelf *shelf, const Mltrainer__Worker__Task *task)
{
    struct place *place = place_of(shelf, task);
    Mltrainer__Worker__Task like = *task;
    ProtobufCMessage *copy;

    if (!place || !task->table)
        return -1;
    mrpc_arena_free(place->arena);
    place->arena = mrpc_arena_new(0);
    place->task = NULL;
    like.artifact = NULL;
    if (!place->arena || mrpc_message_copy(&mltrainer__worker__task__info, &like.base, place->arena, &copy) != 0)
        return -1;
    place->task = (Mltrainer__Worker__Task *)copy;
    return 0;
}

const Mltrainer__Worker__Task *model_shelf_repeat(struct model_shelf *shelf, const Mltrainer__Worker__Task *again)
{
    struct place *place = place_of(shelf, again);

    if (!place || !place->task)
        return NULL;
    place->task->task_id = again->task_id;
    place->task->seed = again->seed;
    place->task->deadline_ms = again->deadline_ms;
    worker_table_move(place->task->table, again->rows, again->values);
    return place->task;
}

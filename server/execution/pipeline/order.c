/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/pipeline/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/field_path.h"

enum mark { UNSEEN, OPEN, DONE };

/* A depth-first walk; `path` is where it stands, so that a cycle can be told whole. */
struct walk {
    const API(PipelineSpec) * spec;
    size_t *by_key; /* positions, ordered by key */
    enum mark *marks;
    size_t *path, depth;
    size_t *next; /* of each task on the path: the dependency to look at next */
    size_t *order, ordered;
    const char *field;
    struct fault *fault;
};

static int by_key(const void *a, const void *b, void *spec)
{
    API(PipelineTask) *const *tasks = ((const API(PipelineSpec) *)spec)->tasks;
    return strcmp(tasks[*(const size_t *)a]->key, tasks[*(const size_t *)b]->key);
}

static size_t find(const struct walk *walk, const char *key)
{
    size_t low = 0, high = walk->spec->n_tasks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(walk->spec->tasks[walk->by_key[middle]]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < walk->spec->n_tasks && strcmp(walk->spec->tasks[walk->by_key[low]]->key, key) == 0;
    return found ? walk->by_key[low] : walk->spec->n_tasks;
}

size_t pipeline_position(const API(PipelineSpec) * spec, const char *key)
{
    size_t at = 0;
    while (at < spec->n_tasks && strcmp(spec->tasks[at]->key, key) != 0)
        at++;
    return at;
}

char **pipeline_artifact_of(API(JobSpec) * spec)
{
    switch (spec->work_case) {
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_EVALUATE:
        return &spec->evaluate->artifact;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT:
        return &spec->predict->artifact;
    default:
        return NULL;
    }
}

static API(DataReference) * data_of(API(JobSpec) * spec)
{
    switch (spec->work_case) {
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN:
        return spec->train->data;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_EVALUATE:
        return spec->evaluate->data;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT:
        return spec->predict->data;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE:
        return spec->compute->data;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE:
        return spec->tune->train ? spec->tune->train->data : NULL;
    default:
        return NULL;
    }
}

char **pipeline_dataset_of(API(JobSpec) * spec)
{
    API(DataReference) *data = data_of(spec);
    return data && data->data_case == MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET ? &data->dataset : NULL;
}

static int check_task(struct walk *walk, size_t at)
{
    char path[FIELD_PATH_BYTES];
    const API(PipelineTask) *task = walk->spec->tasks[at];
    field_path(path, "%s.tasks[%zu].key", walk->field, at);
    if (api_identifier(task->key, path, walk->fault))
        return walk->fault->code;
    field_path(path, "%s.tasks[%zu].spec", walk->field, at);
    if (!task->spec)
        return fault_field(walk->fault, path, "a specification is wanted");
    if (task->spec->n_depends_on)
        return fault_field(walk->fault, path, "depends_on belongs to the task");
    for (size_t i = 0; i < task->n_depends_on; i++) {
        field_path(path, "%s.tasks[%zu].depends_on[%zu]", walk->field, at, i);
        if (find(walk, task->depends_on[i]) == walk->spec->n_tasks)
            return fault_field(walk->fault, path, "no task \"%.64s\"", task->depends_on[i]);
    }
    return 0;
}

static int check_tasks(struct walk *walk)
{
    const API(PipelineSpec) *spec = walk->spec;
    char path[FIELD_PATH_BYTES];
    for (size_t i = 0; i < spec->n_tasks; i++)
        walk->by_key[i] = i;
    qsort_r(walk->by_key, spec->n_tasks, sizeof *walk->by_key, by_key, (void *)(uintptr_t)spec);
    for (size_t i = 1; i < spec->n_tasks; i++) {
        field_path(path, "%s.tasks[%zu].key", walk->field, walk->by_key[i]);
        if (strcmp(spec->tasks[walk->by_key[i - 1]]->key, spec->tasks[walk->by_key[i]]->key) == 0)
            return fault_field(walk->fault, path, "\"%.64s\" is there twice", spec->tasks[walk->by_key[i]]->key);
    }
    for (size_t i = 0; i < spec->n_tasks; i++)
        if (check_task(walk, i))
            return walk->fault->code;
    return 0;
}

static int cycle(struct walk *walk, size_t again)
{
    char text[300], path[FIELD_PATH_BYTES];
    size_t from = 0, used = 0;
    while (walk->path[from] != again)
        from++;
    for (size_t i = from; i < walk->depth && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%.64s -> ", walk->spec->tasks[walk->path[i]]->key);
    if (used < sizeof text)
        snprintf(text + used, sizeof text - used, "%.64s", walk->spec->tasks[again]->key);
    field_path(path, "%s.tasks", walk->field);
    return fault_field(walk->fault, path, "a cycle: %s", text);
}

static void enter(struct walk *walk, size_t at)
{
    walk->marks[at] = OPEN;
    walk->next[at] = 0;
    walk->path[walk->depth++] = at;
}

/* Without recursion: a chain may be as long as the pipeline. */
static int visit(struct walk *walk, size_t root)
{
    if (walk->marks[root] == UNSEEN)
        enter(walk, root);
    while (walk->depth) {
        size_t at = walk->path[walk->depth - 1];
        const API(PipelineTask) *task = walk->spec->tasks[at];
        if (walk->next[at] == task->n_depends_on) {
            walk->marks[at] = DONE;
            walk->order[walk->ordered++] = at;
            walk->depth--;
            continue;
        }
        size_t on = find(walk, task->depends_on[walk->next[at]++]);
        if (walk->marks[on] == OPEN)
            return cycle(walk, on);
        if (walk->marks[on] == UNSEEN)
            enter(walk, on);
    }
    return 0;
}

int pipeline_order(const API(PipelineSpec) * spec, const char *field, size_t *order, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    size_t count = spec->n_tasks;
    field_path(path, "%s.tasks", field);
    if (count < 1 || count > PIPELINE_TASKS_MAX)
        return fault_field(fault, path, "%zu tasks; 1 to %d are wanted", count, PIPELINE_TASKS_MAX);
    size_t *memory = calloc(3 * count, sizeof *memory);
    struct walk walk = {
        .spec = spec, .marks = calloc(count, sizeof *walk.marks), .order = order, .field = field, .fault = fault};
    int code = memory && walk.marks ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (code == 0) {
        walk.by_key = memory;
        walk.path = memory + count;
        walk.next = memory + 2 * count;
        code = check_tasks(&walk);
    }
    for (size_t i = 0; i < count && code == 0; i++)
        code = visit(&walk, i);
    free(memory);
    free(walk.marks);
    return code;
}

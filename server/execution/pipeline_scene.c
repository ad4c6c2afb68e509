/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/engine.h"
#include "execution/execution_scene.h"

/* A pipeline as a graph: a card a task, an edge from each task to those that need it. */

static enum scene_health health_of(const struct picture_task *task)
{
    switch (task->state) {
    case JOB_SUCCEEDED:
        return SCENE_HEALTH_HEALTHY;
    case JOB_FAILED:
    case JOB_TIMED_OUT:
    case JOB_INTERRUPTED:
        return SCENE_HEALTH_DOWN;
    case JOB_CANCELLED:
    case JOB_SKIPPED:
    case JOB_RETRY_WAIT:
        return SCENE_HEALTH_DEGRADED;
    case JOB_RUNNING:
    case JOB_CANCELLING:
        return SCENE_HEALTH_UNKNOWN;
    default:
        return SCENE_HEALTH_NONE; /* it waits */
    }
}

/* "ridge, 40 %", "ridge, timed out" */
static void write_detail(const struct picture_task *task, char *out, size_t size)
{
    int length = snprintf(out, size, "%s%s", task->work, *task->work ? ", " : "");
    if (task->state == JOB_RUNNING && task->progress > 0) {
        snprintf(out + length, size - (size_t)length, "%.0f %%", 100 * task->progress);
        return;
    }
    snprintf(out + length, size - (size_t)length, "%s",
             task->state == JOB_NONE ? "waits" : job_state_name(task->state));
    for (char *at = out + length; *at; at++)
        *at = *at == '_' ? ' ' : (char)tolower((unsigned char)*at);
}

int execution_pipeline_scene(const struct execution_picture *picture, const char *id, struct scene **out,
                             struct fault *fault)
{
    const struct picture_pipeline *pipeline = NULL;
    for (size_t i = 0; picture && i < picture->pipeline_count && !pipeline; i++)
        if (strcmp(picture->pipelines[i].id, id) == 0)
            pipeline = &picture->pipelines[i];
    if (!pipeline)
        return fault_set(fault, MRPC_NOT_FOUND, "there is no pipeline \"%.64s\" among the %d newest", id,
                         PICTURE_PIPELINES);
    const struct picture_task *tasks = picture->tasks + pipeline->first_task;
    size_t ended = 0;
    char text[256];
    struct scene_builder *b = scene_builder_new(*pipeline->title ? pipeline->title : pipeline->id);
    for (size_t i = 0; i < pipeline->task_count; i++) {
        const struct picture_task *task = &tasks[i];
        ended += job_state_is_final(task->state);
        write_detail(task, text, sizeof text);
        scene_builder_node(b, &(struct scene_item_spec){.id = task->key, .title = task->key, .detail = text,
                                                        .key = task->job, .health = health_of(task)});
        for (size_t k = 0; k < task->need_count; k++)
            scene_builder_edge(b, &(struct scene_edge_spec){.from = tasks[picture->needs[task->first_need + k]].key,
                                                            .to = task->key});
    }
    snprintf(text, sizeof text, "%s: %zu of %zu tasks have ended", pipeline->id, ended, pipeline->task_count);
    scene_builder_describe(b, text, "The tasks of a pipeline, what each needs, and how far it is.");
    return scene_builder_finish(b, out, fault);
}

/* ---- The source ---- */

static int snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    const struct execution_picture *picture = execution_picture(self);
    int code = execution_pipeline_scene(picture, argument, out, fault);
    if (picture)
        snapshot_release((struct snapshot *)(uintptr_t)&picture->snapshot);
    return code;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    static const char *const listens[] = {"execution", NULL};
    const struct scene_source source = {
        .name = "pipeline",
        .title = "Pipeline",
        .description = "The tasks of a pipeline, what each needs, and how far it is, live.",
        .argument = "pipeline id",
        .live = 1,
        .snapshot = snapshot,
        .listens = listens,
        .self = dependencies[0],
    };
    return scene_source_new(source, out, fault);
}

static const char *const dependencies[] = {"execution", NULL};

const struct component pipeline_scene_component = {
    .name = "pipeline_scene",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = free,
    .provides = "scene_source",
    .key = "pipeline",
};

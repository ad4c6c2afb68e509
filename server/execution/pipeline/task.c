/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/pipeline/task.h"

#include <string.h>

#include "execution/pipeline/order.h"

/* Whoever calls a task by its key in "${KEY.…}" means its job. What is no such reference stays as it is. */
static char *rewrite(const API(PipelineSpec) * spec, API(PipelineTaskStatus) *const *statuses, char *text,
                     struct mrpc_arena *arena)
{
    const char *dot = strrchr(text, '.');
    if (strncmp(text, "${", 2) != 0 || !dot)
        return text;
    char *key = mrpc_arena_printf(arena, "%.*s", (int)(dot - text - 2), text + 2);
    size_t at = key ? pipeline_position(spec, key) : 0;
    if (!key || at == spec->n_tasks)
        return key ? text : NULL;
    return mrpc_arena_printf(arena, "${%s%s", statuses[at]->job, dot);
}

/* In a copy of the work, for the specification itself does not change. */
static bool point_to_jobs(const API(PipelineSpec) * spec, API(PipelineTaskStatus) *const *statuses, API(JobSpec) * job,
                          struct mrpc_arena *arena)
{
    char **artifact = pipeline_artifact_of(job), **dataset = pipeline_dataset_of(job);
    if (artifact)
        *artifact = rewrite(spec, statuses, *artifact, arena);
    if (dataset)
        *dataset = rewrite(spec, statuses, *dataset, arena);
    return !(artifact && !*artifact) && !(dataset && !*dataset);
}

API(JobSpec) * pipeline_task_job(const API(PipelineSpec) * spec, API(PipelineTaskStatus) *const *statuses, size_t at,
                                 struct mrpc_arena *arena)
{
    const API(PipelineTask) *task = spec->tasks[at];
    ProtobufCMessage *copy = NULL;
    char **names = mrpc_arena_calloc(arena, task->n_depends_on + 1, sizeof *names);
    if (!names || mrpc_message_copy(API_INFO(job_spec), &task->spec->base, arena, &copy) != 0)
        return NULL;
    API(JobSpec) *job = (API(JobSpec) *)copy;
    job->n_depends_on = task->n_depends_on;
    job->depends_on = names;
    for (size_t i = 0; i < task->n_depends_on; i++)
        names[i] = statuses ? statuses[pipeline_position(spec, task->depends_on[i])]->job : task->depends_on[i];
    return !statuses || point_to_jobs(spec, statuses, job, arena) ? job : NULL;
}

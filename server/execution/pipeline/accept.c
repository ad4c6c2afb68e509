/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/field_path.h"
#include "execution/picture.h"
#include "execution/pipeline/pipeline.h"

/* From what a client wrote to a pipeline that is on disk, with every check that can be made before running. */

enum { RETRY_AFTER_MS = 1000 };

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* Could its tasks be jobs? What they take from each other cannot be looked at yet. */
static int check_jobs(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *name,
                      struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_arena_new(PIPELINE_ARENA_BYTES);
    int code = arena ? 0 : no_memory(fault);
    for (size_t i = 0; i < spec->n_tasks && code == 0; i++) {
        char field[FIELD_PATH_BYTES];
        const API(JobSpec) *job = pipeline_task_job(spec, NULL, i, arena);
        field_path(field, "%s.tasks[%zu].spec", name, i);
        code = job ? jobs_check_work(engine, job, field, fault) : no_memory(fault);
        if (!code)
            code = jobs_check_names(engine, job, owner, field, fault);
    }
    mrpc_arena_free(arena);
    return code;
}

static API(PipelineTaskStatus) * status_new(const char *key, struct mrpc_arena *arena)
{
    API(PipelineTaskStatus) *status = API_NEW(arena, PipelineTaskStatus, pipeline_task_status);
    if (!status)
        return NULL;
    status->key = (char *)key;
    status->state = (API(JobState))JOB_WAITING;
    return status;
}

/* With a message of its own, of which spec is set. */
static int fill_tasks(struct pipeline *pipeline, struct fault *fault)
{
    API(Pipeline) *message = pipeline->message;
    size_t count = message->spec->n_tasks;
    pipeline->order = calloc(count + 1, sizeof *pipeline->order);
    message->tasks = mrpc_arena_calloc(pipeline->arena, count + 1, sizeof *message->tasks);
    if (!pipeline->order || !message->tasks)
        return no_memory(fault);
    for (message->n_tasks = 0; message->n_tasks < count; message->n_tasks++) {
        API(PipelineTaskStatus) *status = status_new(message->spec->tasks[message->n_tasks]->key, pipeline->arena);
        if (!status)
            return no_memory(fault);
        message->tasks[message->n_tasks] = status;
    }
    return pipeline_order(message->spec, "spec", pipeline->order, fault);
}

static int make(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *request_id,
                struct pipeline **out, struct fault *fault)
{
    uint64_t number = engine->pipelines.next_number ? engine->pipelines.next_number : 1;
    struct pipeline *pipeline = pipeline_new(engine, number);
    API(Pipeline) *message = pipeline ? API_NEW(pipeline->arena, Pipeline, pipeline) : NULL;
    ProtobufCMessage *copy = NULL;
    if (!message || mrpc_message_copy(API_INFO(pipeline_spec), &spec->base, pipeline->arena, &copy) != 0) {
        pipeline_free(pipeline);
        return no_memory(fault);
    }
    pipeline->message = message;
    pipeline->create_ms = api_now_ms();
    message->id = pipeline->id;
    message->spec = (API(PipelineSpec) *)copy;
    message->state = PIPELINE_STATE(RUNNING);
    message->owner = mrpc_arena_strdup(pipeline->arena, owner);
    message->request_id = mrpc_arena_strdup(pipeline->arena, request_id);
    message->create_time = api_timestamp(pipeline->arena, pipeline->create_ms);
    int code =
        message->owner && message->request_id && message->create_time ? fill_tasks(pipeline, fault) : no_memory(fault);
    if (!code && pipeline_list(pipeline))
        code = no_memory(fault);
    if (code) {
        pipeline_free(pipeline);
        return code;
    }
    *out = pipeline;
    return 0;
}

static bool same_spec(const API(PipelineSpec) * a, const API(PipelineSpec) * b)
{
    struct api_bytes one = {NULL, 0}, other = {NULL, 0};
    struct fault fault = FAULT_INIT;
    bool same = !api_encode(API_INFO(pipeline_spec), a, &one, &fault) &&
                !api_encode(API_INFO(pipeline_spec), b, &other, &fault) && one.size == other.size &&
                memcmp(one.data, other.data, one.size) == 0;
    free(one.data);
    free(other.data);
    return same;
}

static struct pipeline *find_request(const struct execution *engine, const char *owner, const char *request_id)
{
    int64_t oldest_ms = api_now_ms() - JOBS_REQUEST_KEPT_MS;
    for (size_t i = engine->pipelines.count; i > 0 && *request_id; i--) {
        struct pipeline *pipeline = engine->pipelines.items[i - 1];
        if (pipeline->create_ms >= oldest_ms && strcmp(pipeline->message->request_id, request_id) == 0 &&
            strcmp(pipeline->message->owner, owner) == 0)
            return pipeline;
    }
    return NULL;
}

/* Who submitted it, until it is answered. */
struct acceptance {
    struct pipeline *pipeline;
    pipeline_accepted *accepted;
    void *arg;
    bool at_once; /* when it is on disk; else when its tasks have jobs, too */
};

static void is_ready(void *arg, struct pipeline *pipeline)
{
    struct acceptance acceptance = *(struct acceptance *)arg;
    struct fault none = FAULT_INIT;
    free(arg);
    execution_picture_publish(pipeline->engine); /* who is answered may ask for its view at once */
    acceptance.accepted(acceptance.arg, pipeline, false, &none);
}

static void first_saved(void *arg, const struct fault *fault)
{
    struct acceptance acceptance = *(struct acceptance *)arg;
    struct pipeline *pipeline = acceptance.pipeline;
    if (fault->code) {
        free(arg);
        pipeline_unlist(pipeline);
        pipeline_free(pipeline);
        return acceptance.accepted(acceptance.arg, NULL, false, fault);
    }
    pipeline->durable = true;
    if (acceptance.at_once) {
        is_ready(arg, pipeline);
    } else {
        pipeline->ready = is_ready;
        pipeline->arg = arg;
    }
    pipeline_drive(pipeline);
}

void pipelines_sort_maps(API(PipelineSpec) * spec)
{
    for (size_t i = 0; i < spec->n_tasks; i++)
        if (spec->tasks[i]->spec)
            jobs_sort_maps(spec->tasks[i]->spec);
}

int pipelines_check(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *field,
                    struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    size_t *order = calloc(spec->n_tasks + 1, sizeof *order);
    int code = order ? pipeline_order(spec, field, order, fault) : no_memory(fault);
    free(order);
    field_path(path, "%s.timeout", field);
    if (!code)
        code = jobs_check_timeout(spec->timeout, path, fault);
    return code ? code : check_jobs(engine, spec, owner, field, fault);
}

static int check_room(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, struct fault *fault)
{
    if (engine->pipelines.live >= PIPELINES_LIVE_MAX)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, RETRY_AFTER_MS, "%d pipelines run already",
                           PIPELINES_LIVE_MAX);
    return jobs_check_room(engine, owner, spec->n_tasks, fault);
}

static int answer_known(const struct pipeline *known, const API(PipelineSpec) * spec, struct fault *fault)
{
    if (!same_spec(known->message->spec, spec))
        return fault_set(fault, MRPC_ALREADY_EXISTS,
                         "request_id \"%s\" belongs to pipeline %s with another specification",
                         known->message->request_id, known->id);
    return known->durable ? 0 : fault_retry(fault, MRPC_ABORTED, 100, "the same request is under way");
}

static void submit(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *request_id,
                   struct acceptance wanted)
{
    struct fault fault = FAULT_INIT;
    struct pipeline *pipeline = NULL, *known = find_request(engine, owner, request_id);
    if (known) {
        int code = answer_known(known, spec, &fault);
        return wanted.accepted(wanted.arg, code ? NULL : known, true, &fault);
    }
    struct acceptance *acceptance = calloc(1, sizeof *acceptance);
    int code = acceptance ? pipelines_check(engine, spec, owner, "spec", &fault) : no_memory(&fault);
    if (!code)
        code = check_room(engine, spec, owner, &fault);
    if (!code)
        code = make(engine, spec, owner, request_id, &pipeline, &fault);
    if (!code) {
        *acceptance = wanted;
        acceptance->pipeline = pipeline;
        code = pipeline_save(pipeline, first_saved, acceptance, &fault);
    }
    if (!code)
        return;
    if (pipeline) {
        pipeline_unlist(pipeline);
        pipeline_free(pipeline);
    }
    free(acceptance);
    wanted.accepted(wanted.arg, NULL, false, &fault);
}

void pipelines_submit(struct execution *engine, const API(PipelineSpec) * spec, const char *owner,
                      const char *request_id, pipeline_accepted *accepted, void *arg)
{
    submit(engine, spec, owner, request_id, (struct acceptance){.accepted = accepted, .arg = arg});
}

void pipelines_submit_scheduled(struct execution *engine, const API(PipelineSpec) * spec, const char *owner,
                                const char *request_id, pipeline_accepted *accepted, void *arg)
{
    submit(engine, spec, owner, request_id, (struct acceptance){.accepted = accepted, .arg = arg, .at_once = true});
}

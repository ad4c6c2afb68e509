/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/service.h"

/* SubmitPipeline, GetPipeline, ListPipelines, CancelPipeline. */

enum { REASON_BYTES_MAX = 256 };

/* The message is the loop's own and goes on changing; an answer is a copy. */
static int copy(const struct pipeline *pipeline, struct mrpc_arena *arena, API(Pipeline) * *out, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    if (mrpc_message_copy(API_INFO(pipeline), &pipeline->message->base, arena, &message) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *out = (API(Pipeline) *)message;
    return 0;
}

static int find(struct command *command, const char *id, struct pipeline **out, struct fault *fault)
{
    *out = pipelines_find(command->engine, id);
    return *out ? 0 : fault_set(fault, MRPC_NOT_FOUND, "no pipeline \"%.64s\"", id);
}

/* ---- Submit ---- */

static void accepted(void *arg, struct pipeline *pipeline, bool already_existed, const struct fault *fault)
{
    struct command *command = arg;
    API(SubmitPipelineResponse) *response = command->response;
    struct fault answer = *fault;
    response->already_existed = already_existed;
    if (answer.code || copy(pipeline, mrpc_call_arena(command->call), &response->pipeline, &answer))
        response->pipeline = NULL;
    command_finish(command, &answer);
}

static int submit(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(SubmitPipelineRequest) *request = command->request;
    if (!request->spec)
        return fault_field(fault, "spec", "a specification is wanted");
    if (*request->request_id && api_identifier(request->request_id, "request_id", fault))
        return fault->code;
    pipelines_sort_maps(request->spec);
    pipelines_submit(command->engine, request->spec, command->caller.owner, request->request_id, accepted, command);
    return COMMAND_LATER;
}

METHOD(submit_pipeline, SubmitPipeline)
{
    return command_post(self, call, request, response, submit);
}

/* ---- Get, list ---- */

static int get(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetPipelineRequest) *request = command->request;
    struct pipeline *pipeline;
    int code = find(command, request->id, &pipeline, fault);
    return code ? code : copy(pipeline, arena, &((API(GetPipelineResponse) *)command->response)->pipeline, fault);
}

METHOD(get_pipeline, GetPipeline)
{
    return command_post(self, call, request, response, get);
}

static bool is_wanted(const struct pipeline *pipeline, const API(ListPipelinesRequest) * request)
{
    return pipeline->durable && (!*request->page_token || strcmp(pipeline->id, request->page_token) < 0) &&
           (!request->state || request->state == pipeline->message->state);
}

static int list(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(ListPipelinesRequest) *request = command->request;
    API(ListPipelinesResponse) *response = command->response;
    const struct pipelines *all = &command->engine->pipelines;
    size_t size, bytes = 0, one;
    if (api_page_size(request->page_size, &size, fault))
        return fault->code;
    response->pipelines = mrpc_arena_calloc(arena, size, sizeof *response->pipelines);
    if (!response->pipelines)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = all->count; i > 0; i--) {
        const struct pipeline *pipeline = all->items[i - 1];
        if (!is_wanted(pipeline, request))
            continue;
        if (response->n_pipelines == size || bytes > API_PAGE_BYTES / 2) {
            response->next_page_token = response->pipelines[response->n_pipelines - 1]->id;
            break;
        }
        if (copy(pipeline, arena, &response->pipelines[response->n_pipelines], fault))
            return fault->code;
        if (mrpc_encoded_size(API_INFO(pipeline), &pipeline->message->base, &one, NULL) == 0)
            bytes += one;
        response->n_pipelines++;
    }
    return 0;
}

METHOD(list_pipelines, ListPipelines)
{
    return command_post(self, call, request, response, list);
}

/* ---- Cancel ---- */

/* It was found before, and what is live is not let go of. */
static void cancelled(void *arg, const struct fault *fault)
{
    struct command *command = arg;
    struct fault answer = *fault;
    struct pipeline *pipeline;
    const API(CancelPipelineRequest) *request = command->request;
    API(CancelPipelineResponse) *response = command->response;
    if (!answer.code && find(command, request->id, &pipeline, &answer) == 0)
        copy(pipeline, mrpc_call_arena(command->call), &response->pipeline, &answer);
    command_finish(command, &answer);
}

static int cancel(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(CancelPipelineRequest) *request = command->request;
    struct pipeline *pipeline;
    if (strlen(request->reason) > REASON_BYTES_MAX)
        return fault_field(fault, "reason", "more than %d bytes", REASON_BYTES_MAX);
    if (find(command, request->id, &pipeline, fault) ||
        caller_check(&command->caller, pipeline->message->owner, "pipeline", pipeline->id, fault) ||
        pipelines_cancel(pipeline, request->reason, cancelled, command, fault))
        return fault->code;
    return COMMAND_LATER;
}

METHOD(cancel_pipeline, CancelPipeline)
{
    return command_post(self, call, request, response, cancel);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/record_page.h"
#include "execution/service.h"

struct filter {
    const API(ListArtifactsRequest) * request;
    struct mrpc_arena *arena;
};

/* The model stands in the message alone. */
static bool wanted(void *arg, const struct record *record)
{
    const struct filter *filter = arg;
    if (*filter->request->name && strcmp(filter->request->name, record->name) != 0)
        return false;
    if (!*filter->request->model)
        return true;
    API(Artifact) * artifact;
    struct fault fault = FAULT_INIT;
    return !api_decode(API_INFO(artifact), record->message.data, record->message.size, filter->arena, &artifact,
                       &fault) &&
           strcmp(artifact->model, filter->request->model) == 0;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(ListArtifactsRequest) *request = command->request;
    API(ListArtifactsResponse) *response = command->response;
    struct filter filter = {request, arena};
    struct record_page page;
    size_t size;
    if (api_page_size(request->page_size, &size, fault) ||
        record_page_make(&command->engine->artifacts, request->page_token, size, false, wanted, &filter, arena, &page,
                         fault))
        return fault->code;
    response->next_page_token = page.next_token;
    response->artifacts = mrpc_arena_calloc(arena, page.count + 1, sizeof *response->artifacts);
    if (!response->artifacts)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < page.count; i++) {
        const struct api_bytes *message = &page.items[i]->message;
        if (api_decode(API_INFO(artifact), message->data, message->size, arena, &response->artifacts[i], fault) ||
            aliases_tell(&command->engine->aliases, response->artifacts[i], arena, fault))
            return fault->code;
    }
    response->n_artifacts = page.count;
    return 0;
}

METHOD(list_artifacts, ListArtifacts)
{
    return command_post(self, call, request, response, run);
}

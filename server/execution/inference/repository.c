/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "execution/inference/inference.h"

/* The models of the repository are all artifacts; loading and unloading says whether one may be inferred with, until
 * the server ends. */

enum { INDEX_MAX = 20000 };

static int add(const struct record *record, bool unloaded, struct mrpc_arena *arena,
               OIP(RepositoryIndexResponse) * index)
{
    OIP(RepositoryIndexResponse__ModelIndex) *entry =
        OIP_NEW(arena, RepositoryIndexResponse__ModelIndex, repository_index_response__model_index);
    if (!entry)
        return -1;
    entry->name = mrpc_arena_strdup(arena, record->name);
    entry->version = mrpc_arena_printf(arena, "%u", record->version);
    entry->state = unloaded ? "UNAVAILABLE" : "READY";
    entry->reason = unloaded ? "unloaded" : "";
    index->models[index->n_models++] = entry;
    return entry->name && entry->version ? 0 : -1;
}

static int run_index(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(RepositoryIndexRequest) *request = command->request;
    OIP(RepositoryIndexResponse) *response = command->response;
    const struct record_index *artifacts = &command->engine->artifacts;
    size_t room = artifacts->count < INDEX_MAX ? artifacts->count : INDEX_MAX;
    response->models = mrpc_arena_calloc(arena, room + 1, sizeof *response->models);
    bool full = !response->models;
    for (size_t i = 0; !full && i < artifacts->count && response->n_models < room; i++) {
        const struct record *record = artifacts->items[i];
        bool unloaded = inference_book_unloaded(command->engine->inference, record->name);
        if (record->durable && !(request->ready && unloaded))
            full = add(record, unloaded, arena, response);
    }
    return full ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
}

OIP_METHOD(repository_index, RepositoryIndex)
{
    return command_post(self, call, request, response, run_index);
}

/* KServe's clients put the model where Triton's put the repository. */
static char *model_of(char *repository_name, char *model_name)
{
    return *model_name ? model_name : repository_name;
}

static int load(struct command *command, const char *name, bool unloaded, struct mrpc_arena *arena, struct fault *fault)
{
    API(Artifact) * artifact;
    int code = inference_artifact(command->engine, name, arena, &artifact, fault);
    if (!code)
        code = record_index_check_owner(&command->engine->artifacts, name, &command->caller, "model_name", fault);
    if (!code && inference_book_unload(command->engine->inference, name, unloaded))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "too many models are unloaded");
    return code;
}

static int run_load(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(RepositoryModelLoadRequest) *request = command->request;
    OIP(RepositoryModelLoadResponse) *response = command->response;
    response->model_name = model_of(request->repository_name, request->model_name);
    response->isloaded = true;
    return load(command, response->model_name, false, arena, fault);
}

OIP_METHOD(repository_model_load, RepositoryModelLoad)
{
    return command_post(self, call, request, response, run_load);
}

static int run_unload(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(RepositoryModelUnloadRequest) *request = command->request;
    OIP(RepositoryModelUnloadResponse) *response = command->response;
    response->model_name = model_of(request->repository_name, request->model_name);
    response->isunloaded = true;
    return load(command, response->model_name, true, arena, fault);
}

OIP_METHOD(repository_model_unload, RepositoryModelUnload)
{
    return command_post(self, call, request, response, run_unload);
}

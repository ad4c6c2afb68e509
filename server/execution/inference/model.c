/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "execution/inference/inference.h"

/* What models are: metadata, configuration, readiness. */

const char *inference_reference(const char *name, const char *version, struct mrpc_arena *arena)
{
    return *version ? mrpc_arena_printf(arena, "%s@%s", name, version) : mrpc_arena_strdup(arena, name);
}

int inference_artifact(struct execution *engine, const char *reference, struct mrpc_arena *arena, API(Artifact) * *out,
                       struct fault *fault)
{
    struct record *record;
    if (!reference)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = aliases_find_artifact(&engine->aliases, &engine->artifacts, reference, "model_name", &record, fault);
    return code ? code
                : api_decode(API_INFO(artifact), record->message.data, record->message.size, arena, out, fault);
}

static bool is_listed(const char *name, const char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

size_t inference_inputs(const API(Artifact) * artifact, const char **names, size_t room)
{
    const API(FeatureSpec) *spec = artifact->feature_spec;
    size_t count = 0, all = spec ? spec->n_features : artifact->n_features;
    for (size_t i = 0; i < all && count < room; i++) {
        const char *name = spec ? spec->features[i]->column : artifact->features[i];
        if (!is_listed(name, names, count)) /* a series may be lagged in several ways */
            names[count++] = name;
    }
    return count;
}

/* ---- Metadata ---- */

enum { INPUTS_MAX = 4096, VERSIONS_MAX = 1000 };

static OIP(ModelMetadataResponse__TensorMetadata) * tensor(const char *name, struct mrpc_arena *arena)
{
    OIP(ModelMetadataResponse__TensorMetadata) *message =
        OIP_NEW(arena, ModelMetadataResponse__TensorMetadata, model_metadata_response__tensor_metadata);
    int64_t *shape = mrpc_arena_alloc(arena, sizeof *shape);
    if (!message || !shape)
        return NULL;
    *shape = -1;
    message->name = mrpc_arena_strdup(arena, name);
    message->datatype = "FP64";
    message->n_shape = 1;
    message->shape = shape;
    return message->name ? message : NULL;
}

static int fill_inputs(const API(Artifact) * artifact, struct mrpc_arena *arena, OIP(ModelMetadataResponse) * response)
{
    const char *names[INPUTS_MAX];
    size_t count = inference_inputs(artifact, names, INPUTS_MAX);
    response->inputs = mrpc_arena_calloc(arena, count + 1, sizeof *response->inputs);
    response->outputs = mrpc_arena_calloc(arena, 1, sizeof *response->outputs);
    if (!response->inputs || !response->outputs || !(response->outputs[0] = tensor("prediction", arena)))
        return -1;
    response->n_outputs = 1;
    for (size_t i = 0; i < count; i++)
        if (!(response->inputs[response->n_inputs++] = tensor(names[i], arena)))
            return -1;
    return 0;
}

static int fill_versions(struct execution *engine, const char *name, struct mrpc_arena *arena,
                         OIP(ModelMetadataResponse) * response)
{
    const struct record_index *artifacts = &engine->artifacts;
    response->versions = mrpc_arena_calloc(arena, VERSIONS_MAX, sizeof *response->versions);
    if (!response->versions)
        return -1;
    for (size_t i = record_index_seek(artifacts, name, 0);
         i < artifacts->count && strcmp(artifacts->items[i]->name, name) == 0 && response->n_versions < VERSIONS_MAX;
         i++) {
        char *version = mrpc_arena_printf(arena, "%u", artifacts->items[i]->version);
        if (!version)
            return -1;
        if (artifacts->items[i]->durable)
            response->versions[response->n_versions++] = version;
    }
    return 0;
}

static int run_metadata(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(ModelMetadataRequest) *request = command->request;
    OIP(ModelMetadataResponse) *response = command->response;
    API(Artifact) * artifact;
    int code = inference_artifact(command->engine, inference_reference(request->name, request->version, arena), arena,
                                  &artifact, fault);
    if (code)
        return code;
    response->name = request->name;
    response->platform = mrpc_arena_printf(arena, "mltrainer_%s", artifact->family);
    if (!response->platform || fill_inputs(artifact, arena, response) ||
        fill_versions(command->engine, artifact->name, arena, response))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return 0;
}

OIP_METHOD(model_metadata, ModelMetadata)
{
    return command_post(self, call, request, response, run_metadata);
}

/* ---- Configuration ---- */

static int fill_config(const API(Artifact) * artifact, struct mrpc_arena *arena, OIP(ModelConfig) * config)
{
    static int64_t any[] = {-1};
    const char *names[INPUTS_MAX];
    size_t count = inference_inputs(artifact, names, INPUTS_MAX);
    config->input = mrpc_arena_calloc(arena, count + 1, sizeof *config->input);
    config->output = mrpc_arena_calloc(arena, 1, sizeof *config->output);
    OIP(ModelOutput) *output = OIP_NEW(arena, ModelOutput, model_output);
    if (!config->input || !config->output || !output)
        return -1;
    output->name = "prediction";
    output->data_type = INFERENCE__DATA_TYPE__TYPE_FP64;
    output->n_dims = 1;
    output->dims = any;
    config->output[config->n_output++] = output;
    for (size_t i = 0; i < count; i++) {
        OIP(ModelInput) *input = OIP_NEW(arena, ModelInput, model_input);
        if (!input || !(input->name = mrpc_arena_strdup(arena, names[i])))
            return -1;
        input->data_type = INFERENCE__DATA_TYPE__TYPE_FP64;
        input->n_dims = 1;
        input->dims = any;
        config->input[config->n_input++] = input;
    }
    return 0;
}

static int run_config(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(ModelConfigRequest) *request = command->request;
    OIP(ModelConfigResponse) *response = command->response;
    API(Artifact) * artifact;
    int code = inference_artifact(command->engine, inference_reference(request->name, request->version, arena), arena,
                                  &artifact, fault);
    if (code)
        return code;
    OIP(ModelConfig) *config = response->config = OIP_NEW(arena, ModelConfig, model_config);
    if (!config || fill_config(artifact, arena, config))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    config->name = request->name;
    config->backend = "mltrainer";
    config->platform = mrpc_arena_printf(arena, "mltrainer_%s", artifact->family);
    return config->platform ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

OIP_METHOD(model_config, ModelConfig)
{
    return command_post(self, call, request, response, run_config);
}

/* ---- Readiness: an unknown model is one that is not ready ---- */

static int run_ready(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(ModelReadyRequest) *request = command->request;
    OIP(ModelReadyResponse) *response = command->response;
    struct fault unknown = FAULT_INIT;
    API(Artifact) * artifact;
    int code = inference_artifact(command->engine, inference_reference(request->name, request->version, arena), arena,
                                  &artifact, &unknown);
    if (code == MRPC_RESOURCE_EXHAUSTED)
        return fault_set(fault, code, "%s", unknown.text);
    response->ready = !code && !inference_book_unloaded(command->engine->inference, request->name);
    return 0;
}

OIP_METHOD(model_ready, ModelReady)
{
    return command_post(self, call, request, response, run_ready);
}

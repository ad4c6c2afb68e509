/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/run/run.h"

#include <stdio.h>
#include <string.h>

#include "execution/engine.h"
#include "execution/parameter_message.h"

_Static_assert(sizeof(struct parameter_entry) == sizeof(API(Run__ParametersEntry)), "one layout");

void run_key(const char *id, char key[RUN_KEY_BYTES])
{
    snprintf(key, RUN_KEY_BYTES, "execution/run/%s", id);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* What did the work: of a training the model that was bound, of an evaluation what its artifact says. */
static void describe_model(API(Run) * run, const struct operation *operation)
{
    const API(Artifact) *header = operation->artifact.header;
    run->model = operation->model ? (char *)operation->model->id : header->model;
    run->seed = operation->train ? operation->seed : header->seed;
    run->plugin_version = header->plugin_version;
    run->n_parameters = header->n_parameters;
    run->parameters = (API(Run__ParametersEntry) **)header->parameters;
}

static int describe_libraries(API(Run) * run, const struct operation *operation, struct fault *fault)
{
    struct catalog *catalog = execution_catalog(operation->engine);
    const struct catalog_plugin *plugin = catalog_find_plugin(catalog, operation->artifact.header->family);
    run->libraries = mrpc_arena_strdup(operation->arena, plugin && plugin->engine ? plugin->engine : "");
    snapshot_release(&catalog->snapshot);
    return run->libraries ? 0 : no_memory(fault);
}

static int describe_labels(API(Run) * run, const struct job *job, struct mrpc_arena *arena, struct fault *fault)
{
    API(JobSpec) * spec;
    int code = api_decode(API_INFO(job_spec), job->spec.data, job->spec.size, arena, &spec, fault);
    if (code)
        return code;
    run->n_labels = spec->n_labels;
    run->labels = (API(Run__LabelsEntry) **)spec->labels;
    return 0;
}
_Static_assert(sizeof(API(Run__LabelsEntry)) == sizeof(API(JobSpec__LabelsEntry)), "one layout");

int run_make(const struct job *job, const struct operation *operation, struct api_bytes *out, struct fault *fault)
{
    struct mrpc_arena *arena = operation->arena;
    API(Run) *run = API_NEW(arena, Run, run);
    if (!run)
        return no_memory(fault);
    describe_model(run, operation);
    int code = describe_libraries(run, operation, fault);
    if (!code)
        code = describe_labels(run, job, arena, fault);
    if (code)
        return code;
    run->id = (char *)job->id;
    run->dataset = (char *)operation->source.reference;
    run->dataset_sha256 = (char *)operation->source.sha256;
    run->engine_version = MRPC_VERSION;
    run->result = operation->result;
    run->timings = operation->timings;
    run->create_time = api_timestamp(arena, api_now_ms());
    run->owner = job->owner;
    return run->create_time ? api_encode(API_INFO(run), run, out, fault) : no_memory(fault);
}

int run_read(struct store *store, const char *id, struct mrpc_arena *arena, API(Run) * *out, struct fault *fault)
{
    char key[RUN_KEY_BYTES];
    struct store_list list = STORE_LIST_INIT;
    if (strlen(id) >= RUN_KEY_BYTES / 2)
        return fault_set(fault, MRPC_NOT_FOUND, "no run \"%.64s\"", id);
    run_key(id, key);
    int code = store_get(store, store_text(key), &list, fault);
    if (code == MRPC_NOT_FOUND)
        fault_set(fault, MRPC_NOT_FOUND, "no run \"%.64s\"", id);
    else if (!code)
        code = api_decode(API_INFO(run), list.entries[0].value.data, list.entries[0].value.bytes, arena, out, fault);
    store_list_fini(&list);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/persister.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "execution/parameter_message.h"

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int write_features(struct operation *operation, API(Artifact) * header, struct fault *fault)
{
    const API(TrainSpec) *spec = operation->train;
    header->features = mrpc_arena_calloc(operation->arena, operation->feature_count + 1, sizeof *header->features);
    if (!header->features)
        return no_memory(fault);
    for (; header->n_features < operation->feature_count; header->n_features++) {
        char *name = mrpc_arena_strdup(operation->arena, operation->feature_names[header->n_features]);
        if (!name)
            return no_memory(fault);
        header->features[header->n_features] = name;
    }
    bool made = spec->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    header->target = mrpc_arena_strdup(operation->arena, operation->target ? operation->target : "");
    header->feature_spec = made ? spec->features : NULL;
    header->time_column = spec->time_column;
    return header->target ? 0 : no_memory(fault);
}

static int write_preparation(struct operation *operation, API(Artifact) * header, struct fault *fault)
{
    size_t count = operation->preparation_count;
    header->preparation = mrpc_arena_calloc(operation->arena, count + 1, sizeof *header->preparation);
    if (!header->preparation)
        return no_memory(fault);
    for (; header->n_preparation < count; header->n_preparation++) {
        const struct scaler_column *from = &operation->preparation[header->n_preparation];
        API(PreparedColumn) *column = API_NEW(operation->arena, PreparedColumn, prepared_column);
        if (!column || !(column->name = mrpc_arena_strdup(operation->arena, from->name)))
            return no_memory(fault);
        if (!isnan(from->fill))
            mltrainer__execution__v1__prepared_column__set_fill(column, from->fill);
        column->offset = from->offset;
        column->scale = from->scale;
        header->preparation[header->n_preparation] = column;
    }
    return 0;
}

/* The version that the plugin gave itself, from the catalog as it is now: the job's own may be older than the plugin's
 * probe. What has just trained can be loaded, so a probe that is still under way comes back soon; this thread may
 * wait. */
static char *find_plugin_version(const struct operation *operation)
{
    enum { TRIES = 400 };
    const struct timespec pause = {.tv_nsec = 5000000};
    char *version = NULL;
    for (int i = 0; i < TRIES; i++) {
        struct catalog *catalog = execution_catalog(operation->engine);
        const struct catalog_plugin *plugin = catalog_find_plugin(catalog, operation->model->family);
        bool known = plugin && plugin->version && *plugin->version;
        if (known)
            version = mrpc_arena_strdup(operation->arena, plugin->version);
        snapshot_release(&catalog->snapshot);
        if (known || !plugin)
            break;
        nanosleep(&pause, NULL);
    }
    return version ? version : mrpc_arena_strdup(operation->arena, "");
}

int persister_keep(struct operation *operation, struct fault *fault)
{
    struct mrpc_arena *arena = operation->arena;
    API(Artifact) *header = API_NEW(arena, Artifact, artifact);
    if (!header)
        return no_memory(fault);
    header->model = (char *)operation->model->id;
    header->family = (char *)operation->model->family;
    header->algorithm = (char *)operation->model->algorithm;
    header->plugin_version = find_plugin_version(operation);
    if (!header->plugin_version)
        return no_memory(fault);
    header->seed = operation->seed;
    int code = write_features(operation, header, fault);
    if (!code)
        code = write_preparation(operation, header, fault);
    if (!code)
        code = parameter_messages_write(operation->parameters, operation->parameter_count, arena, &header->n_parameters,
                                        &header->parameters, fault);
    if (!code)
        code = artifact_file_build(header, operation->fitted, operation->fitted_bytes, &operation->artifact, fault);
    if (!code)
        code = artifact_file_write(operation->engine->artifacts_folder, &operation->artifact, fault);
    if (code)
        return code;
    operation->result->artifact = mrpc_arena_printf(arena, "sha256:%s", operation->artifact.sha256);
    return operation->result->artifact ? 0 : no_memory(fault);
}

int persister_open(struct operation *operation, struct fault *fault)
{
    return artifact_file_read(operation->engine->artifacts_folder, operation->artifact_sha256, operation->arena,
                              &operation->artifact, fault);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/serving/warm.h"

#include <stdlib.h>
#include <string.h>

#include "execution/operation/divider.h"
#include "execution/operation/operation.h"
#include "execution/operation/prepare.h"

enum { MODELS_MAX = 64, REFERENCE_BYTES = 300 };
#define MODEL_BYTES_MAX ((size_t)64 << 20)  /* of a model */
#define TABLE_BYTES_MAX ((size_t)256 << 20) /* of all of them */

struct entry {
    char reference[REFERENCE_BYTES];
    struct warm_model *model;
};

struct table_of_models {
    struct snapshot snapshot;
    size_t count; /* the newest last */
    struct entry entries[];
};

static void free_table(struct snapshot *snapshot)
{
    struct table_of_models *table = (struct table_of_models *)snapshot;
    for (size_t i = 0; i < table->count; i++)
        warm_model_unref(table->entries[i].model);
    free(table);
}

static struct table_of_models *new_table(size_t room)
{
    struct table_of_models *table = calloc(1, sizeof *table + room * sizeof *table->entries);
    if (table)
        snapshot_init(&table->snapshot, free_table);
    return table;
}

int warm_models_init(struct warm_models *models)
{
    struct table_of_models *table = new_table(0);
    snapshot_cell_init(&models->table);
    if (!table)
        return -1;
    snapshot_publish(&models->table, &table->snapshot);
    return 0;
}

void warm_models_fini(struct warm_models *models)
{
    snapshot_cell_fini(&models->table);
}

void warm_model_unref(struct warm_model *model)
{
    if (!model || atomic_fetch_sub(&model->references, 1) != 1)
        return;
    artifact_file_fini(&model->artifact);
    mrpc_arena_free(model->arena);
    snapshot_release(&model->catalog->snapshot);
    free(model);
}

static struct warm_model *ref(struct warm_model *model)
{
    atomic_fetch_add(&model->references, 1);
    return model;
}

struct warm_model *warm_models_find(struct warm_models *models, const char *reference)
{
    struct table_of_models *table = (struct table_of_models *)snapshot_acquire(&models->table);
    struct warm_model *found = NULL;
    for (size_t i = 0; !found && i < table->count; i++)
        if (strcmp(table->entries[i].reference, reference) == 0)
            found = ref(table->entries[i].model);
    snapshot_release(&table->snapshot);
    return found;
}

/* ---- The loop's ---- */

static int fill(struct warm_model *model, struct operation *operation)
{
    struct fault ignored = FAULT_INIT;
    ProtobufCMessage *header;
    if (!model->arena ||
        mrpc_message_copy(API_INFO(artifact), &operation->artifact.header->base, model->arena, &header))
        return -1;
    const API(Artifact) *artifact = (API(Artifact) *)header;
    const API(FeatureSpec) *spec = artifact->feature_spec;
    model->makes_features = spec != NULL;
    if (spec && prepare_feature_spec(spec, "", model->arena, &model->spec, &ignored))
        return -1;
    model->preparation_count = artifact->n_preparation;
    if (divider_read(artifact->preparation, artifact->n_preparation, model->arena, &model->preparation, &ignored))
        return -1;
    model->plugin_path = operation->plugin_path;
    model->version = operation->artifact_version;
    model->catalog = operation->catalog;
    model->artifact = operation->artifact;
    model->artifact.header = (API(Artifact) *)header;
    operation->artifact = (struct artifact_file){.bytes = NULL};
    operation->catalog = NULL;
    return 0;
}

static struct warm_model *take(struct operation *operation)
{
    struct warm_model *model = calloc(1, sizeof *model);
    if (!model)
        return NULL;
    *model = (struct warm_model){.references = 1, .arena = mrpc_arena_new(0)};
    if (fill(model, operation) == 0)
        return model;
    mrpc_arena_free(model->arena);
    free(model);
    return NULL;
}

/* Those of @before that stay beside @model: the newest that fit, but not what @reference meant. */
static size_t first_to_stay(const struct table_of_models *before, const struct warm_model *model)
{
    size_t bytes = model->artifact.size, first = before->count;
    while (first && before->count - first + 1 < MODELS_MAX &&
           (bytes += before->entries[first - 1].model->artifact.size) <= TABLE_BYTES_MAX)
        first--;
    return first;
}

static void publish_with(struct warm_models *models, const char *reference, struct warm_model *model)
{
    struct table_of_models *before = (struct table_of_models *)snapshot_acquire(&models->table);
    struct table_of_models *after = new_table(MODELS_MAX);
    for (size_t i = first_to_stay(before, model); after && i < before->count; i++)
        if (strcmp(before->entries[i].reference, reference) != 0) {
            after->entries[after->count] = before->entries[i];
            ref(after->entries[after->count++].model);
        }
    if (after) {
        struct entry *entry = &after->entries[after->count++];
        memcpy(entry->reference, reference, strlen(reference) + 1);
        entry->model = ref(model);
        snapshot_publish(&models->table, &after->snapshot);
    }
    snapshot_release(&before->snapshot);
}

void warm_models_keep(struct warm_models *models, const char *reference, struct operation *operation)
{
    if (operation->forgotten != models->forgotten || strlen(reference) >= REFERENCE_BYTES ||
        !operation->artifact.bytes || operation->artifact.size > MODEL_BYTES_MAX)
        return;
    struct warm_model *model = take(operation);
    if (!model)
        return;
    publish_with(models, reference, model);
    warm_model_unref(model);
}

void warm_models_forget(struct warm_models *models)
{
    struct table_of_models *empty = new_table(0);
    while (!empty)          /* a stale answer would be wrong, and 32 bytes come back soon */
        empty = new_table(0);
    models->forgotten++;
    snapshot_publish(&models->table, &empty->snapshot);
}

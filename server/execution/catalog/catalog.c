/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/catalog/catalog.h"
#include "execution/catalog/nearest.h"

enum { PATH_BYTES = 4096, MODELS_MAX = 4096, ARENA_BYTES = 64 * 1024 * 1024 };

struct builder {
    struct catalog *catalog;
    struct catalog_model *models;
    size_t model_count;
    struct catalog_plugin *plugins;
    size_t plugin_count;
    const char *plugins_folder;
    struct fault *fault;
};

static void free_catalog(struct snapshot *snapshot)
{
    struct catalog *catalog = (struct catalog *)snapshot;
    mrpc_arena_free(catalog->arena);
    free(catalog);
}

struct catalog *catalog_new(uint64_t generation)
{
    struct catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog)
        return NULL;
    snapshot_init(&catalog->snapshot, free_catalog);
    catalog->generation = generation;
    catalog->arena = mrpc_arena_new(ARENA_BYTES);
    if (catalog->arena)
        return catalog;
    free(catalog);
    return NULL;
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int only_yaml(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name);
    return entry->d_name[0] != '.' && bytes > 5 && strcmp(entry->d_name + bytes - 5, ".yaml") == 0;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int read_model(struct builder *builder, const char *family, const char *path)
{
    if (builder->model_count == MODELS_MAX)
        return fault_set(builder->fault, MRPC_RESOURCE_EXHAUSTED, "more than %d models", MODELS_MAX);
    struct catalog_model *model = &builder->models[builder->model_count];
    int code = catalog_model_read(path, builder->catalog->arena, model, builder->fault);
    if (code)
        return code;
    if (strcmp(model->family, family) != 0)
        return fault_set(builder->fault, MRPC_INVALID_ARGUMENT, "%s: family \"%s\" in the folder of \"%s\"", path,
                         model->family, family);
    builder->model_count++;
    return 0;
}

static int add_plugin(struct builder *builder, const char *family, size_t model_count)
{
    struct mrpc_arena *arena = builder->catalog->arena;
    struct catalog_plugin *plugin = &builder->plugins[builder->plugin_count++];
    *plugin = (struct catalog_plugin){
        .family = mrpc_arena_strdup(arena, family),
        .path = mrpc_arena_printf(arena, "%s/libmltrainer_%s.so", builder->plugins_folder, family),
        .state = CATALOG_PLUGIN_PROBING,
        .reason = "",
        .model_count = model_count,
        .version = "",
        .description = "",
        .licence = "",
        .engine = "",
    };
    if (!plugin->family || !plugin->path)
        return no_memory(builder->fault);
    if (access(plugin->path, R_OK) == 0)
        return 0;
    plugin->state = CATALOG_PLUGIN_REFUSED;
    plugin->reason = mrpc_arena_printf(arena, "libmltrainer_%s.so: %s", family, strerror(errno));
    return plugin->reason ? 0 : no_memory(builder->fault);
}

static int read_family(struct builder *builder, const char *folder, const char *family)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, family);
    struct dirent **names;
    int count = scandir(path, &names, only_yaml, alphasort);
    if (count < 0) /* a file among the families */
        return 0;
    int code = 0;
    size_t before = builder->model_count;
    for (int i = 0; i < count; i++) {
        int size = snprintf(path, sizeof path, "%s/%s/%s", folder, family, names[i]->d_name);
        if (!code)
            code = size < 0 || (size_t)size >= sizeof path
                       ? fault_set(builder->fault, MRPC_INVALID_ARGUMENT, "%s: a path is too long", folder)
                       : read_model(builder, family, path);
        free(names[i]);
    }
    free(names);
    if (!code && builder->model_count > before)
        code = add_plugin(builder, family, builder->model_count - before);
    return code;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct catalog_model *)a)->id, ((const struct catalog_model *)b)->id);
}

/* A model can be used when its plugin may have it: one that was not probed yet has the benefit of the doubt. */
static const char *why_unavailable(struct mrpc_arena *arena, const struct catalog_model *model,
                                   const struct catalog_plugin *plugin, unsigned *operations)
{
    if (model->withheld)
        return model->withheld;
    if (plugin->state != CATALOG_PLUGIN_READY && plugin->state != CATALOG_PLUGIN_PROBING)
        return plugin->reason;
    if (plugin->state == CATALOG_PLUGIN_PROBING)
        return NULL;
    for (size_t i = 0; i < plugin->algorithm_count; i++)
        if (strcmp(plugin->algorithms[i].id, model->algorithm) == 0) {
            *operations = plugin->algorithms[i].operations;
            return NULL;
        }
    const char *text = mrpc_arena_printf(arena, "plugin %s %s has no algorithm \"%s\"", plugin->family, plugin->version,
                                         model->algorithm);
    return text ? text : "the plugin does not have its algorithm";
}

void catalog_judge(struct catalog *catalog, struct catalog_model *models)
{
    for (size_t i = 0; i < catalog->model_count; i++) {
        const struct catalog_plugin *plugin = catalog_find_plugin(catalog, models[i].family);
        models[i].unavailable = why_unavailable(catalog->arena, &models[i], plugin, &models[i].operations);
    }
}

static int finish(struct builder *builder)
{
    struct catalog *catalog = builder->catalog;
    qsort(builder->models, builder->model_count, sizeof *builder->models, by_id);
    for (size_t i = 1; i < builder->model_count; i++)
        if (by_id(&builder->models[i - 1], &builder->models[i]) == 0)
            return fault_set(builder->fault, MRPC_INVALID_ARGUMENT, "%s: model \"%s\" is in %s too",
                             builder->models[i].file, builder->models[i].id, builder->models[i - 1].file);
    struct catalog_model *models =
        mrpc_arena_memdup(catalog->arena, builder->models, builder->model_count * sizeof *models);
    if (!models)
        return no_memory(builder->fault);
    catalog->models = models;
    catalog->model_count = builder->model_count;
    catalog->plugins = builder->plugins;
    catalog->plugin_count = builder->plugin_count;
    catalog_judge(catalog, models);
    return 0;
}

int catalog_read(const char *models_folder, const char *plugins_folder, uint64_t generation, struct catalog **out,
                 struct fault *fault)
{
    struct dirent **families;
    int count = scandir(models_folder, &families, not_hidden, alphasort);
    if (count < 0)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: %s", models_folder, strerror(errno));
    struct builder builder = {.catalog = catalog_new(generation), .plugins_folder = plugins_folder, .fault = fault};
    builder.models = calloc(MODELS_MAX, sizeof *builder.models);
    if (builder.catalog)
        builder.plugins = mrpc_arena_calloc(builder.catalog->arena, (size_t)count + 1, sizeof *builder.plugins);
    int code = builder.models && builder.plugins ? 0 : no_memory(fault);
    for (int i = 0; i < count; i++) {
        if (!code)
            code = read_family(&builder, models_folder, families[i]->d_name);
        free(families[i]);
    }
    free(families);
    if (!code)
        code = finish(&builder);
    free(builder.models);
    if (!code)
        *out = builder.catalog;
    else if (builder.catalog)
        snapshot_release(&builder.catalog->snapshot);
    return code;
}

const struct catalog_model *catalog_find_model(const struct catalog *catalog, const char *id)
{
    struct catalog_model key = {.id = id};
    return bsearch(&key, catalog->models, catalog->model_count, sizeof key, by_id);
}

const struct catalog_plugin *catalog_find_plugin(const struct catalog *catalog, const char *family)
{
    for (size_t i = 0; i < catalog->plugin_count; i++)
        if (strcmp(catalog->plugins[i].family, family) == 0)
            return &catalog->plugins[i];
    return NULL;
}

static const char *model_id(const void *names, size_t index)
{
    return ((const struct catalog *)names)->models[index].id;
}

int catalog_require(const struct catalog *catalog, const char *id, enum catalog_operation operation, const char *field,
                    const struct catalog_model **out, struct fault *fault)
{
    const struct catalog_model *model = catalog_find_model(catalog, id);
    if (!model) {
        const char *nearest = nearest_name(id, catalog, catalog->model_count, model_id);
        return nearest
                   ? fault_set(fault, MRPC_NOT_FOUND, "%s: no model \"%.64s\"; is \"%s\" meant?", field, id, nearest)
                   : fault_set(fault, MRPC_NOT_FOUND, "%s: no model \"%.64s\"", field, id);
    }
    if (model->unavailable)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "model %s is not available: %s", id, model->unavailable);
    if (!(model->operations & operation))
        return fault_field(fault, field, "model %s (task %s) cannot do that", id, model->task);
    *out = model;
    return 0;
}

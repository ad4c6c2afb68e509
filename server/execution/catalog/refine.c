/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/catalog/catalog.h"

/* A catalog that has learnt what its plugins are. It shares nothing with the old one, which may go at any time: every
 * pointer is copied. */

struct copier {
    struct mrpc_arena *arena;
    bool failed;
};

static const char *text(struct copier *copier, const char *original)
{
    if (!original)
        return NULL;
    char *copy = mrpc_arena_strdup(copier->arena, original);
    copier->failed |= !copy;
    return copy;
}

static void *bytes(struct copier *copier, const void *original, size_t count, size_t item_bytes)
{
    void *copy = mrpc_arena_calloc(copier->arena, count + 1, item_bytes);
    copier->failed |= !copy;
    if (copy && count)
        memcpy(copy, original, count * item_bytes);
    return copy;
}

static const char *const *texts(struct copier *copier, const char *const *original, size_t count)
{
    const char **copy = bytes(copier, original, count, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = text(copier, original[i]);
    return copy;
}

static const struct mltrainer_parameter *value(struct copier *copier, const struct mltrainer_parameter *original)
{
    struct mltrainer_parameter *copy = original ? bytes(copier, original, 1, sizeof *copy) : NULL;
    if (!copy)
        return NULL;
    copy->name = text(copier, original->name);
    copy->text = text(copier, original->text);
    if (original->numbers)
        copy->numbers = bytes(copier, original->numbers, original->count, sizeof *original->numbers);
    if (original->texts)
        copy->texts = texts(copier, original->texts, original->count);
    return copy;
}

static const struct catalog_column *columns(struct copier *copier, const struct catalog_column *original, size_t count)
{
    struct catalog_column *copy = bytes(copier, original, count, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        copy[i].name = text(copier, original[i].name);
        copy[i].parameter = text(copier, original[i].parameter);
        copy[i].doc = text(copier, original[i].doc);
    }
    return copy;
}

static const struct catalog_parameter *parameters(struct copier *copier, const struct catalog_model *model)
{
    struct catalog_parameter *copy = bytes(copier, model->parameters, model->parameter_count, sizeof *copy);
    for (size_t i = 0; copy && i < model->parameter_count; i++) {
        const struct catalog_parameter *original = &model->parameters[i];
        copy[i].name = text(copier, original->name);
        copy[i].aliases = texts(copier, original->aliases, original->alias_count);
        copy[i].doc = text(copier, original->doc);
        copy[i].fallback = value(copier, original->fallback);
        copy[i].choices = texts(copier, original->choices, original->choice_count);
    }
    return copy;
}

static const struct catalog_absence *absences(struct copier *copier, const struct catalog_model *model)
{
    struct catalog_absence *copy = bytes(copier, model->absences, model->absence_count, sizeof *copy);
    for (size_t i = 0; copy && i < model->absence_count; i++) {
        copy[i].name = text(copier, model->absences[i].name);
        copy[i].reason = text(copier, model->absences[i].reason);
    }
    return copy;
}

static void copy_model(struct copier *copier, const struct catalog_model *from, struct catalog_model *to)
{
    *to = *from;
    to->id = text(copier, from->id);
    to->family = text(copier, from->family);
    to->algorithm = text(copier, from->algorithm);
    to->description = text(copier, from->description);
    to->reference = text(copier, from->reference);
    to->engine = text(copier, from->engine);
    to->file = text(copier, from->file);
    to->withheld = text(copier, from->withheld);
    to->parameters = parameters(copier, from);
    to->absences = absences(copier, from);
    to->columns = columns(copier, from->columns, from->column_count);
    to->outputs = columns(copier, from->outputs, from->output_count);
    to->metrics = texts(copier, from->metrics, from->metric_count);
}

static void copy_plugin(struct copier *copier, const struct catalog_plugin *from, struct catalog_plugin *to)
{
    *to = *from;
    to->family = text(copier, from->family);
    to->path = text(copier, from->path);
    to->reason = text(copier, from->reason);
    to->version = text(copier, from->version);
    to->description = text(copier, from->description);
    to->licence = text(copier, from->licence);
    to->engine = text(copier, from->engine);
    struct catalog_algorithm *algorithms = bytes(copier, from->algorithms, from->algorithm_count, sizeof *algorithms);
    for (size_t i = 0; algorithms && i < from->algorithm_count; i++)
        algorithms[i].id = text(copier, from->algorithms[i].id);
    to->algorithms = algorithms;
}

struct catalog *catalog_with_plugins(const struct catalog *catalog, const struct catalog_plugin *plugins)
{
    struct catalog *copy = catalog_new(catalog->generation);
    if (!copy)
        return NULL;
    struct copier copier = {.arena = copy->arena};
    struct catalog_model *models = bytes(&copier, catalog->models, catalog->model_count, sizeof *models);
    struct catalog_plugin *known = bytes(&copier, plugins, catalog->plugin_count, sizeof *known);
    for (size_t i = 0; !copier.failed && i < catalog->model_count; i++)
        copy_model(&copier, &catalog->models[i], &models[i]);
    for (size_t i = 0; !copier.failed && i < catalog->plugin_count; i++)
        copy_plugin(&copier, &plugins[i], &known[i]);
    if (copier.failed) {
        snapshot_release(&copy->snapshot);
        return NULL;
    }
    copy->models = models;
    copy->model_count = catalog->model_count;
    copy->plugins = known;
    copy->plugin_count = catalog->plugin_count;
    catalog_judge(copy, models);
    return copy;
}

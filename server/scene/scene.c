/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene/scene_internal.h"

struct scene *scene_ref(struct scene *scene)
{
    atomic_fetch_add_explicit(&((struct scene_block *)scene)->references, 1, memory_order_relaxed);
    return scene;
}

void scene_unref(struct scene *scene)
{
    struct scene_block *block = (struct scene_block *)scene;
    if (!block || atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) != 1)
        return;
    free(block->text);
    free(block->items);
    free(block->edges);
    free(block->slots);
    free(block);
}

size_t scene_id_hash(const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32);
}

int scene_plot_read(const char *text, double *values)
{
    int count = 0;

    for (char *end; *text; text = end) {
        double value = strtod(text, &end);
        if (end == text || !isfinite(value) || (*end && *end != ' ') || count == SCENE_MAX_PLOT)
            return 0;
        end += *end == ' ';
        values[count++] = value;
    }
    return count < 2 ? 0 : count;
}

int scene_find(const struct scene *scene, const char *id)
{
    const struct scene_block *block = (const struct scene_block *)scene;
    if (block->slot_count == 0)
        return -1;
    for (size_t slot = scene_id_hash(id) % block->slot_count;; slot = (slot + 1) % block->slot_count) {
        int item = block->slots[slot];
        if (item < 0 || strcmp(scene->items[item].id, id) == 0)
            return item;
    }
}

enum scene_health scene_health_of(int healthy_count, int total_count)
{
    if (total_count == 0)
        return SCENE_HEALTH_UNKNOWN;
    if (healthy_count == 0)
        return SCENE_HEALTH_DOWN;
    return healthy_count < total_count ? SCENE_HEALTH_DEGRADED : SCENE_HEALTH_HEALTHY;
}

bool scene_item_has_mark(const struct scene_item *item)
{
    return item->health != SCENE_HEALTH_NONE || item->drift == SCENE_DRIFT_ABSENT;
}

const char *scene_health_name(enum scene_health health)
{
    static const char *const names[] = {"none", "unknown", "healthy", "degraded", "down"};
    return names[health];
}

static const char *const icon_names[SCENE_ICON_COUNT] = {"none",  "service", "database", "queue", "worker", "user",
                                                         "external", "model", "file", "clock", "page", "lock"};

const char *scene_icon_name(enum scene_icon icon)
{
    return icon_names[icon];
}

enum scene_icon scene_icon_named(const char *name)
{
    for (int icon = 0; icon < SCENE_ICON_COUNT; icon++)
        if (strcmp(icon_names[icon], name) == 0)
            return (enum scene_icon)icon;
    return SCENE_ICON_NONE;
}

int scene_compare(const struct scene *a, const struct scene *b, int *changed)
{
    if (strcmp(a->shape_digest, b->shape_digest) != 0)
        return -1;
    int count = 0;
    for (int i = 0; i < a->item_count; i++)
        if (a->items[i].health != b->items[i].health || strcmp(a->items[i].detail, b->items[i].detail) != 0)
            changed[count++] = i;
    return count;
}

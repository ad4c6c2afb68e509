/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/place.h"

#include <string.h>

#include "scene/scene.h"

static const char *parent_id(const struct scene *scene, int item)
{
    int parent = scene->items[item].parent;
    return parent < 0 ? "" : scene->items[parent].id;
}

void layout_places_carry(const struct scene *before, const struct layout_place *places, const struct scene *scene,
                         struct layout_place *out)
{
    for (int i = 0; i < scene->item_count; i++) {
        int was = scene_find(before, scene->items[i].id);
        bool same = was >= 0 && strcmp(parent_id(before, was), parent_id(scene, i)) == 0;
        out[i] = same ? places[was] : (struct layout_place){-1, -1};
    }
}

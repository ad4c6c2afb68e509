/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/overlay.h"

/* From the names of views to their scenes as they are now. */

static bool holds(const struct overlay_names *names, const char *name, size_t length)
{
    for (size_t i = 0; i < names->count; i++)
        if (strncmp(names->name[i], name, length) == 0 && names->name[i][length] == '\0')
            return true;
    return false;
}

static int take_name(struct overlay_names *names, const char *name, size_t length, struct fault *fault)
{
    if (length == 0 || length > SCENE_MAX_ID_BYTES || holds(names, name, length))
        return 0;
    if (names->count == OVERLAY_MAX_VIEWS)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "more than %d live views are named", OVERLAY_MAX_VIEWS);
    snprintf(names->name[names->count++], sizeof names->name[0], "%.*s", (int)length, name);
    return 0;
}

int overlay_names_of(const struct scene *declared, struct overlay_names *out, struct fault *fault)
{
    int code = 0;
    out->count = 0;
    for (int i = 0; code == 0 && i < declared->item_count; i++)
        code = take_name(out, declared->items[i].live, strcspn(declared->items[i].live, "/"), fault);
    for (const char *at = declared->covers; code == 0 && *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        code = take_name(out, at, length, fault);
        at += length;
    }
    return code;
}

bool overlay_wanted(const struct scene *declared)
{
    bool wanted = *declared->covers;
    for (int i = 0; !wanted && i < declared->item_count; i++)
        wanted = *declared->items[i].live;
    return wanted;
}

static bool covers(const struct scene *declared, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = declared->covers; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0)
            return true;
        at += word;
    }
    return false;
}

bool overlay_can_use(const struct scene_source *source)
{
    return !*source->argument && !source->declared;
}

static int take_scene(const struct scene_sources *sources, const char *name, struct scene **out, struct fault *fault)
{
    const char *argument;
    const struct scene_source *source = scene_sources_find(sources, name, &argument);
    if (!source || !overlay_can_use(source) || *argument)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "\"%.128s\" is not a view that can be laid over another", name);
    return source->snapshot(source->self, "", out, fault);
}

int overlay_live(const struct scene_sources *sources, const struct scene *declared, const char *by_id,
                 struct scene **out, struct fault *fault)
{
    struct overlay_names names;
    struct overlay_view views[OVERLAY_MAX_VIEWS];
    struct scene *scenes[OVERLAY_MAX_VIEWS] = {NULL};
    int code = overlay_names_of(declared, &names, fault);
    if (code == 0)
        code = take_name(&names, by_id, strlen(by_id), fault);
    for (size_t i = 0; code == 0 && i < names.count; i++) {
        bool whole = strcmp(names.name[i], by_id) == 0;
        code = take_scene(sources, names.name[i], &scenes[i], fault);
        views[i] = (struct overlay_view){.name = names.name[i],
                                         .scene = scenes[i],
                                         .covered = whole || covers(declared, names.name[i]),
                                         .by_id = whole};
    }
    if (code == 0)
        code = overlay_join(declared, views, names.count, out, fault);
    for (size_t i = 0; i < OVERLAY_MAX_VIEWS; i++)
        scene_unref(scenes[i]);
    return code;
}

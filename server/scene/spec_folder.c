/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/spec_folder.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/spec.h"

struct declared_view {
    struct scene_source source;
    struct scene *scene;
    char name[SCENE_MAX_ID_BYTES + 1];
};

struct spec_folder {
    size_t count;
    struct declared_view views[];
};

static int snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    struct declared_view *view = self;
    *out = scene_ref(view->scene);
    return 0;
}

static int load(struct declared_view *view, const char *path, struct fault *fault)
{
    const char *base = strrchr(path, '/') + 1;
    snprintf(view->name, sizeof view->name, "%.*s", (int)(strlen(base) - strlen(".yaml")), base);
    int code = scene_spec_read_file(path, &view->scene, fault);
    if (code)
        return code;
    view->source = (struct scene_source){
        .name = view->name,
        .title = view->scene->title,
        .description = view->scene->description,
        .argument = "",
        .snapshot = snapshot,
        .self = view,
    };
    return 0;
}

static void folder_free(void *object)
{
    struct spec_folder *folder = object;
    for (size_t i = 0; i < folder->count; i++)
        scene_unref(folder->views[i].scene);
    free(folder);
}

static int load_all(const glob_t *found, struct scene_sources *sources, struct fault *fault)
{
    struct spec_folder *folder = calloc(1, sizeof *folder + found->gl_pathc * sizeof *folder->views);
    if (!folder)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    folder->count = found->gl_pathc;
    int code = scene_sources_keep(sources, folder, folder_free, fault);
    for (size_t i = 0; code == 0 && i < found->gl_pathc; i++) {
        code = load(&folder->views[i], found->gl_pathv[i], fault);
        if (code == 0)
            code = scene_sources_add(sources, &folder->views[i].source, fault);
    }
    return code;
}

int spec_folder_add(const char *path, struct scene_sources *sources, struct fault *fault)
{
    char pattern[4200];
    glob_t found = {0};
    snprintf(pattern, sizeof pattern, "%s/*.yaml", path);
    int status = glob(pattern, GLOB_NOESCAPE, NULL, &found);
    int code = status == 0 || status == GLOB_NOMATCH
                   ? load_all(&found, sources, fault)
                   : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "%s cannot be listed", path);
    globfree(&found);
    return code;
}

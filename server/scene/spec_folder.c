/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/spec_folder.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/overlay.h"
#include "scene/spec.h"

struct declared_view {
    struct scene_source source;
    struct scene *scene;
    char name[SCENE_MAX_ID_BYTES + 1];
    const struct scene_sources *sources; /* where the views that it names are */
    struct overlay_names names;
    const char *listens[OVERLAY_MAX_VIEWS + 1];
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

static int snapshot_joined(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    struct declared_view *view = self;
    return overlay_live(view->sources, view->scene, "", out, fault);
}

static const struct scene *declared(void *self)
{
    return ((struct declared_view *)self)->scene;
}

/* A view that names live ones is live itself, and hears of their changes. */
static int make_live(struct declared_view *view, struct fault *fault)
{
    int code = overlay_names_of(view->scene, &view->names, fault);
    if (code || view->names.count == 0)
        return code;
    for (size_t i = 0; i < view->names.count; i++)
        view->listens[i] = view->names.name[i];
    view->source.live = 1;
    view->source.snapshot = snapshot_joined;
    view->source.declared = declared;
    view->source.listens = view->listens;
    return 0;
}

static int load(struct declared_view *view, const char *path, const char *live_views, struct fault *fault)
{
    const char *base = strrchr(path, '/') + 1;
    snprintf(view->name, sizeof view->name, "%.*s", (int)(strlen(base) - strlen(".yaml")), base);
    int code = scene_spec_read_file(path, live_views, &view->scene, fault);
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
    return make_live(view, fault);
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
    char *live_views = code ? NULL : scene_sources_names(sources, overlay_can_use);
    if (code == 0 && !live_views)
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; code == 0 && i < found->gl_pathc; i++) {
        folder->views[i].sources = sources;
        code = load(&folder->views[i], found->gl_pathv[i], live_views, fault);
        if (code == 0)
            code = scene_sources_add(sources, &folder->views[i].source, fault);
    }
    free(live_views);
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

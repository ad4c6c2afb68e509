/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "scene/overlay.h"
#include "scene/text_check.h"

static bool view_id_valid(const char *view)
{
    char name[SCENE_MAX_ID_BYTES + 1];
    size_t length = strcspn(view, ":");
    if (length > SCENE_MAX_ID_BYTES)
        return false;
    memcpy(name, view, length);
    name[length] = '\0';
    return scene_id_valid(name) && (view[length] == '\0' || scene_id_valid(view + length + 1));
}

int drawing_find_view(const struct diagram *diagram, const char *view, const struct scene_source **source,
                      const char **argument, struct fault *fault)
{
    if (!view_id_valid(view))
        return fault_field(fault, "view", "\"%.64s\" is not NAME or NAME:ARGUMENT of [A-Za-z0-9._-]{1,128}", view);
    *source = scene_sources_find(diagram->sources, view, argument);
    if (!*source)
        return fault_set(fault, MRPC_NOT_FOUND, "there is no view \"%.128s\"", view);
    if (**argument && !*(*source)->argument)
        return fault_field(fault, "view", "\"%s\" takes no argument", (*source)->name);
    if (!**argument && *(*source)->argument)
        return fault_field(fault, "view", "\"%s\" needs an argument: %s:%s", (*source)->name, (*source)->name,
                           (*source)->argument);
    return 0;
}

int drawing_read_options(int format, int theme, int dpi, double scale, struct render_options *out, struct fault *fault)
{
    if (format < 0 || format > RENDER_D2)
        return fault_field(fault, "format", "%d is not a format", format);
    if (theme < 0 || theme > RENDER_AUTO)
        return fault_field(fault, "theme", "%d is not a theme", theme);
    if (dpi != 0 && (dpi < RENDER_MIN_DPI || dpi > RENDER_MAX_DPI))
        return fault_field(fault, "dpi", "%d is not in %d..%d", dpi, RENDER_MIN_DPI, RENDER_MAX_DPI);
    if (scale != 0 && !(scale >= 0.1 && scale <= 8))
        return fault_field(fault, "scale", "%g is not in 0.1..8", scale);
    out->format = format ? (enum render_format)format : RENDER_SVG;
    out->theme = theme ? (enum render_theme)theme : out->format == RENDER_SVG ? RENDER_AUTO : RENDER_LIGHT;
    out->dpi = dpi ? dpi : 96;
    out->scale = scale != 0 ? scale : 1;
    if (out->theme == RENDER_AUTO && (out->format == RENDER_PNG || out->format == RENDER_PDF))
        return fault_field(fault, "theme", "only SVG follows its reader: ask for LIGHT or DARK");
    return 0;
}

/* The scene of a view, with @overlay laid over what it declares. */
static int take_view(const struct diagram *diagram, const char *view, const char *overlay, struct scene **out,
                     struct fault *fault)
{
    const struct scene_source *source;
    const char *argument;
    struct scene *plain = NULL;
    int code = drawing_find_view(diagram, view, &source, &argument, fault);
    if (code)
        return code;
    if (!*overlay)
        return source->snapshot(source->self, argument, out, fault);
    if (source->declared)
        return overlay_live(diagram->sources, source->declared(source->self), overlay, out, fault);
    code = source->snapshot(source->self, argument, &plain, fault);
    if (code == 0)
        code = overlay_live(diagram->sources, plain, overlay, out, fault);
    scene_unref(plain);
    return code;
}

static int check_overlay(const struct diagram *diagram, const char *overlay, struct fault *fault)
{
    const char *argument;
    const struct scene_source *source = *overlay ? scene_sources_find(diagram->sources, overlay, &argument) : NULL;
    if (!*overlay || (source && !*argument && overlay_can_use(source)))
        return 0;
    char *names = scene_sources_names(diagram->sources, overlay_can_use);
    int code = fault_field(fault, "drawing.overlay", "\"%.64s\" is not a view that can be laid over another: %s",
                           overlay, names ? names : "");
    free(names);
    return code;
}

int drawing_read(struct diagram *diagram, const Mltrainer__Diagram__V1__Drawing *request, struct drawing *out,
                 struct fault *fault)
{
    if (!request)
        return fault_field(fault, "drawing", "is required");
    out->diagram = diagram;
    out->overlay = request->overlay;
    out->job.request.operation = MESSAGE_RENDER;
    int code = check_overlay(diagram, request->overlay, fault);
    if (code)
        return code;
    code = drawing_read_options((int)request->format, (int)request->theme, request->dpi, request->scale,
                                    &out->job.request.options, fault);
    if (code)
        return code;
    switch (request->source_case) {
    case MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_VIEW:
        code = take_view(diagram, request->view, request->overlay, &out->scene, fault);
        out->job.request.scene = out->scene;
        return code;
    case MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_SPEC:
        out->job.request.spec = request->spec;
        out->job.request.join = *request->overlay;
        out->job.request.live_views = diagram->live_views;
        out->job.request.spec_bytes = strlen(request->spec);
        if (out->job.request.spec_bytes > SCENE_SPEC_MAX_BYTES)
            return fault_field(fault, "drawing.spec", "has %zu bytes, more than %d", out->job.request.spec_bytes,
                               SCENE_SPEC_MAX_BYTES);
        return 0;
    default:
        return fault_field(fault, "drawing", "needs a view or a spec");
    }
}

/* The renderer has read a spec that names live views: lay them over it, and have that drawn. */
static int draw_joined(struct drawing *drawing, const struct message_response *answer, struct fault *fault)
{
    struct scene *declared = NULL;
    const char *overlay = drawing->overlay ? drawing->overlay : "";
    int code = message_get_scene(answer->content, answer->content_bytes, &declared, fault);
    if (code == 0)
        code = overlay_live(drawing->diagram->sources, declared, overlay, &drawing->scene, fault);
    scene_unref(declared);
    if (code)
        return code;
    drawing->cpu_us = answer->cpu_us;
    drawing->job.request.scene = drawing->scene;
    return renderer_submit(drawing->diagram->renderer, &drawing->job, fault);
}

static void on_rendered(struct renderer_job *job, const struct message_response *response)
{
    struct drawing *drawing = (struct drawing *)job;
    struct message_response failed = {.content = ""};
    if (response->fault.code || !response->declared)
        drawing->done(drawing, response);
    else if (draw_joined(drawing, response, &failed.fault))
        drawing->done(drawing, &failed);
}

static void submit(struct domain_task *task)
{
    struct drawing *drawing = (struct drawing *)((char *)task - offsetof(struct drawing, task));
    struct message_response response = {.content = ""};
    drawing->job.done = on_rendered;
    if (renderer_submit(drawing->diagram->renderer, &drawing->job, &response.fault))
        drawing->done(drawing, &response);
}

int drawing_start(struct drawing *drawing, struct fault *fault)
{
    drawing->task.run = submit;
    if (domain_loop_post_task(drawing->diagram->loop, &drawing->task))
        return fault_set(fault, MRPC_UNAVAILABLE, "the server stops");
    return 0;
}

void drawing_fini(struct drawing *drawing)
{
    scene_unref(drawing->scene);
    drawing->scene = NULL;
}

/* The scene's order is that of declaration; the reply's is by kind, then by id. */
static int compare_drift(const void *a, const void *b)
{
    const Mltrainer__Diagram__V1__Drift *left = *(Mltrainer__Diagram__V1__Drift *const *)a;
    const Mltrainer__Diagram__V1__Drift *right = *(Mltrainer__Diagram__V1__Drift *const *)b;
    return left->kind != right->kind ? (int)left->kind - (int)right->kind : strcmp(left->id, right->id);
}

static int add_drift(struct mrpc_arena *arena, enum scene_drift kind, char *id, const char *title,
                     Mltrainer__Diagram__V1__PictureInfo *out)
{
    Mltrainer__Diagram__V1__Drift *drift = mrpc_arena_alloc(arena, sizeof *drift);
    if (!drift || !id)
        return -1;
    mltrainer__diagram__v1__drift__init(drift);
    drift->kind = (Mltrainer__Diagram__V1__Drift__Kind)kind;
    drift->id = id;
    drift->title = mrpc_arena_strdup(arena, title);
    out->drift[out->n_drift++] = drift;
    return drift->title ? 0 : -1;
}

static int describe_drift(const struct scene *scene, struct mrpc_arena *arena, Mltrainer__Diagram__V1__PictureInfo *out)
{
    size_t count = 0;
    for (int i = 0; i < scene->item_count; i++)
        count += scene->items[i].drift != SCENE_DRIFT_NONE;
    for (int i = 0; i < scene->edge_count; i++)
        count += scene->edges[i].drift != SCENE_DRIFT_NONE;
    if (count == 0)
        return 0;
    int failed = !(out->drift = mrpc_arena_calloc(arena, count, sizeof *out->drift));
    for (int i = 0; !failed && i < scene->item_count; i++) {
        const struct scene_item *item = &scene->items[i];
        if (item->drift != SCENE_DRIFT_NONE)
            failed = add_drift(arena, item->drift, mrpc_arena_strdup(arena, item->id), item->title, out);
    }
    for (int i = 0; !failed && i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        if (edge->drift == SCENE_DRIFT_NONE)
            continue;
        const char *from = scene->items[edge->from].id, *to = scene->items[edge->to].id;
        failed = add_drift(arena, edge->drift, mrpc_arena_printf(arena, "%s->%s", from, to), edge->label, out);
    }
    if (!failed)
        qsort(out->drift, out->n_drift, sizeof *out->drift, compare_drift);
    return failed;
}

int drawing_describe(const struct drawing *drawing, const struct message_response *response, struct mrpc_arena *arena,
                     Mltrainer__Diagram__V1__PictureInfo *out, struct fault *fault)
{
    enum render_format format = drawing->job.request.options.format;
    Google__Protobuf__Duration *time = mrpc_arena_alloc(arena, sizeof *time);
    char *media_type = mrpc_arena_strdup(arena, render_media_type(format));
    char *digest = mrpc_arena_strdup(arena, response->summary.digest);
    if (!time || !media_type || !digest)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the reply");
    google__protobuf__duration__init(time);
    int64_t cpu_us = drawing->cpu_us + response->cpu_us;
    time->seconds = cpu_us / 1000000;
    time->nanos = (int32_t)(cpu_us % 1000000 * 1000);
    mltrainer__diagram__v1__picture_info__init(out);
    out->format = (Mltrainer__Diagram__V1__Format)format;
    out->media_type = media_type;
    out->size_bytes = (int64_t)response->content_bytes;
    out->width = response->width;
    out->height = response->height;
    out->scene_digest = digest;
    out->render_time = time;
    if (drawing->scene && describe_drift(drawing->scene, arena, out))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the reply");
    return 0;
}

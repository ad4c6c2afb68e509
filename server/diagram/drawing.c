/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/drawing.h"

#include <string.h>

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

int drawing_take_view(const struct diagram *diagram, const char *view, const struct scene_source **source,
                      struct scene **out, struct fault *fault)
{
    const char *argument;
    if (!view_id_valid(view))
        return fault_field(fault, "view", "\"%.64s\" is not NAME or NAME:ARGUMENT of [A-Za-z0-9._-]{1,128}", view);
    *source = scene_sources_find(diagram->sources, view, &argument);
    if (!*source)
        return fault_set(fault, MRPC_NOT_FOUND, "there is no view \"%.128s\"", view);
    if (*argument && !*(*source)->argument)
        return fault_field(fault, "view", "\"%s\" takes no argument", (*source)->name);
    if (!*argument && *(*source)->argument)
        return fault_field(fault, "view", "\"%s\" needs an argument: %s:%s", (*source)->name, (*source)->name,
                           (*source)->argument);
    return (*source)->snapshot((*source)->self, argument, out, fault);
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

int drawing_read(struct diagram *diagram, const Mltrainer__Diagram__V1__Drawing *request, struct drawing *out,
                 struct fault *fault)
{
    const struct scene_source *source;
    if (!request)
        return fault_field(fault, "drawing", "is required");
    if (*request->overlay)
        return fault_set(fault, MRPC_UNIMPLEMENTED, "drawing.overlay is not carried out yet");
    out->diagram = diagram;
    out->job.request.operation = MESSAGE_RENDER;
    int code = drawing_read_options((int)request->format, (int)request->theme, request->dpi, request->scale,
                                    &out->job.request.options, fault);
    if (code)
        return code;
    switch (request->source_case) {
    case MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_VIEW:
        code = drawing_take_view(diagram, request->view, &source, &out->scene, fault);
        out->job.request.scene = out->scene;
        return code;
    case MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_SPEC:
        out->job.request.spec = request->spec;
        out->job.request.spec_bytes = strlen(request->spec);
        if (out->job.request.spec_bytes > SCENE_SPEC_MAX_BYTES)
            return fault_field(fault, "drawing.spec", "has %zu bytes, more than %d", out->job.request.spec_bytes,
                               SCENE_SPEC_MAX_BYTES);
        return 0;
    default:
        return fault_field(fault, "drawing", "needs a view or a spec");
    }
}

static void on_rendered(struct renderer_job *job, const struct message_response *response)
{
    struct drawing *drawing = (struct drawing *)job;
    drawing->done(drawing, response);
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
    time->seconds = response->cpu_us / 1000000;
    time->nanos = (int32_t)(response->cpu_us % 1000000 * 1000);
    mltrainer__diagram__v1__picture_info__init(out);
    out->format = (Mltrainer__Diagram__V1__Format)format;
    out->media_type = media_type;
    out->size_bytes = (int64_t)response->content_bytes;
    out->width = response->width;
    out->height = response->height;
    out->scene_digest = digest;
    out->render_time = time;
    return 0;
}

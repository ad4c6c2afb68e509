/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/render/render.h"

#include <stdlib.h>
#include <string.h>

#include "diagram/render/formats.h"
#include "fault/fault.h"

struct format_facts {
    const char *name, *media_type;
};

static const struct format_facts facts[] = {
    [RENDER_SVG] = {"svg", "image/svg+xml"},
    [RENDER_PNG] = {"png", "image/png"},
    [RENDER_PDF] = {"pdf", "application/pdf"},
    [RENDER_DOT] = {"dot", "text/vnd.graphviz"},
    [RENDER_MERMAID] = {"mermaid", "text/vnd.mermaid"},
    [RENDER_D2] = {"d2", "text/vnd.d2"},
};

const char *render_format_name(enum render_format format)
{
    return facts[format].name;
}

const char *render_media_type(enum render_format format)
{
    return facts[format].media_type;
}

enum render_format render_format_named(const char *name)
{
    for (int format = RENDER_SVG; format <= RENDER_D2; format++)
        if (strcmp(facts[format].name, name) == 0)
            return (enum render_format)format;
    return 0;
}

static int check(const struct render_options *options, struct fault *fault)
{
    if (options->format < RENDER_SVG || options->format > RENDER_D2)
        return fault_field(fault, "format", "%d is not a format", (int)options->format);
    if (options->theme < RENDER_LIGHT || options->theme > RENDER_AUTO)
        return fault_field(fault, "theme", "%d is not a theme", (int)options->theme);
    if (options->theme == RENDER_AUTO && (options->format == RENDER_PNG || options->format == RENDER_PDF))
        return fault_field(fault, "theme", "only SVG follows its reader: ask for LIGHT or DARK");
    if (options->format != RENDER_PNG)
        return 0;
    if (options->dpi < RENDER_MIN_DPI || options->dpi > RENDER_MAX_DPI)
        return fault_field(fault, "dpi", "%d is not in %d..%d", options->dpi, RENDER_MIN_DPI, RENDER_MAX_DPI);
    if (!(options->scale >= 0.1 && options->scale <= 8)) /* also not a number */
        return fault_field(fault, "scale", "%g is not in 0.1..8", options->scale);
    return 0;
}

static int tell_places(const struct scene *scene, const struct layout *layout, struct render_result *result,
                       struct fault *fault)
{
    result->places = malloc((size_t)(scene->item_count + 1) * sizeof *result->places);
    for (int i = 0; result->places && i < scene->item_count; i++)
        result->places[i] = layout_place_of(layout, i);
    return result->places ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the picture");
}

static int write_drawn(const struct scene *scene, const struct render_options *options, struct text_meter *meter,
                       struct buffer *out, struct render_result *result, struct fault *fault)
{
    struct layout *layout;
    int code = layout_make(scene, options->before, meter, &layout, fault);
    if (code)
        return code;
    code = tell_places(scene, layout, result, fault);
    const struct look_theme *theme = options->theme == RENDER_DARK ? &look_dark : &look_light;
    struct picture picture = {scene, layout, theme, meter};
    result->width = layout->width;
    result->height = layout->height;
    if (code == 0 && options->format == RENDER_SVG)
        write_svg(&picture, options->theme, out);
    else if (code == 0 && options->format == RENDER_PDF)
        code = write_pdf(&picture, out, fault);
    else if (code == 0)
        code = write_png(&picture, options->dpi / 96.0 * options->scale, options->dpi * options->scale, out,
                         &result->width, &result->height, fault);
    layout_free(layout);
    return code;
}

static int write_format(const struct scene *scene, const struct render_options *options, struct text_meter *meter,
                        struct buffer *out, struct render_result *result, struct fault *fault)
{
    switch (options->format) {
    case RENDER_DOT:
        write_dot(scene, out);
        return 0;
    case RENDER_MERMAID:
        write_mermaid(scene, out);
        return 0;
    case RENDER_D2:
        write_d2(scene, out);
        return 0;
    default:
        return write_drawn(scene, options, meter, out, result, fault);
    }
}

int render_scene(const struct scene *scene, const struct render_options *options, struct text_meter *meter,
                 struct render_result *out, struct fault *fault)
{
    struct render_result result = {0};
    struct buffer buffer;
    int code = check(options, fault);
    if (code)
        return code;
    buffer_init(&buffer, RENDER_MAX_BYTES);
    code = write_format(scene, options, meter, &buffer, &result, fault);
    if (code == 0 && buffer.failed)
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the picture has more than %d MiB, or memory is out",
                         RENDER_MAX_BYTES / (1024 * 1024));
    if (code) {
        buffer_fini(&buffer);
        render_result_fini(&result);
        return code;
    }
    result.bytes = buffer.bytes;
    result.size_bytes = buffer.size;
    *out = result;
    return 0;
}

void render_result_fini(struct render_result *result)
{
    free(result->bytes);
    free(result->places);
    result->bytes = NULL;
    result->places = NULL;
    result->size_bytes = 0;
}

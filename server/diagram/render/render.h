/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_RENDER_H
#define MLT_DIAGRAM_RENDER_H

#include <stddef.h>
#include <stdint.h>

#include "diagram/layout/place.h"
#include "scene/scene.h"

struct fault;
struct text_meter;

/* From a scene to a file's bytes. The same scene with the same options (and the same picture before) gives the same
 * bytes, in every process with the same fonts. Numbers as in diagram.proto. */

enum render_format {
    RENDER_SVG = 1,
    RENDER_PNG = 2,
    RENDER_PDF = 3,
    RENDER_DOT = 4,
    RENDER_MERMAID = 5,
    RENDER_D2 = 6,
};

enum render_theme { RENDER_LIGHT = 1, RENDER_DARK = 2, RENDER_AUTO = 3 };

enum {
    RENDER_MAX_BYTES = 64 * 1024 * 1024,
    RENDER_MAX_PIXELS = 100 * 1000 * 1000,
    RENDER_MIN_DPI = 24,
    RENDER_MAX_DPI = 1200,
};

struct render_options {
    enum render_format format;
    enum render_theme theme;
    int dpi;       /* PNG: 24..1200 */
    double scale;  /* PNG: 0.1..8 on top of dpi */
    /* Of the scene's items, in the picture that is looked at now: what was there stays about where it was. NULL: nobody
     * looks. Borrowed. */
    const struct layout_place *before;
};

struct render_result {
    char *bytes; /* owned: render_result_fini() */
    size_t size_bytes;
    int width, height; /* px of 1/96 inch; PNG: pixels; text: 0 */
    /* of the scene's items, for the next picture's `before`; owned; NULL for text formats */
    struct layout_place *places;
};

const char *render_format_name(enum render_format format);  /* "svg" */
const char *render_media_type(enum render_format format);   /* "image/svg+xml" */
/** 0 when there is none of that name. */
enum render_format render_format_named(const char *name);

/** Draw. Thread: one at a time a meter. Errors: INVALID_ARGUMENT for options out of range; RESOURCE_EXHAUSTED when the
 *  picture would have more than RENDER_MAX_BYTES or RENDER_MAX_PIXELS, or memory is out. */
int render_scene(const struct scene *scene, const struct render_options *options, struct text_meter *meter,
                 struct render_result *out, struct fault *fault);
void render_result_fini(struct render_result *result);

#endif
